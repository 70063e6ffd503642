// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <array>
#include <string>

#include "sectile/sky/sky_wcs.hpp"

namespace sectile::simulate
{
/// Unit vector towards a direction; dot products and chords stay exact at poles and at RA 0.
using Direction = std::array<double, 3>;

[[nodiscard]] Direction direction_of(sky::SkyCoord const& coord);

/// The true coordinate system of a simulated frame: gnomonic (TAN), optionally with a radial cubic
/// SIP distortion, centred on the frame. Written out here, not taken from WCSLIB, so that a wrong
/// WCS in the program shows against it.
class FrameWcs
{
  public:
    struct Setup
    {
        sky::SkyCoord center;
        core::Angle scale;               ///< of a pixel, at the centre
        core::Angle position_angle;      ///< of +y, east of north
        double corner_distortion = 0.0;  ///< pixels
        int width = 0;
        int height = 0;
    };
    /// Rounds the numbers to those the header cards hold: header and truth are the same.
    explicit FrameWcs(Setup const& setup);

    /// 0-based pixel; NaN on the far half of the sphere, where TAN has no image.
    [[nodiscard]] sky::PixelPos pixel_of(Direction const& direction) const;
    [[nodiscard]] Direction direction_at(sky::PixelPos const& pixel) const;
    [[nodiscard]] sky::SkyCoord center() const { return center_; }
    /// Angle from the centre to the farthest corner.
    [[nodiscard]] core::Angle radius() const;
    /// FITS cards, 80 characters each.
    [[nodiscard]] std::string cards() const;

  private:
    [[nodiscard]] double undistorted_radius(double distorted) const;

    sky::SkyCoord center_;
    std::array<double, 4> cd_{};       ///< CD1_1 CD1_2 CD2_1 CD2_2, degrees per pixel
    std::array<double, 4> inverse_{};  ///< pixels per degree
    double radial_ = 0.0;
    double reference_x_ = 0.0;  ///< 0-based
    double reference_y_ = 0.0;
    int width_ = 0;
    int height_ = 0;
    Direction toward_{};  ///< centre, east and north there
    Direction east_{};
    Direction north_{};
};

/// Point that lies (east, north) of `center` in the zenithal equidistant plane (ARC), degrees.
[[nodiscard]] sky::SkyCoord equidistant_point(sky::SkyCoord const& center, double east,
                                              double north);

/// Position angle at `from` of the great circle to `to`.
[[nodiscard]] core::Angle position_angle(sky::SkyCoord const& from, sky::SkyCoord const& to);
}  // namespace sectile::simulate
