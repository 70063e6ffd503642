// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <array>
#include <cmath>
#include <set>
#include <tuple>
#include <utility>

#include "sectile/core/error.hpp"

#include "solve/star_pairing.hpp"
#include "solve/star_triangles.hpp"

namespace sectile::solve
{
namespace
{
constexpr std::size_t most_maps = 6;   ///< proposals verified per attempt
constexpr double bright_radius = 8.0;  ///< px: error of a proposal at the edge of the field
constexpr double all_radius = 3.0;     ///< px: after refinement with the bright stars

/// The bright stars of one attempt: how many of each list, as multiples of pattern_stars. Unequal
/// numbers are for lists whose fields differ in area, or one of which is full of artefacts.
constexpr std::array<std::pair<std::size_t, std::size_t>, 4> attempts{
    std::pair<std::size_t, std::size_t>{1, 1}, {3, 1}, {1, 3}, {3, 3}};

double log10_pairs(std::size_t count)
{
    auto const n = static_cast<double>(std::max<std::size_t>(count, 2));
    return std::log10(n * (n - 1.0));
}
}  // namespace

StarMatch match_pattern(std::span<StarPosition const> reference,
                        std::span<StarPosition const> moving, PatternOptions const& options)
{
    core::require(options.min_scale > 0.0 && options.max_scale >= options.min_scale,
                  "a range of scales above 0");
    StarList const fixed(reference);
    StarList const stars(moving);
    StarMatch best;
    best.reason = "fewer than 3 stars in a list";
    if (fixed.size() < 3 || stars.size() < 3) {
        return best;
    }
    best.reason = "no pattern of stars is common to both lists";
    PlaceIndex index(fixed.places);
    ProposalLimits const limits{options.min_scale, options.max_scale, options.allow_mirror};
    double const extent = std::hypot(stars.x_max - stars.x_min, stars.y_max - stars.y_min);
    std::set<std::pair<std::size_t, std::size_t>> tried;
    for (auto const& [more_fixed, more_stars] : attempts) {
        std::size_t const few = std::min(more_fixed * options.pattern_stars, fixed.size());
        std::size_t const free = std::min(more_stars * options.pattern_stars, stars.size());
        if (!tried.emplace(few, free).second) {
            continue;
        }
        PlaceIndex bright(std::span(fixed.places).first(few));
        double const log10_trials = log10_pairs(few) + log10_pairs(free);
        for (PlaneAffine const& map :
             proposed_maps(fixed, neighbour_triangles(fixed, few), stars,
                           neighbour_triangles(stars, free), limits, extent, most_maps)) {
            Refined const rough =
                refine(fixed, bright, stars, free, map, bright_radius, options.affine_pairs);
            if (rough.pairs.empty()) {
                continue;
            }
            Refined const refined = refine(fixed, index, stars, stars.size(), rough.transform,
                                           all_radius, options.affine_pairs);
            StarMatch match =
                judged(refined, fixed, index, stars, log10_trials, options.acceptance);
            if (match.accepted) {
                return match;
            }
            if (std::tuple(match.log10_false_alarm, match.rms) <
                    std::tuple(best.log10_false_alarm, best.rms) ||
                best.pairs.empty()) {
                best = std::move(match);
            }
        }
    }
    return best;
}
}  // namespace sectile::solve
