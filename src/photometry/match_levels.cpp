// SPDX-License-Identifier: BSD-3-Clause
#include "sectile/photometry/match_levels.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <optional>
#include <span>
#include <type_traits>
#include <utility>

#include <fmt/format.h>

#include "sectile/core/hash.hpp"
#include "sectile/core/log.hpp"
#include "sectile/engine/coadd_plan.hpp"
#include "sectile/engine/placed_source.hpp"
#include "sectile/solve/photometric_solve.hpp"
#include "sectile/solve/plane_fit.hpp"

#include "photometry/sky_cells.hpp"

namespace sectile::photometry
{
namespace
{
/// Pairs compared per source beyond the nearest ones in time: partners at distances 1 … 8, then 16,
/// 32, 64 … in the list of those that overlap, which keeps the graph tightly connected with N log N
/// pairs instead of N squared.
constexpr std::size_t near_partners = 8;
/// Cells two sources must share for a difference worth having.
constexpr std::size_t least_cells = 4;

/// Partners of one source, offered in any order and many times. Of more than `most` the ones with
/// the smallest hash stay: a choice that is the same in any order and takes from every part of the
/// overlaps in proportion. Never holds more than about twice that.
class PartnerSet
{
  public:
    explicit PartnerSet(std::size_t owner) : owner_(owner) {}

    void offer(std::size_t partner)
    {
        entries_.push_back({hash_of(partner), partner});
        if (entries_.size() >= 2 * most) {
            compact();
        }
    }
    /// Ascending, each once.
    [[nodiscard]] std::vector<std::size_t> take()
    {
        compact();
        std::vector<std::size_t> partners;
        partners.reserve(entries_.size());
        for (auto const& [hash, partner] : entries_) {
            partners.push_back(partner);
        }
        std::ranges::sort(partners);
        entries_ = {};
        return partners;
    }

  private:
    static constexpr std::size_t most = 32;

    [[nodiscard]] std::uint64_t hash_of(std::size_t partner) const
    {
        core::ContentHash hash;
        hash.add(owner_).add(partner);
        return hash.value();
    }
    void compact()
    {
        std::ranges::sort(entries_);
        auto const repeated = std::ranges::unique(entries_);
        entries_.erase(repeated.begin(), repeated.end());
        entries_.resize(std::min(entries_.size(), most));
    }

    std::uint64_t owner_;
    std::vector<std::pair<std::uint64_t, std::size_t>> entries_;
};

/// Who shares the cells of one row of the lattice after the other, so that only a row is held.
class CellRowMembers
{
  public:
    CellRowMembers(std::vector<SourceCells> const& all, CellLattice const& lattice)
        : all_(all), lattice_(lattice), next_(all.size(), 0)
    {}

    /// (cell, source) of the next row that has any, ascending; empty after the last.
    std::vector<std::pair<std::uint32_t, std::uint32_t>> const& next_row()
    {
        members_.clear();
        std::optional<std::uint32_t> row;
        for (std::size_t i = 0; i < all_.size(); ++i) {
            if (has_more(i)) {
                std::uint32_t const own = row_of(i);
                row = row ? std::min(*row, own) : own;
            }
        }
        for (std::size_t i = 0; row && i < all_.size(); ++i) {
            for (; has_more(i) && row_of(i) == *row; ++next_[i]) {
                members_.emplace_back(all_[i].front()[next_[i]].cell,
                                      static_cast<std::uint32_t>(i));
            }
        }
        std::ranges::sort(members_);
        return members_;
    }

  private:
    [[nodiscard]] bool has_more(std::size_t i) const
    {
        return !all_[i].empty() && next_[i] < all_[i].front().size();
    }
    [[nodiscard]] std::uint32_t row_of(std::size_t i) const
    {
        return all_[i].front()[next_[i]].cell / lattice_.columns;
    }

