// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "sectile/simulate/write_survey.hpp"

#include "simulate/camera_wcs.hpp"

namespace sectile::simulate
{
/// Red, green, blue; a mono camera sees `green`.
using Colours = std::array<double, 3>;

struct Star
{
    sky::SkyCoord coord;
    Direction direction;
    Colours flux;       ///< ADU in a frame of photometric gain 1
    double size = 0.0;  ///< FWHM of its own, pixels; 0: a star
};

/// A round Gaussian glow: brightness * exp(-chord^2 / (2 sigma^2)).
struct Blob
{
    sky::SkyCoord coord;
    Direction direction;
    core::Angle sigma;
    Colours brightness;  ///< ADU per pixel at the centre, photometric gain 1
};

/// A piece of the sphere between two parallels and two meridians.
struct SkyCell
{
    std::uint64_t id = 0;
    double lon_low = 0.0;  ///< degrees
    double lon_high = 0.0;
    double sin_lat_low = 0.0;
    double sin_lat_high = 0.0;

    /// Solid angle, square degrees.
    [[nodiscard]] double area() const;
    /// Point of the cell at fractions of its longitude and of its area below, each in (0, 1).
    [[nodiscard]] sky::SkyCoord point_at(double along_lon, double along_area) const;
};

/// Cells of about `size` that a circle may touch, by ascending id. The cells are those of a fixed
/// division of the whole sphere into zones.
[[nodiscard]] std::vector<SkyCell> cells_near(core::Angle size, sky::SkyCoord const& center,
                                              core::Angle radius);

/// What is on the sky, whoever looks: stars with power-law numbers N(>F) ~ F^-0.8 (a flat, rich
/// field near the Milky Way) and diffuse glow of three sizes. A function of position, seed and a
/// few numbers of the configuration; surveys of different size see the same sky. Thread-safe.
class SkyModel
{
  public:
    explicit SkyModel(SimulateConfig const& config);

    [[nodiscard]] std::vector<SkyCell> star_cells(sky::SkyCoord const& center,
                                                  core::Angle radius) const;
    [[nodiscard]] std::vector<Star> stars_of(SkyCell const& cell) const;
    /// Stars of all cells that the circle touches.
    [[nodiscard]] std::vector<Star> stars_near(sky::SkyCoord const& center,
                                               core::Angle radius) const;
    /// Blobs that matter inside the circle.
    [[nodiscard]] std::vector<Blob> blobs_near(sky::SkyCoord const& center,
                                               core::Angle radius) const;

  private:
    std::uint64_t seed_;
    double star_density_;
    double galaxies_;
    double flux_unit_;
    double glow_;
    core::Angle glow_size_;
};

/// Brightness of everything invented: the noise, or 10 ADU in a survey without noise.
[[nodiscard]] double brightness_unit(SimulateConfig const& config);
}  // namespace sectile::simulate
