// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <numbers>

#include "sectile/core/robust.hpp"

#include "solve/star_pairing.hpp"

namespace sectile::solve
{
namespace
{
using Polygon = std::vector<sky::PixelPos>;

bool contains(StarList const& list, sky::PixelPos const& p)
{
    return p.x >= list.x_min && p.x <= list.x_max && p.y >= list.y_min && p.y <= list.y_max;
}

/// The part of the polygon where sign * (coordinate - limit) >= 0 (Sutherland & Hodgman 1974).
Polygon clipped_to(Polygon const& polygon, bool along_x, double limit, double sign)
{
    Polygon result;
    auto const height = [&](sky::PixelPos const& p) {
        return sign * ((along_x ? p.x : p.y) - limit);
    };
    for (std::size_t i = 0; i < polygon.size(); ++i) {
        sky::PixelPos const& a = polygon[i];
        sky::PixelPos const& b = polygon[(i + 1) % polygon.size()];
        double const ha = height(a);
        double const hb = height(b);
        if (ha >= 0.0) {
            result.push_back(a);
        }
        if ((ha >= 0.0) != (hb >= 0.0)) {
            double const t = ha / (ha - hb);
            result.push_back({a.x + t * (b.x - a.x), a.y + t * (b.y - a.y)});
        }
    }
    return result;
}

/// Area that the boxes of both lists have in common, in reference pixels squared.
double common_area(StarList const& reference, StarList const& moving, PlaneAffine const& transform)
{
    Polygon polygon{transform.apply({moving.x_min, moving.y_min}),
                    transform.apply({moving.x_max, moving.y_min}),
                    transform.apply({moving.x_max, moving.y_max}),
                    transform.apply({moving.x_min, moving.y_max})};
    polygon = clipped_to(polygon, true, reference.x_min, 1.0);
    polygon = clipped_to(polygon, true, reference.x_max, -1.0);
    polygon = clipped_to(polygon, false, reference.y_min, 1.0);
    polygon = clipped_to(polygon, false, reference.y_max, -1.0);
    double twice = 0.0;
    for (std::size_t i = 0; i < polygon.size(); ++i) {
        sky::PixelPos const& a = polygon[i];
        sky::PixelPos const& b = polygon[(i + 1) % polygon.size()];
        twice += a.x * b.y - a.y * b.x;
    }
    return 0.5 * std::fabs(twice);
}

/// Probability that a moving star finds a reference star within the radius by chance. The mean
/// density of the common area says too little where stars are clustered, so the pairs are also
/// counted at displaced places, where all of them are chance.
double chance_of_pair(StarList const& reference, PlaceIndex& index, StarList const& moving,
                      PlaneAffine const& transform, double radius, std::size_t common_reference,
                      std::size_t common_moving)
{
    constexpr int directions = 6;
    constexpr std::size_t least_hits = 4;             // fewer are no measurement of a probability
    constexpr std::array<double, 2> rings{4.0, 8.0};  // in radii
    double const area = common_area(reference, moving, transform);
    double const disc = std::numbers::pi * radius * radius;
    double const expected = static_cast<double>(common_reference) * disc / std::max(area, disc);
    std::size_t hits = 0;
    for (sky::PixelPos const& place : moving.places) {
        sky::PixelPos const at = transform.apply(place);
        if (!contains(reference, at)) {
            continue;
        }
        for (int k = 0; k < directions * static_cast<int>(rings.size()); ++k) {
            double const angle = 2.0 * std::numbers::pi * (k + 0.5) / directions;
            double const ring =
                radius * rings[static_cast<std::size_t>(k) / std::size_t{directions}];
            sky::PixelPos const beside{at.x + ring * std::cos(angle),
                                       at.y + ring * std::sin(angle)};
            hits += index.within(beside, radius).empty() ? 0U : 1U;
        }
    }
    double const displaced =
        static_cast<double>(hits) /
        static_cast<double>(directions * rings.size() * std::max<std::size_t>(common_moving, 1));
    double const uniform = 1.0 - std::exp(-expected);
    return std::clamp(hits < least_hits ? uniform : std::max(uniform, displaced), 1e-300, 1.0);
}

/// Root mean square distance that a normal distribution with the median of the distances of the
/// brighter half (five or more) has: blends, and faint stars of a soft frame, scatter by more than
/// a map may. Chance pairs fill their radius evenly and have a median of 0.7 of it.
double usual_scatter(Refined const& refined, StarList const& reference, StarList const& moving)
{
    constexpr std::size_t least = 5;
    StarPairs pairs = refined.pairs;  // the lists are in the order of brightness
    std::ranges::stable_sort(pairs, {}, [](auto const& pair) { return pair.first + pair.second; });
    pairs.resize(std::min(pairs.size(), std::max(least, (pairs.size() + 1) / 2)));
    std::vector<double> distances;
    for (auto const& [m, r] : pairs) {
        distances.push_back(distance(refined.transform, moving.places[m], reference.places[r]));
    }
    return core::median_in_place(distances) / std::sqrt(std::numbers::ln2);
}

std::string number(double value)
{
    std::array<char, 32> text{};
    std::snprintf(text.data(), text.size(), "%.2g", value);
    return text.data();
}

std::string reason_refused(StarMatch const& match, double scatter, std::size_t needed,
                           MatchAcceptance const& acceptance)
{
    if (match.pairs.size() < needed) {
        return "only " + std::to_string(match.pairs.size()) + " of " +
               std::to_string(match.overlap_stars) + " stars in the common area match (" +
               std::to_string(needed) + " needed)";
    }
    if (!(scatter <= acceptance.max_rms)) {
        return "the matched stars scatter by " + number(scatter) + " px rms (at most " +
               number(acceptance.max_rms) + " allowed)";
    }
    if (!(match.log10_false_alarm < acceptance.log10_false_alarm)) {
        return std::to_string(match.pairs.size()) +
               " matched stars could be chance (probability 1e" +
               std::to_string(static_cast<int>(std::floor(match.log10_false_alarm))) + ")";
    }
    if (!(match.transform.anisotropy() <= acceptance.max_anisotropy)) {
        return "the map between the matched stars is sheared by a factor of " +
               number(match.transform.anisotropy());
    }
    return {};
}
}  // namespace

double log10_binomial_tail(std::size_t k, std::size_t n, double p)
{
    auto const count = static_cast<double>(n);
    if (static_cast<double>(k) <= count * p || p >= 1.0) {
        return 0.0;
    }
    // Above the mean the terms fall at least geometrically: sum them relative to the first.
    auto const first = static_cast<double>(k);
    double const log_first = std::lgamma(count + 1.0) - std::lgamma(first + 1.0) -
                             std::lgamma(count - first + 1.0) + first * std::log(p) +
                             (count - first) * std::log1p(-p);
    double sum = 1.0;
    double term = 1.0;
    for (double i = first; i < count && term > 1e-12 * sum; i += 1.0) {
        term *= (count - i) / (i + 1.0) * p / (1.0 - p);
        sum += term;
    }
    return std::min((log_first + std::log(sum)) / std::numbers::ln10, 0.0);
}

StarMatch judged(Refined const& refined, StarList const& reference, PlaceIndex& index,
                 StarList const& moving, double log10_trials, MatchAcceptance const& acceptance)
{
    StarMatch match;
    match.transform = refined.transform;
    match.rms = refined.rms;
    for (auto const& [m, r] : refined.pairs) {
        match.pairs.emplace_back(moving.given_index[m], reference.given_index[r]);
    }
    std::sort(match.pairs.begin(), match.pairs.end());
    if (refined.pairs.empty() || !(std::fabs(refined.transform.determinant()) > 0.0)) {
        match.reason = "no stars match";
        return match;
    }
    PlaneAffine const back = refined.transform.inverse();
    auto const inside = [](StarList const& stars, StarList const& other, PlaneAffine const& map) {
        return static_cast<std::size_t>(std::count_if(
            stars.places.begin(), stars.places.end(),
            [&](sky::PixelPos const& place) { return contains(other, map.apply(place)); }));
    };
    std::size_t const common_moving =
        std::max(inside(moving, reference, refined.transform), refined.pairs.size());
    std::size_t const common_reference =
        std::max(inside(reference, moving, back), refined.pairs.size());
    match.overlap_stars = std::min(common_moving, common_reference);

    double const scatter = std::min(match.rms, usual_scatter(refined, reference, moving));
    auto const log10_chance = [&](double radius) {
        auto const within =
            static_cast<std::size_t>(std::ranges::count_if(refined.pairs, [&](auto const& pair) {
                return distance(refined.transform, moving.places[pair.first],
                                reference.places[pair.second]) <= radius;
            }));
        double const p = chance_of_pair(reference, index, moving, refined.transform, radius,
                                        common_reference, common_moving);
        // The pairs that fix the map lie on it without merit.
        std::size_t const merit = within - std::min(refined.fixed_pairs, within);
        return log10_binomial_tail(merit, common_moving - refined.fixed_pairs, p);
    };
    // Many pairs in a wide circle, or fewer in one that suits the bright ones.
    constexpr double wide = 3.0;      // scatters
    constexpr double tightest = 0.2;  // pixels
    double const tight = std::clamp(wide * scatter, tightest, refined.radius);
    match.log10_false_alarm =
        std::min(log10_trials + std::log10(2.0) +
                     std::min(log10_chance(refined.radius), log10_chance(tight)),
                 0.0);
    auto const n = static_cast<double>(match.overlap_stars);
    double const needed =
        std::max({std::min(static_cast<double>(acceptance.least_pairs), std::ceil(0.6 * n)),
                  std::ceil(acceptance.least_fraction * n), 4.0});
    match.reason = reason_refused(match, scatter, static_cast<std::size_t>(needed), acceptance);
    match.accepted = match.reason.empty();
    return match;
}
}  // namespace sectile::solve
