// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "sectile/sky/sky_wcs.hpp"
#include "sectile/solve/star_match.hpp"

namespace sectile::solve
{
/// A star whose place in the image and on the sky (ICRS) is known.
struct SkyMatch
{
    sky::PixelPos pixel;
    sky::SkyCoord sky;
    double weight = 1.0;  ///< inverse variance of the position, in any unit
};

/// What a fit may change: CRVAL alone, or also rotation and scale, or the whole matrix.
enum class WcsFreedom : std::uint8_t
{
    shift = 2,
    similarity = 4,
    affine = 6
};

struct WcsFitOptions
{
    WcsFreedom freedom = WcsFreedom::affine;  ///< at most
    /// As many matches free all six parameters; fewer fit shift, rotation and scale.
    std::size_t affine_matches = 12;
    int max_iterations = 60;
};

struct WcsFit
{
    sky::WcsDescription wcs;
    double rms = 0.0;         ///< arcsec: weighted root mean square distance of the matches used
    double rms_pixels = 0.0;  ///< the same over the pixel scale at the image centre
    std::size_t used = 0;     ///< matches that were finite and no outliers
    std::vector<std::uint32_t> rejected;  ///< indices of the others, ascending
    int parameters = 0;                   ///< 2, 4 or 6
    int iterations = 0;
    bool converged = false;
};

/// Refines CRVAL and the linear matrix of a WCS so that pixel_to_sky goes through the matches;
/// CRPIX, the projection and every distortion stay. Gauss-Newton with differences through SkyWcs
/// (so any frame of reference and any order of the axes is right), weights of least absolute
/// deviations first and Tukey's biweight (Beaton & Tukey 1974, c = 4.685) afterwards; fewer than 6
/// matches get plain least squares. Six parameters that the positions do not fix (stars on a line)
/// are reduced to four.
///
/// In the cards returned the matrix is CDi_j in degrees with 17 significant digits where needed,
/// whatever form it had (PCi_j with CDELTi is kept where a distortion of the plane makes the two
/// forms different), and CUNIT of the pair is deg. LONPOLE stays, except that it is written out at
/// a pole, where its default jumps, and left to its default in projections that are not zenithal
/// when it had that value: CRVAL may then cross the equator. A distortion of the plane (TPV) stays
/// tied to the axes of the plane and does not turn with the frame. Alternate WCSs (CRVAL1A, ...)
/// are not touched.
///
/// Throws core::InputError when the start is no usable WCS or fewer than 3 finite matches, or
/// matches at one place, are given. Pure, deterministic, thread-safe.
[[nodiscard]] WcsFit fit_wcs(sky::WcsDescription const& start, std::span<SkyMatch const> matches,
                             WcsFitOptions const& options = {});

/// WCS of a frame without one whose pixels are tied to those of a solved frame: the result sends a
/// pixel to where `reference` sends its image under `moving_to_reference`, everywhere and to
/// rounding. CRPIX is moved, the matrix multiplied, and SIP goes over into a SIP of the same order
/// exactly for any affine map (its inverse AP, BP is dropped). Distortions of the plane (TPV, TNX,
/// ...) stay as they are. Look-up tables (CPDIS, D2IM) belong to the detector pixels of the
/// reference and are left out. NAXIS1/2 and IMAGEW/H state the new size.
///
/// Throws core::InputError when `reference` is no usable WCS, the map is singular, or the header
/// has another distortion of pixels (CPDIS that is no look-up).
[[nodiscard]] sky::WcsDescription transferred_wcs(sky::WcsDescription const& reference,
                                                  PlaneAffine const& moving_to_reference, int width,
                                                  int height);
}  // namespace sectile::solve
