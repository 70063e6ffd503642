// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <array>
#include <span>
#include <string>

#include "sky/celestial_frame.hpp"
#include "sky/celestial_pair.hpp"
#include "sky/pixel_distortion.hpp"

namespace sectile::sky
{
/// Owner of the two celestial axes of a header as WCSLIB's wcsprm, set up for transforms between
/// 1-based, already distortion-corrected pixels and native longitude and latitude in degrees.
/// The transforms use scratch inside wcsprm: one object per thread.
///
/// The chain of wcsp2s is called piece by piece (linear part, sequent distortion, projection):
/// wcss2p gives up on a whole span when the inverse of a distortion fails at one position.
class CelestialWcs
{
  public:
    /// Throws core::InputError with the reason. Cards that `distortion` handles are kept from
    /// WCSLIB.
    CelestialWcs(HeaderCards const& cards, PixelDistortion const& distortion);
    CelestialWcs(CelestialWcs const& other);
    CelestialWcs& operator=(CelestialWcs const&) = delete;
    ~CelestialWcs() = default;

    /// Native longitudes and latitudes; NaN where there is none. Spans of equal length.
    void to_native(std::span<Pair const> pixels, std::span<Pair> native) const;
    /// The copy of a position of a cylindrical projection, which repeats every full turn, is the
    /// one nearest to `centre` (1-based pixel), not the one nearest to the reference point:
    /// otherwise images far from CRPIX would lose what lies beyond native longitude 180.
    void to_pixels(std::span<Pair const> native, Pair const& centre, std::span<Pair> pixels) const;

    [[nodiscard]] FrameKeywords const& frame() const { return frame_; }
    [[nodiscard]] std::string const& projection() const { return projection_; }

  private:
    void set_up();
    [[nodiscard]] Pair plane_at(Pair const& pixel) const;
    [[nodiscard]] Pair pixel_at(Pair const& plane) const;
    [[nodiscard]] Pair undistorted(Pair const& plane) const;
    [[nodiscard]] double within_one_turn(double x) const;

    OwnedWcs wcs_;
    FrameKeywords frame_;
    std::string projection_;
    std::array<double, 4> matrix_{};   ///< pixel offset to plane, row by row
    std::array<double, 4> inverse_{};  ///< plane to pixel offset
    Pair reference_{};                 ///< CRPIX, 1-based
    Pair distorted_scale_{1.0, 1.0};   ///< CDELT, applied behind a distortion of the plane
    double plane_step_ = 1.0;          ///< a pixel in the plane before its distortion
    double full_turn_ = 0.0;           ///< period of a cylindrical projection in the plane, or 0
    double turn_centre_ = 0.0;         ///< native longitude 0 in the plane
    std::size_t lng_ = 0;              ///< index of the longitude in the pair
};
}  // namespace sectile::sky
