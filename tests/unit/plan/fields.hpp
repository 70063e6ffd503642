// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <algorithm>
#include <cmath>
#include <numbers>
#include <string>
#include <vector>

#include "sectile/plan/canvas_grid.hpp"
#include "sectile/plan/frame_record.hpp"

/// Fields on the sky for the tests of the planner.
namespace sectile::test
{
inline constexpr double degree = std::numbers::pi / 180.0;

inline sky::SkyCoord sky_at(double ra_degrees, double dec_degrees)
{
    return {core::Angle::from_degrees(ra_degrees), core::Angle::from_degrees(dec_degrees)};
}

/// Inverse gnomonic projection (Calabretta & Greisen 2002, section 5.1.1): east and north on the
/// tangent plane, radians.
inline sky::SkyCoord from_tangent_plane(sky::SkyCoord const& center, double east, double north)
{
    double const sin0 = std::sin(center.lat.radians());
    double const cos0 = std::cos(center.lat.radians());
    double const down = cos0 - north * sin0;
    double lon = center.lon.radians() + std::atan2(east, down);
    lon = std::remainder(lon, 2.0 * std::numbers::pi);
    lon += lon < 0.0 ? 2.0 * std::numbers::pi : 0.0;
    double const lat = std::atan2(sin0 + north * cos0, std::hypot(east, down));
    return {core::Angle::from_radians(lon), core::Angle::from_radians(lat)};
}

/// A tangential frame; `position_angle` of +y east of north, east to the left.
struct Field
{
    double ra = 0.0;
    double dec = 0.0;
    double width = 1000.0;  ///< pixels
    double height = 1000.0;
    double scale = 2.0;  ///< arcsec
    double position_angle = 0.0;

    /// Direction of a pixel, 0-based with integers at centres.
    [[nodiscard]] sky::SkyCoord sky_of(double x, double y) const
    {
        double const unit = scale / 3600.0 * degree;
        double const u = (x - 0.5 * (width - 1.0)) * unit;
        double const v = (y - 0.5 * (height - 1.0)) * unit;
        double const sine = std::sin(position_angle * degree);
        double const cosine = std::cos(position_angle * degree);
        return from_tangent_plane(sky_at(ra, dec), -u * cosine + v * sine, u * sine + v * cosine);
    }

    /// Outer pixel edges, 8 points a side.
    [[nodiscard]] std::vector<sky::SkyCoord> edge() const
    {
        std::vector<sky::SkyCoord> points;
        auto const add_side = [&](double x0, double y0, double x1, double y1) {
            for (int i = 0; i < 8; ++i) {
                double const t = i / 8.0;
                points.push_back(sky_of(x0 + t * (x1 - x0), y0 + t * (y1 - y0)));
            }
        };
        double const right = width - 0.5;
        double const top = height - 0.5;
        add_side(-0.5, -0.5, right, -0.5);
        add_side(right, -0.5, right, top);
        add_side(right, top, -0.5, top);
        add_side(-0.5, top, -0.5, -0.5);
        return points;
    }

    [[nodiscard]] double diagonal_degrees() const
    {
        return std::hypot(width, height) * scale / 3600.0;
    }
};

inline plan::GridInput input_of(Field const& field)
{
    return {field.edge(), sky_at(field.ra, field.dec), core::Angle::from_arcsec(field.scale)};
}

inline std::vector<plan::GridInput> inputs_of(std::vector<Field> const& fields)
{
    std::vector<plan::GridInput> inputs(fields.size());
    std::transform(fields.begin(), fields.end(), inputs.begin(), input_of);
    return inputs;
}

inline plan::FrameRecord frame_of(std::uint32_t id, Field const& field,
                                  std::string const& filter = "L",
                                  std::string const& instrument = "camera")
{
    plan::FrameRecord record;
    record.id.value = id;
    record.header.path = "frame.fits";
    record.header.geometry.width = static_cast<std::int64_t>(field.width);
    record.header.geometry.height = static_cast<std::int64_t>(field.height);
    record.header.facts.filter = filter;
    record.header.facts.instrument = instrument;
    record.footprint.center = sky_at(field.ra, field.dec);
    record.footprint.radius = core::Angle::from_degrees(0.5 * field.diagonal_degrees());
    record.footprint.pixel_scale = core::Angle::from_arcsec(field.scale);
    record.footprint.position_angle = core::Angle::from_degrees(field.position_angle);
    record.footprint.edge = field.edge();
    return record;
}

/// Angle between two directions, degrees.
inline double separation_degrees(sky::SkyCoord const& a, sky::SkyCoord const& b)
{
    double const dlat = std::sin(0.5 * (a.lat.radians() - b.lat.radians()));
    double const dlon = std::sin(0.5 * (a.lon.radians() - b.lon.radians()));
    double const h =
        dlat * dlat + std::cos(a.lat.radians()) * std::cos(b.lat.radians()) * dlon * dlon;
    return 2.0 * std::asin(std::sqrt(std::min(1.0, h))) / degree;
}
}  // namespace sectile::test
