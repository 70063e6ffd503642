// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "solve/star_pairing.hpp"

namespace sectile::solve
{
/// Three stars in the order of the sides opposite to them, longest first, so that equal triangles
/// list equal stars at equal places.
struct Triangle
{
    std::array<std::uint32_t, 3> stars{};
    double longest = 0.0;  ///< px
    double middle = 0.0;   ///< over the longest
    double shortest = 0.0;
    bool turned = false;  ///< handedness of the three in that order
};

/// Triangles of each of the `count` brightest stars with two of its nearest neighbours among them.
/// Triangles of neighbours survive a small common area and are few: 45 per star, not the square of
/// the number of stars. Too small or too thin ones, which noise could turn round, are left out.
[[nodiscard]] std::vector<Triangle> neighbour_triangles(StarList const& stars, std::size_t count);

struct ProposalLimits
{
    double min_scale = 0.8;
    double max_scale = 1.25;
    bool allow_mirror = false;
};

/// The similarities between equal triangles that several pairs of triangles agree on, best
/// supported first, at most `most`. `extent` is the size of the moving field in px.
[[nodiscard]] std::vector<PlaneAffine> proposed_maps(StarList const& reference,
                                                     std::vector<Triangle> const& fixed,
                                                     StarList const& moving,
                                                     std::vector<Triangle> const& free,
                                                     ProposalLimits const& limits, double extent,
                                                     std::size_t most);
}  // namespace sectile::solve
