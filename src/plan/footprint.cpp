// SPDX-License-Identifier: BSD-3-Clause
#include "sectile/plan/footprint.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

namespace sectile::plan
{
namespace
{
constexpr int edge_points_per_side = 8;

/// Outline of the pixels' outer edge, anticlockwise from (0, 0).
std::vector<sky::SkyCoord> outline(sky::SkyWcs const& wcs)
{
    double const x1 = static_cast<double>(wcs.width()) - 0.5;
    double const y1 = static_cast<double>(wcs.height()) - 0.5;
    std::vector<sky::PixelPos> pixels;
    auto const side = [&](double xa, double ya, double xb, double yb) {
        for (int i = 0; i < edge_points_per_side; ++i) {
            double const t = static_cast<double>(i) / edge_points_per_side;
            pixels.push_back({xa + t * (xb - xa), ya + t * (yb - ya)});
        }
    };
    side(-0.5, -0.5, x1, -0.5);
    side(x1, -0.5, x1, y1);
    side(x1, y1, -0.5, y1);
    side(-0.5, y1, -0.5, -0.5);
    std::vector<sky::SkyCoord> sky(pixels.size());
    wcs.pixel_to_sky(pixels, sky);
    std::erase_if(sky, [](sky::SkyCoord const& s) {
        return !std::isfinite(s.lon.radians()) || !std::isfinite(s.lat.radians());
    });
    return sky;
}
}  // namespace

core::Angle separation_of(sky::SkyCoord const& a, sky::SkyCoord const& b)
{
    double const dlat = std::sin((b.lat.radians() - a.lat.radians()) / 2.0);
    double const dlon = std::sin((b.lon.radians() - a.lon.radians()) / 2.0);
    double const h =
        dlat * dlat + std::cos(a.lat.radians()) * std::cos(b.lat.radians()) * dlon * dlon;
    return core::Angle::from_radians(2.0 * std::asin(std::min(1.0, std::sqrt(h))));
}

FrameFootprint footprint_of(sky::SkyWcs const& wcs)
{
    FrameFootprint footprint;
    footprint.center = wcs.pixel_to_sky({(static_cast<double>(wcs.width()) - 1.0) / 2.0,
                                         (static_cast<double>(wcs.height()) - 1.0) / 2.0});
    footprint.edge = outline(wcs);
    double radius = 0.0;
    for (sky::SkyCoord const& point : footprint.edge) {
        radius = std::max(radius, separation_of(footprint.center, point).radians());
    }
    footprint.radius = core::Angle::from_radians(radius);
    footprint.pixel_scale = wcs.pixel_scale();
    footprint.position_angle = wcs.position_angle();
    return footprint;
}
}  // namespace sectile::plan
