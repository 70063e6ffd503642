// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

#include "sectile/image/image.hpp"

namespace sectile::measure
{
/// What is not known, or could not be measured.
inline constexpr double unknown = std::numeric_limits<double>::quiet_NaN();

/// One star of one plane. Positions are those of the view's box: 0-based, integers at pixel
/// centres, so that the centre of the frame's first pixel is (0, 0), as for SkyWcs. Fluxes and
/// peaks are in the units of the pixels, above the local sky.
struct Star
{
    double x = unknown;
    double y = unknown;
    double flux = unknown;        ///< in an aperture of StarCatalog::aperture_radius
    double flux_sigma = unknown;  ///< from the noise of the sky alone (the gain is not known here)
    double peak = unknown;        ///< brightest pixel
    double fwhm = unknown;  ///< pixels, geometric mean of both axes; NaN where no profile would fit
    double ellipticity = unknown;  ///< 1 - minor axis / major axis; NaN as fwhm
    double theta = unknown;        ///< major axis, radians from +x to +y, in (-pi/2, pi/2]
    bool saturated = false;        ///< a pixel of it reaches MeasureOptions::saturation
    bool near_edge = false;        ///< its aperture reaches over the edge of the view
    bool near_mask = false;        ///< masked pixels in its aperture (their flux was interpolated)
    bool blended = false;          ///< it was separated from a neighbour
};

/// Sky of a plane: level + gradient_x * (x - x_ref) + gradient_y * (y - y_ref), the reference being
/// the centre of the view. All are NaN when too few pixels are valid.
struct SkyModel
{
    double level = unknown;
    double gradient_x = unknown;  ///< per pixel; 0 where the view is too small to tell
    double gradient_y = unknown;
    double noise_sigma = unknown;  ///< of one pixel, stars left out
    double x_ref = unknown;
    double y_ref = unknown;
};

struct StarCatalog
{
    SkyModel sky;
    std::vector<Star> stars;       ///< brightest first; equal fluxes by y, then x
    double fwhm = unknown;         ///< pixels, median of the good stars; NaN without any
    double ellipticity = unknown;  ///< median of the good stars
    /// Pixels; 1.25 times fwhm (widened by the pixel), so that a star's share of light in the
    /// aperture is the same in frames of other seeing, to 0.3 % above 2 pixels FWHM.
    double aperture_radius = unknown;
    double saturated_fraction = 0.0;  ///< of the valid pixels
};

struct MeasureOptions
{
    /// Peak of the matched-filtered plane over its noise. Lower finds more stars and, below 4,
    /// noise; higher is faster in crowded fields.
    double threshold = 5.0;
    /// Pixel value (sky included) from which on a pixel is saturated; NaN: there is none.
    double saturation = unknown;
    /// Pixels along a cell of the sky mesh. Smaller follows nebulae better and eats the wings of
    /// stars; it is reduced for small views.
    int mesh = 64;
    /// Only the brightest are measured: a bound on time and memory in crowded fields.
    std::size_t most_stars = 2000;
};

/// Sky and stars of one plane.
///
/// Sky: clipped modes of mesh cells (Bertin & Arnouts 1996, through SEP, Barbary 2016), a robust
/// plane through them, and the clipped scatter of pixel differences outside stars as noise.
/// Detection: on the plane less its mesh sky, filtered by a Gaussian, with deblending (SEP).
/// Positions: centroids windowed by a Gaussian of the frame's FWHM. FWHM, ellipticity:
/// least-squares fit of an elliptical Moffat profile (Moffat 1969; its exponent is one for the
/// frame) to the pixels, so neither the detection threshold nor the wings bias it; the response of
/// a pixel counts as part of the profile. Flux: a fixed aperture of 2.5 FWHM diameter, which has
/// less scatter than one that follows each star and keeps the ratios between frames.
///
/// NaN pixels are masked, never zero. Detections sharper than any star (hot pixels) are dropped.
/// A plane without usable pixels, a constant and a saturated one have no stars. Where a crowded
/// field exceeds what SEP holds, the limits are raised, and then the faintest stars are given up.
/// Throws std::bad_alloc, InternalError (no such plane). Thread-safe; the same bytes whatever other
/// threads do.
[[nodiscard]] StarCatalog measure_stars(image::ImageView<float const> view, int plane,
                                        MeasureOptions const& options);

/// Bytes that one call holds beside its input, for the memory plan (typical fields; a field
/// with more than a quarter of its pixels in stars needs more).
[[nodiscard]] std::int64_t measure_bytes(std::int64_t width, std::int64_t height);
}  // namespace sectile::measure
