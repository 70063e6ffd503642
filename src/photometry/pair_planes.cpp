// SPDX-License-Identifier: BSD-3-Clause
#include "photometry/pair_planes.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "sectile/solve/photometric_solve.hpp"

#include "photometry/partner_graph.hpp"

namespace sectile::photometry
{
namespace
{
/// Cells two sources must share for a difference worth having.
constexpr std::size_t least_cells = 4;

/// The pairs of source `a` whose overlap is worth a difference.
std::vector<ComparedPair> compare_source(std::vector<SourceCells> const& all, std::size_t a,
                                         std::vector<std::size_t> const& partners,
                                         std::size_t plane, double overlap_min,
                                         CellLattice const& lattice)
{
    std::vector<ComparedPair> pairs;
    for (std::size_t const b : partners) {
        auto const& cells_a = all[a][plane];
        auto const& cells_b = all[b][plane];
        CommonDifferences const common = common_differences(cells_a, cells_b, lattice);
        double const wanted =
            overlap_min * static_cast<double>(std::min(cells_a.size(), cells_b.size()));
        if (common.cells >= least_cells && static_cast<double>(common.cells) >= wanted) {
            pairs.push_back({a, b, solve::fit_plane(common.chosen)});
        }
    }
    return pairs;
}

/// Slopes of all sources along one axis: the same graph problem as offsets, with the slopes of the
/// pairs' differences. Pairs that do not fix a slope take no part.
std::vector<double> solve_slopes(std::vector<ComparedPair> const& pairs, std::size_t sources,
                                 std::span<double const> area, double solve::PlaneFit::*slope,
                                 double solve::PlaneFit::*sigma)
{
    std::vector<solve::OffsetPair> slopes;
    for (ComparedPair const& pair : pairs) {
        if (std::isfinite(pair.difference.*sigma)) {
            double const least = 1e-6 * std::max(1e-6, std::abs(pair.difference.*slope));
            slopes.push_back(
                {pair.a, pair.b, pair.difference.*slope, std::max(pair.difference.*sigma, least)});
        }
    }
    return solve::solve_offsets(sources, slopes, area).offset;
}

/// Nothing, about the middles of the footprints.
std::vector<compute::Photometry> centred_corrections(std::span<core::Box const> footprints)
{
    std::vector<compute::Photometry> corrections(footprints.size());
    for (std::size_t i = 0; i < footprints.size(); ++i) {
        corrections[i].x_ref = 0.5 * static_cast<double>(footprints[i].x0 + footprints[i].x1);
        corrections[i].y_ref = 0.5 * static_cast<double>(footprints[i].y0 + footprints[i].y1);
    }
    return corrections;
}

void set_slopes(std::vector<ComparedPair> const& pairs, std::span<double const> area,
                std::vector<compute::Photometry>& corrections)
{
    auto const x = solve_slopes(pairs, corrections.size(), area, &solve::PlaneFit::slope_x,
                                &solve::PlaneFit::slope_x_sigma);
    auto const y = solve_slopes(pairs, corrections.size(), area, &solve::PlaneFit::slope_y,
                                &solve::PlaneFit::slope_y_sigma);
    for (std::size_t i = 0; i < corrections.size(); ++i) {
        corrections[i].slope_x = x[i];
        corrections[i].slope_y = y[i];
    }
}

/// Differences that are left at the middle of each overlap when the slopes are taken off.
std::vector<solve::OffsetPair> remaining_offsets(
    std::vector<ComparedPair> const& pairs, std::vector<compute::Photometry> const& corrections)
{
    auto const tilt = [&](std::size_t i, solve::PlaneFit const& at) {
        compute::Photometry const& c = corrections[i];
        return c.slope_x * (at.x_ref - c.x_ref) + c.slope_y * (at.y_ref - c.y_ref);
    };
    std::vector<solve::OffsetPair> offsets;
    offsets.reserve(pairs.size());
    for (ComparedPair const& pair : pairs) {
        double const difference =
            pair.difference.level + tilt(pair.b, pair.difference) - tilt(pair.a, pair.difference);
        double const least = 1e-6 * std::max(1.0, std::abs(difference));
        offsets.push_back(
            {pair.a, pair.b, difference, std::max(pair.difference.level_sigma, least)});
    }
    return offsets;
}
}  // namespace

CommonDifferences common_differences(std::vector<CellLevel> const& a,
                                     std::vector<CellLevel> const& b, CellLattice const& lattice)
{
    constexpr std::size_t enough = 600;
    std::vector<solve::PlanePoint> differences;
    auto i = a.begin();
    auto j = b.begin();
    while (i != a.end() && j != b.end()) {
        if (i->cell < j->cell) {
            ++i;
        } else if (j->cell < i->cell) {
            ++j;
        } else {
            std::uint32_t const whole_rows = i->cell / lattice.columns;
            auto const row = static_cast<double>(whole_rows);
            auto const column = static_cast<double>(i->cell % lattice.columns);
            auto const side = static_cast<double>(lattice.side);
            differences.push_back({(column + 0.5) * side, (row + 0.5) * side,
                                   static_cast<double>(j->level) - i->level});
            ++i;
            ++j;
        }
    }
    std::size_t const cells = differences.size();
    // More say nothing new about three numbers.
    if (std::size_t const step = differences.size() / enough + 1; step > 1) {
        for (std::size_t k = 0; k * step < differences.size(); ++k) {
            differences[k] = differences[k * step];
        }
        differences.resize((differences.size() + step - 1) / step);
    }
    return {cells, std::move(differences)};
}

std::vector<ComparedPair> compare_plane(std::vector<SourceCells> const& all,
                                        std::vector<std::vector<std::size_t>> const& partners,
                                        std::size_t plane, double overlap_min,
                                        CellLattice const& lattice, core::TaskRunner& runner)
{
    std::vector<std::vector<ComparedPair>> of_source(all.size());
    runner.for_each(all.size(), [&](std::size_t a, int /*worker*/) {
        of_source[a] = compare_source(all, a, partners[a], plane, overlap_min, lattice);
    });
    std::vector<ComparedPair> pairs;
    for (auto const& found : of_source) {
        pairs.insert(pairs.end(), found.begin(), found.end());
    }
    return pairs;
}

PlaneMatch solve_plane(std::vector<ComparedPair> const& pairs,
                       std::span<core::Box const> footprints, std::span<double const> area,
                       bool with_slopes)
{
    PlaneMatch match;
    match.corrections = centred_corrections(footprints);
    if (with_slopes) {
        set_slopes(pairs, area, match.corrections);
    }
    solve::OffsetSolution const solution =
        solve::solve_offsets(footprints.size(), remaining_offsets(pairs, match.corrections), area);
    for (std::size_t i = 0; i < footprints.size(); ++i) {
        match.corrections[i].offset = solution.offset[i];
    }
    match.pairs = pairs.size();
    match.rms_before = solution.rms_before;
    match.rms_after = solution.rms_after;
    match.isolated = solution.isolated;
    return match;
}

std::vector<PlaneMatch> solve_planes(std::vector<SourceCells> const& all,
                                     std::span<core::Box const> footprints,
                                     CellLattice const& lattice, MatchOptions const& options,
                                     core::TaskRunner& runner)
{
    auto const partners = candidate_partners(all, lattice);
    std::size_t const planes = all.empty() ? 0 : all.front().size();
    std::vector<PlaneMatch> matches;
    for (std::size_t plane = 0; plane < planes; ++plane) {
        std::vector<double> area;
        area.reserve(all.size());
        for (SourceCells const& cells : all) {
            area.push_back(std::max(1.0, static_cast<double>(cells[plane].size())));
        }
        matches.push_back(
            solve_plane(compare_plane(all, partners, plane, options.overlap_min, lattice, runner),
                        footprints, area, options.method == PhotometricMatch::plane));
    }
    return matches;
}
}  // namespace sectile::photometry
