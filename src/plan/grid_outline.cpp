// SPDX-License-Identifier: BSD-3-Clause
#include "plan/grid_outline.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <optional>

#include "sectile/core/error.hpp"

namespace sectile::plan
{
namespace
{
using std::numbers::pi;

/// Distance from the seam (radians) at which points on it are projected, so that they fall on the
/// side meant.
constexpr double seam_gap = 1e-10;

sky::SkyCoord sky_at(double lon, double lat)
{
    return {core::Angle::from_radians(lon), core::Angle::from_radians(lat)};
}

/// The outline with the great-circle midpoint of every side put in.
std::vector<sky::SkyCoord> refined(std::vector<sky::SkyCoord> const& edge)
{
    std::vector<sky::SkyCoord> points;
    points.reserve(2 * edge.size());
    for (std::size_t i = 0; i < edge.size(); ++i) {
        UnitVector const middle = to_vector(edge[i]) + to_vector(edge[(i + 1) % edge.size()]);
        points.push_back(edge[i]);
        if (norm(middle) > 0.0) {
            points.push_back(to_sky(middle));
        }
    }
    return points;
}

/// Where an outline meets the seam (the meridian opposite the reference), and the pole it holds.
struct SeamCrossing
{
    double lat_min = std::numeric_limits<double>::infinity();
    double lat_max = -std::numeric_limits<double>::infinity();
    std::optional<double> pole;

    [[nodiscard]] bool crosses() const { return lat_min <= lat_max; }
    void add(double lat)
    {
        lat_min = std::min(lat_min, lat);
        lat_max = std::max(lat_max, lat);
    }
};

SeamCrossing crossing_of(std::vector<sky::SkyCoord> const& outline, sky::SkyCoord const& center,
                         double reference_lon)
{
    SeamCrossing crossing;
    double winding = 0.0;
    for (std::size_t i = 0; i < outline.size(); ++i) {
        sky::SkyCoord const& a = outline[i];
        sky::SkyCoord const& b = outline[(i + 1) % outline.size()];
        double const from = wrapped(a.lon.radians() - reference_lon);
        double const step = wrapped(b.lon.radians() - a.lon.radians());
        winding += step;
        double const to = from + step;
        if (to >= pi || to < -pi) {
            double const share = step == 0.0 ? 0.0 : ((step > 0.0 ? pi : -pi) - from) / step;
            crossing.add(a.lat.radians() + share * (b.lat.radians() - a.lat.radians()));
        }
    }
    if (std::abs(winding) > pi) {
        crossing.pole = center.lat.radians() >= 0.0 ? 0.5 * pi : -0.5 * pi;
        crossing.add(*crossing.pole);
    }
    return crossing;
}

void append_seam_points(SeamCrossing const& crossing, double reference_lon,
                        std::vector<sky::SkyCoord>& points)
{
    if (!crossing.crosses()) {
        return;
    }
    std::vector<double> lats{crossing.lat_min, crossing.lat_max};
    // Along the seam the pseudo-cylindrical projections are widest at the equator.
    if (crossing.lat_min < 0.0 && crossing.lat_max > 0.0) {
        lats.push_back(0.0);
    }
    for (double const lat : lats) {
        points.push_back(sky_at(reference_lon + pi - seam_gap, lat));
        points.push_back(sky_at(reference_lon - pi + seam_gap, lat));
    }
    if (crossing.pole) {
        points.push_back(sky_at(reference_lon, *crossing.pole));
    }
}

double turned_x(PlanePoint const& p, double sine, double cosine)
{
    return p[0] * cosine + p[1] * sine;
}

double turned_y(PlanePoint const& p, double sine, double cosine)
{
    return p[1] * cosine - p[0] * sine;
}
}  // namespace

std::vector<UnitVector> outline_directions(std::vector<GridInput> const& inputs)
{
    std::vector<UnitVector> directions;
    for (GridInput const& input : inputs) {
        directions.push_back(to_vector(input.center));
        std::vector<UnitVector> const edge = to_vectors(input.edge);
        directions.insert(directions.end(), edge.begin(), edge.end());
    }
    return directions;
}

std::vector<PlanePoint> project_outlines(std::vector<GridInput> const& inputs,
                                         GridPlacement const& north_up)
{
    bool const whole_sky = is_whole_sky_projection(north_up.projection);
    double const reference_lon = north_up.reference.lon.radians();
    std::vector<sky::SkyCoord> points;
    for (GridInput const& input : inputs) {
        std::vector<sky::SkyCoord> const outline =
            input.edge.empty() ? std::vector<sky::SkyCoord>{input.center} : refined(input.edge);
        points.insert(points.end(), outline.begin(), outline.end());
        if (whole_sky) {
            append_seam_points(crossing_of(outline, input.center, reference_lon), reference_lon,
                               points);
        }
    }
    sky::SkyWcs const wcs(sky::WcsDescription{cards_of(north_up), {}, {}, 1, 1});
    std::vector<sky::PixelPos> pixels(points.size());
    wcs.sky_to_pixel(points, pixels);
    std::vector<PlanePoint> plane;
    plane.reserve(pixels.size());
    for (sky::PixelPos const& pixel : pixels) {
        if (!std::isfinite(pixel.x) || !std::isfinite(pixel.y)) {
            throw core::ConfigError(
                core::sentence("projection " + north_up.projection + " cannot show all inputs",
                               "a footprint lies where it is not defined", "use projection auto"));
        }
        plane.push_back({pixel.x, pixel.y});
    }
    return plane;
}

PlaneExtent extent_of(std::vector<PlanePoint> const& points, double angle, bool mirrored)
{
    double const sine = std::sin(angle);
    double const cosine = std::cos(angle);
    double const flip = mirrored ? -1.0 : 1.0;
    constexpr double infinity = std::numeric_limits<double>::infinity();
    PlaneExtent extent{infinity, -infinity, infinity, -infinity};
    for (PlanePoint const& point : points) {
        double const x = flip * turned_x(point, sine, cosine);
        double const y = turned_y(point, sine, cosine);
        extent.x_min = std::min(extent.x_min, x);
        extent.x_max = std::max(extent.x_max, x);
        extent.y_min = std::min(extent.y_min, y);
        extent.y_max = std::max(extent.y_max, y);
    }
    return extent;
}

double angle_of_least_area(std::vector<PlanePoint> const& points)
{
    std::vector<PlanePoint> hull;
    for (std::size_t const index : convex_hull(points)) {
        hull.push_back(points[index]);
    }
    double best_angle = 0.0;
    double best_area = extent_of(hull, 0.0, false).area();
    for (std::size_t i = 0; i < hull.size(); ++i) {
        PlanePoint const& a = hull[i];
        PlanePoint const& b = hull[(i + 1) % hull.size()];
        double const direction = std::atan2(b[1] - a[1], b[0] - a[0]);
        double const angle = std::remainder(direction, 0.5 * pi);
        double const area = extent_of(hull, angle, false).area();
        // Only a real gain counts, so that rounding cannot turn the canvas of an upright field.
        if (area < best_area * (1.0 - 1e-6)) {
            best_area = area;
            best_angle = angle;
        }
    }
    return best_angle;
}
}  // namespace sectile::plan