    std::vector<SourceCells> const& all_;
    CellLattice const& lattice_;
    std::vector<std::size_t> next_;  ///< of each source, the first cell not yet met
    std::vector<std::pair<std::uint32_t, std::uint32_t>> members_;
};

/// Sources that share cells with each source and have a higher index.
std::vector<std::vector<std::size_t>> candidate_partners(std::vector<SourceCells> const& all,
                                                         CellLattice const& lattice)
{
    std::vector<PartnerSet> sets;
    for (std::size_t i = 0; i < all.size(); ++i) {
        sets.emplace_back(i);
    }
    CellRowMembers rows(all, lattice);
    for (auto const* row = &rows.next_row(); !row->empty(); row = &rows.next_row()) {
        for (auto first = row->begin(); first != row->end();) {
            auto const last = std::find_if(first, row->end(), [&](auto const& member) {
                return member.first != first->first;
            });
            auto const count = static_cast<std::size_t>(last - first);
            for (std::size_t k = 0; k < count; ++k) {
                for (std::size_t gap = 1; k + gap < count;
                     gap = gap < near_partners ? gap + 1 : gap * 2) {
                    sets[first[static_cast<std::ptrdiff_t>(k)].second].offer(
                        first[static_cast<std::ptrdiff_t>(k + gap)].second);
                }
            }
            first = last;
        }
    }
    std::vector<std::vector<std::size_t>> partners;
    partners.reserve(sets.size());
    for (PartnerSet& set : sets) {
        partners.push_back(set.take());
    }
    return partners;
}

/// Differences b - a at the centres of cells that two sources have in common.
struct CommonDifferences
{
    std::size_t cells = 0;                  ///< in common
    std::vector<solve::PlanePoint> chosen;  ///< some hundreds of them, spread over the overlap
};

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

/// Two sources and the plane that their difference b - a follows.
struct ComparedPair
{
    std::size_t a = 0;
    std::size_t b = 0;
    solve::PlaneFit difference;
};

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

std::vector<ComparedPair> compare_plane(std::vector<SourceCells> const& all,
                                        std::vector<std::vector<std::size_t>> const& partners,
                                        std::size_t plane, double overlap_min,
                                        CellLattice const& lattice, machine::TbbRunner& runner)
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

/// One plane of colour: slopes first (when wanted), then the offsets that remain at the middle of
/// each overlap.
PlaneMatch solve_plane(std::vector<ComparedPair> const& pairs,
                       std::span<core::Box const> footprints, std::span<double const> area,
                       bool with_slopes)
{
    std::size_t const sources = footprints.size();
    PlaneMatch match;
    match.corrections.resize(sources);
    for (std::size_t i = 0; i < sources; ++i) {
        match.corrections[i].x_ref = 0.5 * static_cast<double>(footprints[i].x0 + footprints[i].x1);
        match.corrections[i].y_ref = 0.5 * static_cast<double>(footprints[i].y0 + footprints[i].y1);
    }
    if (with_slopes) {
        auto const x = solve_slopes(pairs, sources, area, &solve::PlaneFit::slope_x,
                                    &solve::PlaneFit::slope_x_sigma);
        auto const y = solve_slopes(pairs, sources, area, &solve::PlaneFit::slope_y,
                                    &solve::PlaneFit::slope_y_sigma);
        for (std::size_t i = 0; i < sources; ++i) {
            match.corrections[i].slope_x = x[i];
            match.corrections[i].slope_y = y[i];
        }
    }
    auto const tilt = [&](std::size_t i, solve::PlaneFit const& at) {
        compute::Photometry const& c = match.corrections[i];
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
    solve::OffsetSolution const solution = solve::solve_offsets(sources, offsets, area);
    for (std::size_t i = 0; i < sources; ++i) {
        match.corrections[i].offset = solution.offset[i];
    }
    match.pairs = pairs.size();
    match.rms_before = solution.rms_before;
    match.rms_after = solution.rms_after;
    match.isolated = solution.isolated;
    return match;
}

/// Rank 0: the solution of every plane of colour from all levels.
std::vector<PlaneMatch> solve_planes(std::vector<SourceCells> const& all, std::size_t planes,
                                     std::span<core::Box const> footprints,
                                     CellLattice const& lattice, MatchOptions const& options,
                                     machine::TbbRunner& runner)
{
    auto const partners = candidate_partners(all, lattice);
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

/// The corrections of rank 0 on every rank; counts and residuals stay on rank 0, which writes the
/// report.
void broadcast_corrections(comm::Communicator const& comm, std::vector<PlaneMatch>& matches,
                           std::size_t sources)
{
    static_assert(std::is_trivially_copyable_v<compute::Photometry>);
    std::size_t const plane_bytes = sources * sizeof(compute::Photometry);
    std::vector<std::byte> bytes(matches.size() * plane_bytes);
    for (std::size_t plane = 0; plane < matches.size(); ++plane) {
        std::memcpy(bytes.data() + plane * plane_bytes, matches[plane].corrections.data(),
                    plane_bytes);
    }
    comm::broadcast(comm, bytes);
    matches.resize(bytes.size() / plane_bytes);
    for (std::size_t plane = 0; plane < matches.size(); ++plane) {
        matches[plane].corrections.resize(sources);
        std::memcpy(matches[plane].corrections.data(), bytes.data() + plane * plane_bytes,
                    plane_bytes);
    }
}

/// Levels as they are after the gains that the sources have.
void apply_gains(SourceCells& cells, std::vector<compute::Photometry> const& photometry)
{
    for (std::size_t c = 0; c < cells.size(); ++c) {
        for (CellLevel& cell : cells[c]) {
            cell.level = static_cast<float>(photometry[c].gain * cell.level);
        }
    }
}

/// Cells of the sources of this rank; on rank 0 those of all, as they arrive together and apart,
/// and the pairs that are compared.
std::int64_t bytes_held(engine::CoaddJob const& job, CellLattice const& lattice,
                        comm::Communicator const& comm)
{
    constexpr std::int64_t pair_bytes = 128;
    constexpr std::int64_t pairs_of_source = 32;
    std::int64_t cells = 0;
    for (engine::CoaddInput const& input : job.inputs) {
        cells += most_cells_of(input.footprint, lattice);
    }
    std::int64_t const all = cells * job.planes * static_cast<std::int64_t>(sizeof(CellLevel));
    std::int64_t const own = all / comm.size();
    if (!comm.is_root()) {
        return own;
    }
    return (comm.size() > 1 ? 2 * all + own : all) +
           std::ssize(job.inputs) * pairs_of_source * pair_bytes;
}

/// How the levels are measured on this rank: sources read piece by piece.
plan::ParallelPlan plan_match(engine::CoaddJob const& job, CellLattice const& lattice,
                              comm::Communicator const& comm, machine::Crew& crew)
{
    plan::JobSize size = engine::job_size(job, engine::Route::pull);
    size.held_bytes = bytes_held(job, lattice, comm);
    plan::ParallelPlan plan =
        plan::make_parallel_plan(plan::PlanKind::photometry, size, crew.node_now(), crew.options());
    crew.keep_to(plan);
    return plan;
}
}  // namespace

std::vector<PlaneMatch> match_photometry(std::vector<engine::MosaicSource>& sources,
                                         sky::SkyWcs const& grid, MatchOptions const& options,
                                         comm::Communicator const& comm, machine::Crew& crew,
                                         source::Preparations const& preparations)
{
    engine::CoaddJob job;
    job.grid = &grid;
    job.canvas = grid.bounds();
    job.planes = sources.front().header.geometry.planes;
    job.inputs = engine::place_sources(comm, crew.runner(), sources, grid, engine::Weighting::none,
                                       preparations);
    CellLattice const lattice = make_lattice(job.inputs, job.canvas);

    std::vector<std::size_t> indices;
    for (std::size_t i = static_cast<std::size_t>(comm.rank()); i < sources.size();
         i += static_cast<std::size_t>(comm.size())) {
        indices.push_back(i);
    }
    std::vector<IndexedCells> own(indices.size());
    comm::agree(comm, "measuring sky levels", [&] {
        plan::ParallelPlan const plan = plan_match(job, lattice, comm, crew);
        crew.for_each_item(options.progress, indices.size(), [&](std::size_t k) {
            engine::CoaddInput const& input = job.inputs[indices[k]];
            own[k] = {indices[k], measure_cells(job, input, lattice, plan.rows_per_chunk)};
            apply_gains(own[k].cells, input.photometry);
        });
    });
    crew.release_plan();
    auto const planes = static_cast<std::size_t>(job.planes);
    std::vector<SourceCells> const all = gather_cells(comm, std::move(own), sources.size(), planes);
    std::vector<PlaneMatch> matches;
    comm::agree(comm, "photometric solution", [&] {
        if (comm.is_root()) {
            std::vector<core::Box> footprints;
            for (engine::CoaddInput const& input : job.inputs) {
                footprints.push_back(input.footprint);
            }
            matches = solve_planes(all, planes, footprints, lattice, options, crew.runner());
        }
    });
    broadcast_corrections(comm, matches, sources.size());
    for (std::size_t i = 0; i < sources.size(); ++i) {
        for (std::size_t plane = 0; plane < planes; ++plane) {
            matches[plane].corrections[i].gain = sources[i].photometry[plane].gain;
            sources[i].photometry[plane] = matches[plane].corrections[i];
        }
    }
    return matches;
}
}  // namespace sectile::photometry
