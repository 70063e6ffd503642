// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "sectile/core/box.hpp"
#include "sectile/core/task_runner.hpp"
#include "sectile/photometry/match_levels.hpp"
#include "sectile/solve/plane_fit.hpp"

#include "photometry/sky_cells.hpp"

namespace sectile::photometry
{
/// Differences b - a at the centres of cells that two sources have in common.
struct CommonDifferences
{
    std::size_t cells = 0;                  ///< in common
    std::vector<solve::PlanePoint> chosen;  ///< some hundreds of them, spread over the overlap
};

/// Of one plane of colour; both lists ascending. Pure.
[[nodiscard]] CommonDifferences common_differences(std::vector<CellLevel> const& a,
                                                   std::vector<CellLevel> const& b,
                                                   CellLattice const& lattice);

/// Two sources and the plane that their difference b - a follows.
struct ComparedPair
{
    std::size_t a = 0;
    std::size_t b = 0;
    solve::PlaneFit difference;
};

/// The pairs whose overlap in a plane of colour is worth a difference: four common cells, and at
/// least `overlap_min` of the cells of the smaller source. Ordered by a, then as in `partners`.
[[nodiscard]] std::vector<ComparedPair> compare_plane(
    std::vector<SourceCells> const& all, std::vector<std::vector<std::size_t>> const& partners,
    std::size_t plane, double overlap_min, CellLattice const& lattice, core::TaskRunner& runner);

/// The corrections of one plane of colour (src/METHODS.md, sections 11.3 and 11.4): slopes first
/// (when wanted), then the offsets that remain at the middle of each overlap. `area` weighs the
/// sources in the gauge; the mean of offsets and of slopes of every connected part is 0. Pure.
[[nodiscard]] PlaneMatch solve_plane(std::vector<ComparedPair> const& pairs,
                                     std::span<core::Box const> footprints,
                                     std::span<double const> area, bool with_slopes);

/// The corrections of every plane of colour from the levels of all sources: candidate_partners()
/// are compared, then solved with the cells of a source as its area. Pure.
[[nodiscard]] std::vector<PlaneMatch> solve_planes(std::vector<SourceCells> const& all,
                                                   std::span<core::Box const> footprints,
                                                   CellLattice const& lattice,
                                                   MatchOptions const& options,
                                                   core::TaskRunner& runner);
}  // namespace sectile::photometry
