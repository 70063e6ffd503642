// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "plan/sphere.hpp"

/// Clusters of directions. Private to the layer.
namespace sectile::plan
{
/// Indices of points, ascending.
using Members = std::vector<std::size_t>;

/// Single linkage: points are together when a chain of steps of at most `threshold` radians joins
/// them. Exact. Points are binned in cells that are smaller than the threshold (so a cell is
/// one cluster), and neighbouring cells are joined through a kd-tree, hence a stack of N frames on
/// one spot costs N log N and not N squared. Clusters are sorted by their smallest member.
[[nodiscard]] std::vector<Members> link_points(std::span<UnitVector const> points,
                                               double threshold);

/// Spherical k-means (Dhillon & Modha 2001) of the points named by `members` into at most
/// `clusters` parts: starts from the farthest pair and then farthest-first, iterates until nothing
/// moves, ties to the smaller index. Deterministic. Returns at least two non-empty parts when the
/// points are not all the same.
[[nodiscard]] std::vector<Members> split_by_k_means(std::span<UnitVector const> points,
                                                    Members const& members, std::size_t clusters);
}  // namespace sectile::plan
