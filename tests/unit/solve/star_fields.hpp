// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <map>
#include <numbers>
#include <utility>
#include <vector>

#include "sectile/solve/star_match.hpp"

#include "unit/core/pseudo_random.hpp"

namespace sectile::test
{
/// Two exposures of one simulated sky, each with its own noise, gain, gaps and artefacts.
struct FieldPair
{
    std::vector<solve::StarPosition> reference;
    std::vector<solve::StarPosition> moving;
    solve::PlaneAffine truth;                       ///< moving -> reference
    std::map<std::uint32_t, std::uint32_t> common;  ///< moving index -> reference index
};

struct FieldSketch
{
    std::size_t stars = 300;  ///< real ones in the reference frame
    double width = 3000.0;
    double height = 2000.0;
    double noise = 0.2;         ///< px per axis, in each list
    double spurious = 0.0;      ///< share of each list that is no star
    double flux_scatter = 0.1;  ///< relative, so that the order of the stars differs
    double gain = 0.37;
    std::uint64_t seed = 1;
};

inline solve::PlaneAffine similarity(double degrees, double scale, double x0, double y0,
                                     bool mirrored = false)
{
    double const c = scale * std::cos(degrees * std::numbers::pi / 180.0);
    double const s = scale * std::sin(degrees * std::numbers::pi / 180.0);
    return mirrored ? solve::PlaneAffine{c, s, x0, s, -c, y0}
                    : solve::PlaneAffine{c, -s, x0, s, c, y0};
}

/// The similarity that takes the centre of the frame to the centre plus (x, y).
inline solve::PlaneAffine about_centre(FieldSketch const& sketch, double degrees, double scale,
                                       double x, double y, bool mirrored = false)
{
    solve::PlaneAffine map = similarity(degrees, scale, 0.0, 0.0, mirrored);
    sky::PixelPos const centre{0.5 * sketch.width, 0.5 * sketch.height};
    sky::PixelPos const at = map.apply(centre);
    map.x0 = centre.x + x - at.x;
    map.y0 = centre.y + y - at.y;
    return map;
}

struct SimulatedStar
{
    solve::StarPosition star;
    std::int64_t id = -1;  ///< of the real star, -1 for artefacts
};

inline std::vector<SimulatedStar> exposure(FieldSketch const& sketch, PseudoRandom& random,
                                           std::vector<SimulatedStar> const& sky,
                                           solve::PlaneAffine const& from_sky, double gain)
{
    std::vector<SimulatedStar> seen;
    for (SimulatedStar const& real : sky) {
        sky::PixelPos const at = from_sky.apply({real.star.x, real.star.y});
        if (at.x >= 0.0 && at.x < sketch.width && at.y >= 0.0 && at.y < sketch.height) {
            seen.push_back(
                {{at.x + sketch.noise * random.normal(), at.y + sketch.noise * random.normal(),
                  gain * real.star.flux * std::exp(sketch.flux_scatter * random.normal())},
                 real.id});
        }
    }
    auto const artefacts = static_cast<std::size_t>(sketch.spurious / (1.0 - sketch.spurious) *
                                                    static_cast<double>(seen.size()));
    for (std::size_t i = 0; i < artefacts; ++i) {
        seen.push_back({{random.uniform(0.0, sketch.width), random.uniform(0.0, sketch.height),
                         gain * std::pow(random.uniform(1e-4, 1.0), -0.7)},
                        -1});
    }
    std::stable_sort(seen.begin(), seen.end(), [](SimulatedStar const& a, SimulatedStar const& b) {
        return a.star.flux > b.star.flux;
    });
    return seen;
}

/// The sky covers both frames; counts of stars follow a power law of flux.
inline FieldPair simulated_pair(FieldSketch const& sketch, solve::PlaneAffine const& truth)
{
    PseudoRandom random(sketch.seed);
    solve::PlaneAffine const to_moving = truth.inverse();
    double const margin = 1.5 * (sketch.width + sketch.height);
    double const share = (sketch.width + 2.0 * margin) * (sketch.height + 2.0 * margin) /
                         (sketch.width * sketch.height);
    std::vector<SimulatedStar> sky;
    std::size_t inside = 0;
    auto const total = static_cast<std::int64_t>(share * static_cast<double>(sketch.stars));
    for (std::int64_t id = 0; id < 2 * total && inside < sketch.stars; ++id) {
        SimulatedStar const star{{random.uniform(-margin, sketch.width + margin),
                                  random.uniform(-margin, sketch.height + margin),
                                  std::pow(random.uniform(1e-4, 1.0), -0.7)},
                                 id};
        bool const within = star.star.x >= 0.0 && star.star.x < sketch.width &&
                            star.star.y >= 0.0 && star.star.y < sketch.height;
        inside += within ? 1U : 0U;
        sky.push_back(star);
    }
    std::vector<SimulatedStar> const reference = exposure(sketch, random, sky, {}, 1.0);
    std::vector<SimulatedStar> const moving = exposure(sketch, random, sky, to_moving, sketch.gain);
    FieldPair pair;
    pair.truth = truth;
    std::map<std::int64_t, std::uint32_t> place;
    for (SimulatedStar const& seen : reference) {
        if (seen.id >= 0) {
            place[seen.id] = static_cast<std::uint32_t>(pair.reference.size());
        }
        pair.reference.push_back(seen.star);
    }
    for (SimulatedStar const& seen : moving) {
        if (seen.id >= 0 && place.contains(seen.id)) {
            pair.common[static_cast<std::uint32_t>(pair.moving.size())] = place[seen.id];
        }
        pair.moving.push_back(seen.star);
    }
    return pair;
}

/// Largest distance between the map found and the truth over the common stars, reference px.
inline double worst_error(FieldPair const& pair, solve::PlaneAffine const& found)
{
    double worst = 0.0;
    for (auto const& [m, r] : pair.common) {
        sky::PixelPos const p{pair.moving[m].x, pair.moving[m].y};
        sky::PixelPos const a = found.apply(p);
        sky::PixelPos const b = pair.truth.apply(p);
        worst = std::max(worst, std::hypot(a.x - b.x, a.y - b.y));
    }
    return worst;
}

inline std::size_t right_pairs(FieldPair const& pair, solve::StarMatch const& match)
{
    return static_cast<std::size_t>(
        std::count_if(match.pairs.begin(), match.pairs.end(), [&pair](auto const& found) {
            auto const it = pair.common.find(found.first);
            return it != pair.common.end() && it->second == found.second;
        }));
}
}  // namespace sectile::test
