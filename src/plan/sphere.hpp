// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <array>
#include <cmath>
#include <numbers>
#include <span>
#include <vector>

#include "sectile/sky/sky_wcs.hpp"

/// Geometry on the unit sphere for the planner. Private to the layer.
namespace sectile::plan
{
/// Direction as a Cartesian vector; of unit length unless said otherwise.
struct UnitVector
{
    double x = 0.0;
    double y = 0.0;
    double z = 0.0;

    friend constexpr UnitVector operator+(UnitVector const& a, UnitVector const& b)
    {
        return {a.x + b.x, a.y + b.y, a.z + b.z};
    }
    friend constexpr UnitVector operator-(UnitVector const& a, UnitVector const& b)
    {
        return {a.x - b.x, a.y - b.y, a.z - b.z};
    }
    friend constexpr UnitVector operator*(double factor, UnitVector const& a)
    {
        return {factor * a.x, factor * a.y, factor * a.z};
    }
};

[[nodiscard]] constexpr double dot(UnitVector const& a, UnitVector const& b)
{
    return a.x * b.x + a.y * b.y + a.z * b.z;
}

[[nodiscard]] constexpr UnitVector cross(UnitVector const& a, UnitVector const& b)
{
    return {a.y * b.z - a.z * b.y, a.z * b.x - a.x * b.z, a.x * b.y - a.y * b.x};
}

[[nodiscard]] inline double norm(UnitVector const& a)
{
    return std::sqrt(dot(a, a));
}

/// Square of the straight distance; grows with the angle, so it orders distances without a root.
[[nodiscard]] constexpr double chord_squared(UnitVector const& a, UnitVector const& b)
{
    return dot(a - b, a - b);
}

/// Square of the chord under an angle of at most pi.
[[nodiscard]] inline double chord_squared(double angle)
{
    double const half = std::sin(0.5 * std::min(angle, std::numbers::pi));
    return 4.0 * half * half;
}

/// Angle between two directions, radians; accurate for small and for large angles.
[[nodiscard]] inline double separation(UnitVector const& a, UnitVector const& b)
{
    return std::atan2(norm(cross(a, b)), dot(a, b));
}

[[nodiscard]] UnitVector to_vector(sky::SkyCoord const& sky);
/// Longitude in [0, 360) degrees.
[[nodiscard]] sky::SkyCoord to_sky(UnitVector const& vector);
[[nodiscard]] std::vector<UnitVector> to_vectors(std::span<sky::SkyCoord const> sky);

/// Angle modulo a turn, in [-pi, pi).
[[nodiscard]] double wrapped(double angle);

/// A cap of the sphere: all directions within `radius` (radians) of `center`.
struct Cap
{
    UnitVector center;
    double radius = 0.0;
};

/// Smallest cap that holds all points (Welzl 1991, incremental form with a fixed shuffle, expected
/// linear time). Points that no cap smaller than a hemisphere holds give a cap about their mean
/// direction, or of radius pi about (0, 0) when they have none.
[[nodiscard]] Cap enclosing_cap(std::span<UnitVector const> points);

/// Indices of the two points farthest from each other, the smaller index first, and their
/// separation in radians. Exact for points within 45 degrees of their mean; beyond, a pair at
/// least half as far apart as the true one. At least one point.
struct FarthestPair
{
    std::size_t first = 0;
    std::size_t second = 0;
    double separation = 0.0;
};
[[nodiscard]] FarthestPair farthest_pair(std::span<UnitVector const> points);

/// Convex hull of points in a plane, anticlockwise, as indices (Andrew 1979); collinear points left
/// out.
[[nodiscard]] std::vector<std::size_t> convex_hull(std::span<std::array<double, 2> const> points);
}  // namespace sectile::plan
