// SPDX-License-Identifier: BSD-3-Clause
#include "plan/sphere.hpp"

#include <algorithm>
#include <cstdint>
#include <numeric>
#include <utility>

namespace sectile::plan
{
namespace
{
/// Slack in radians within which a point counts as inside a cap (2e-8 arcsec).
constexpr double cap_slack = 1e-13;

/// Sums shorter than this have no direction worth the name.
constexpr double least_norm = 1e-9;

UnitVector normalized(UnitVector const& a)
{
    return (1.0 / norm(a)) * a;
}

bool holds(Cap const& cap, UnitVector const& point)
{
    return separation(cap.center, point) <= cap.radius + cap_slack;
}

Cap cap_through(UnitVector const& a, UnitVector const& b)
{
    UnitVector const middle = a + b;
    if (norm(middle) < least_norm) {
        return {a, std::numbers::pi};
    }
    UnitVector const center = normalized(middle);
    return {center, std::max(separation(center, a), separation(center, b))};
}

Cap cap_through(UnitVector const& a, UnitVector const& b, UnitVector const& c)
{
    UnitVector normal = cross(b - a, c - a);
    double const length = norm(normal);
    // Nearly coincident points: two of them decide.
    if (length <= 1e-12 * norm(b - a) * norm(c - a)) {
        Cap widest = cap_through(a, b);
        for (Cap const& other : {cap_through(a, c), cap_through(b, c)}) {
            if (other.radius > widest.radius) {
                widest = other;
            }
        }
        return widest;
    }
    normal = (1.0 / length) * normal;
    if (dot(normal, a) < 0.0) {
        normal = -1.0 * normal;
    }
    double const radius =
        std::max({separation(normal, a), separation(normal, b), separation(normal, c)});
    return {normal, radius};
}

/// Order of visit that makes the incremental construction fast whatever the order of the input;
/// the generator is Knuth's MMIX congruence with a fixed seed.
std::vector<UnitVector> shuffled(std::span<UnitVector const> points)
{
    std::vector<UnitVector> order(points.begin(), points.end());
    std::uint64_t state = 20240229;
    for (std::size_t i = order.size(); i > 1; --i) {
        state = state * 6364136223846793005ULL + 1442695040888963407ULL;
        std::swap(order[i - 1], order[(state >> 33) % i]);
    }
    return order;
}

/// Smallest cap of the first `count` points with two points known to lie on its rim.
Cap cap_with(std::vector<UnitVector> const& points, std::size_t count, UnitVector const& a,
             UnitVector const& b)
{
    Cap cap = cap_through(a, b);
    for (std::size_t k = 0; k < count; ++k) {
        if (!holds(cap, points[k])) {
            cap = cap_through(a, b, points[k]);
        }
    }
    return cap;
}

Cap cap_with(std::vector<UnitVector> const& points, std::size_t count, UnitVector const& a)
{
    Cap cap{a, 0.0};
    for (std::size_t j = 0; j < count; ++j) {
        if (!holds(cap, points[j])) {
            cap = cap_with(points, j, a, points[j]);
        }
    }
    return cap;
}

UnitVector sum_of(std::span<UnitVector const> points)
{
    return std::accumulate(points.begin(), points.end(), UnitVector{});
}

double farthest_from(UnitVector const& center, std::span<UnitVector const> points)
{
    double radius = 0.0;
    for (UnitVector const& point : points) {
        radius = std::max(radius, separation(center, point));
    }
    return radius;
}

std::size_t index_farthest_from(UnitVector const& center, std::span<UnitVector const> points)
{
    std::size_t best = 0;
    for (std::size_t i = 1; i < points.size(); ++i) {
        if (chord_squared(center, points[i]) > chord_squared(center, points[best])) {
            best = i;
        }
    }
    return best;
}

FarthestPair pair_of(std::span<UnitVector const> points, std::size_t a, std::size_t b)
{
    return {std::min(a, b), std::max(a, b), separation(points[a], points[b])};
}
}  // namespace

UnitVector to_vector(sky::SkyCoord const& sky)
{
    double const cos_lat = std::cos(sky.lat.radians());
    return {cos_lat * std::cos(sky.lon.radians()), cos_lat * std::sin(sky.lon.radians()),
            std::sin(sky.lat.radians())};
}

sky::SkyCoord to_sky(UnitVector const& vector)
{
    double lon = std::atan2(vector.y, vector.x);
    if (lon < 0.0) {
        lon += 2.0 * std::numbers::pi;
    }
    if (lon >= 2.0 * std::numbers::pi) {
        lon = 0.0;
    }
    double const lat = std::atan2(vector.z, std::hypot(vector.x, vector.y));
    return {core::Angle::from_radians(lon), core::Angle::from_radians(lat)};
}

std::vector<UnitVector> to_vectors(std::span<sky::SkyCoord const> sky)
{
    std::vector<UnitVector> vectors(sky.size());
    std::transform(sky.begin(), sky.end(), vectors.begin(), to_vector);
    return vectors;
}

double wrapped(double angle)
{
    constexpr double turn = 2.0 * std::numbers::pi;
    double const rest = std::remainder(angle, turn);
    return rest >= std::numbers::pi ? rest - turn : rest;
}

Cap enclosing_cap(std::span<UnitVector const> points)
{
    if (points.empty()) {
        return {{1.0, 0.0, 0.0}, 0.0};
    }
    UnitVector const sum = sum_of(points);
    if (norm(sum) < least_norm * static_cast<double>(points.size())) {
        return {{1.0, 0.0, 0.0}, std::numbers::pi};
    }
    UnitVector const mean = normalized(sum);
    double const mean_radius = farthest_from(mean, points);
    // Beyond a hemisphere the smallest cap is no longer unique or found incrementally.
    if (mean_radius >= 0.5 * std::numbers::pi) {
        return {mean, mean_radius};
    }
    std::vector<UnitVector> const order = shuffled(points);
    Cap cap{order.front(), 0.0};
    for (std::size_t i = 1; i < order.size(); ++i) {
        if (!holds(cap, order[i])) {
            cap = cap_with(order, i, order[i]);
        }
    }
    double const radius = farthest_from(cap.center, points);
    return radius <= mean_radius ? Cap{cap.center, radius} : Cap{mean, mean_radius};
}

FarthestPair farthest_pair(std::span<UnitVector const> points)
{
    UnitVector const sum = sum_of(points);
    bool const has_mean = norm(sum) >= least_norm * static_cast<double>(points.size());
    UnitVector const mean = has_mean ? normalized(sum) : points.front();
    std::size_t const rim = index_farthest_from(mean, points);
    if (!has_mean || separation(mean, points[rim]) > 0.25 * std::numbers::pi) {
        return pair_of(points, rim, index_farthest_from(points[rim], points));
    }
    // Great circles are straight in the gnomonic plane, so the hull there is the hull on the
    // sphere.
    UnitVector const east = normalized(cross(
        std::abs(mean.z) < 0.9 ? UnitVector{0.0, 0.0, 1.0} : UnitVector{1.0, 0.0, 0.0}, mean));
    UnitVector const north = cross(mean, east);
    std::vector<std::array<double, 2>> plane(points.size());
    for (std::size_t i = 0; i < points.size(); ++i) {
        double const depth = dot(points[i], mean);
        plane[i] = {dot(points[i], east) / depth, dot(points[i], north) / depth};
    }
    std::vector<std::size_t> hull = convex_hull(plane);
    std::sort(hull.begin(), hull.end());
    std::size_t first = hull.front();
    std::size_t second = hull.front();
    for (std::size_t i = 0; i < hull.size(); ++i) {
        for (std::size_t j = i + 1; j < hull.size(); ++j) {
            if (chord_squared(points[hull[i]], points[hull[j]]) >
                chord_squared(points[first], points[second])) {
                first = hull[i];
                second = hull[j];
            }
        }
    }
    return pair_of(points, first, second);
}

std::vector<std::size_t> convex_hull(std::span<std::array<double, 2> const> points)
{
    std::vector<std::size_t> order(points.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
        return std::pair(points[a], a) < std::pair(points[b], b);
    });
    order.erase(std::unique(order.begin(), order.end(),
                            [&](std::size_t a, std::size_t b) { return points[a] == points[b]; }),
                order.end());
    auto const turns_left = [&](std::size_t o, std::size_t a, std::size_t b) {
        return (points[a][0] - points[o][0]) * (points[b][1] - points[o][1]) -
                   (points[a][1] - points[o][1]) * (points[b][0] - points[o][0]) >
               0.0;
    };
    std::vector<std::size_t> hull;
    auto const add_chain = [&](auto begin, auto end) {
        std::size_t const base = hull.size();
        for (auto it = begin; it != end; ++it) {
            while (hull.size() >= base + 2 &&
                   !turns_left(hull[hull.size() - 2], hull.back(), *it)) {
                hull.pop_back();
            }
            hull.push_back(*it);
        }
    };
    if (order.size() < 3) {
        return order;
    }
    add_chain(order.begin(), order.end());
    hull.pop_back();
    add_chain(order.rbegin(), order.rend());
    hull.pop_back();
    return hull;
}
}  // namespace sectile::plan
