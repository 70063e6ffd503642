// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "sectile/core/box.hpp"

namespace sectile::plan
{
/// A work item with its cost, in any unit.
struct WorkItem
{
    std::size_t index = 0;
    double cost = 0.0;
};

/// Longest-processing-time-first assignment (Graham 1969) of items to `ranks`; ties by index.
/// Result: per rank the item indices in descending cost. Pure, deterministic.
[[nodiscard]] std::vector<std::vector<std::size_t>> assign_work(std::span<WorkItem const> items,
                                                                int ranks);

/// One strip of the canvas in the order of execution.
struct Strip
{
    core::Box box;
    int owner = 0;
};

/// The distribution of a canvas: rounds of strips. In round k every rank owns at most one strip;
/// ranks without one take part in collective calls with an empty box.
struct Decomposition
{
    std::vector<std::vector<Strip>> rounds;
    std::vector<core::Box> bands;  ///< per rank: the contiguous rows it owns (may be empty)
    double imbalance = 1.0;        ///< largest over mean cost of the ranks

    /// The strip of `rank` in `round`, or an empty box.
    [[nodiscard]] core::Box strip_of(std::size_t round, int rank) const;
};

/// Cuts the canvas into one contiguous band of rows per rank such that the overlap work (footprint
/// pixels of the sources plus a small cost per canvas pixel) is balanced, and each band into strips
/// of at most rows x columns. Band edges fall on multiples of `alignment` rows (the chunk rows of
/// the canvas file) where the balance allows. Every canvas pixel belongs to exactly one strip.
/// Pure; tested for 1 to 4096 ranks.
[[nodiscard]] Decomposition decompose_canvas(core::Box const& canvas,
                                             std::span<core::Box const> footprints, int ranks,
                                             std::int64_t rows_per_strip,
                                             std::int64_t columns_per_strip,
                                             std::int64_t alignment);

/// Cuts every strip of the rounds from `first` on into two of half the rows (a strip of one row
/// stays whole); the round becomes two. A step of the ladder when memory runs out. Pure.
void halve_rounds(Decomposition& decomposition, std::size_t first);

/// Rows of the tallest strip of a round, 0 for none.
[[nodiscard]] std::int64_t tallest_strip(Decomposition const& decomposition, std::size_t round);
}  // namespace sectile::plan
