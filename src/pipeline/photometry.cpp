// SPDX-License-Identifier: BSD-3-Clause
#include "pipeline/photometry.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <map>
#include <span>
#include <utility>

#include <fmt/format.h>

#include "sectile/core/log.hpp"
#include "sectile/solve/photometric_solve.hpp"

#include "pipeline/sky_cells.hpp"

namespace sectile::pipeline
{
namespace
{
/// Pairs compared per source beyond the nearest ones in time: partners at distances 1 … 8, then 16,
/// 32, 64 … in the list of those that overlap, which keeps the graph tightly connected with N log N
/// pairs instead of N squared.
constexpr std::size_t near_partners = 8;
/// Cells two sources must share for a difference worth having.
constexpr std::size_t least_cells = 4;
constexpr double sigma_of_mad = 1.4826;  // of a normal distribution

std::vector<std::byte> pack_cells(std::vector<std::pair<std::uint64_t, SourceCells>> const& own)
{
    std::vector<std::byte> bytes;
    auto const put = [&](void const* data, std::size_t size) {
        std::size_t const at = bytes.size();
        bytes.resize(at + size);
        std::memcpy(bytes.data() + at, data, size);
    };
    for (auto const& [index, planes] : own) {
        put(&index, sizeof index);
        for (auto const& cells : planes) {
            std::uint64_t const count = cells.size();
            put(&count, sizeof count);
            put(cells.data(), cells.size() * sizeof(CellLevel));
        }
    }
    return bytes;
}

void unpack_cells(std::vector<std::byte> const& bytes, std::size_t planes,
                  std::vector<SourceCells>& all)
{
    std::size_t at = 0;
    auto const get = [&](void* data, std::size_t size) {
        std::memcpy(data, bytes.data() + at, size);
        at += size;
    };
    while (at < bytes.size()) {
        std::uint64_t index = 0;
        get(&index, sizeof index);
        SourceCells cells(planes);
        for (auto& plane : cells) {
            std::uint64_t count = 0;
            get(&count, sizeof count);
            plane.resize(count);
            if (count > 0) {
                get(plane.data(), count * sizeof(CellLevel));
            }
        }
        all[index] = std::move(cells);
    }
}

/// Sources that share cells with each source and have a higher index.
std::vector<std::vector<std::size_t>> candidate_partners(std::vector<SourceCells> const& all)
{
    std::map<std::int64_t, std::vector<std::size_t>> by_cell;
    for (std::size_t i = 0; i < all.size(); ++i) {
        if (!all[i].empty()) {
            for (CellLevel const& cell : all[i].front()) {
                by_cell[cell.cell].push_back(i);
            }
        }
    }
    std::vector<std::vector<std::size_t>> partners(all.size());
    for (auto const& [cell, members] : by_cell) {
        for (std::size_t k = 0; k < members.size(); ++k) {
            for (std::size_t gap = 1; k + gap < members.size();
                 gap = gap < near_partners ? gap + 1 : gap * 2) {
                partners[members[k]].push_back(members[k + gap]);
            }
        }
    }
    for (auto& list : partners) {
        std::ranges::sort(list);
        auto const rest = std::ranges::unique(list);
        list.erase(rest.begin(), rest.end());
    }
    return partners;
}

/// Differences b - a over the common cells of two sources.
std::vector<double> common_differences(std::vector<CellLevel> const& a,
                                       std::vector<CellLevel> const& b)
{
    std::vector<double> differences;
    auto i = a.begin();
    auto j = b.begin();
    while (i != a.end() && j != b.end()) {
        if (i->cell < j->cell) {
            ++i;
        } else if (j->cell < i->cell) {
            ++j;
        } else {
            differences.push_back(static_cast<double>(j->level) - i->level);
            ++i;
            ++j;
        }
    }
    return differences;
}

double median_of(std::vector<double> values)
{
    auto const middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
    std::nth_element(values.begin(), middle, values.end());
    return *middle;
}

solve::OffsetPair compare(std::size_t a, std::size_t b, std::vector<double> const& differences)
{
    double const center = median_of(differences);
    std::vector<double> deviations;
    deviations.reserve(differences.size());
    for (double const difference : differences) {
        deviations.push_back(std::abs(difference - center));
    }
    double const scatter = sigma_of_mad * median_of(std::move(deviations));
    double const least = 1e-6 * std::max(1.0, std::abs(center));
    return {a, b, center,
            std::max(scatter, least) / std::sqrt(static_cast<double>(differences.size()))};
}

std::vector<solve::OffsetPair> pairs_of_plane(std::vector<SourceCells> const& all,
                                              std::vector<std::vector<std::size_t>> const& partners,
                                              std::size_t plane, double overlap_min)
{
    std::vector<solve::OffsetPair> pairs;
    for (std::size_t a = 0; a < all.size(); ++a) {
        for (std::size_t const b : partners[a]) {
            auto const& cells_a = all[a][plane];
            auto const& cells_b = all[b][plane];
            auto const differences = common_differences(cells_a, cells_b);
            double const wanted =
                overlap_min * static_cast<double>(std::min(cells_a.size(), cells_b.size()));
            if (differences.size() >= least_cells &&
                static_cast<double>(differences.size()) >= wanted) {
                pairs.push_back(compare(a, b, differences));
            }
        }
    }
    return pairs;
}

/// Rank 0: the solution of every plane from all levels.
std::vector<PlaneMatch> solve_planes(std::vector<SourceCells> const& all, std::size_t planes,
                                     double overlap_min)
{
    auto const partners = candidate_partners(all);
    std::vector<PlaneMatch> matches(planes);
    for (std::size_t plane = 0; plane < planes; ++plane) {
        auto const pairs = pairs_of_plane(all, partners, plane, overlap_min);
        std::vector<double> area;
        for (SourceCells const& cells : all) {
            area.push_back(std::max(1.0, static_cast<double>(cells[plane].size())));
        }
        solve::OffsetSolution solution = solve::solve_offsets(all.size(), pairs, area);
        matches[plane] = {pairs.size(), solution.rms_before, solution.rms_after,
                          std::move(solution.offset), std::move(solution.isolated)};
    }
    return matches;
}

void broadcast_matches(comm::Communicator const& comm, std::vector<PlaneMatch>& matches,
                       std::size_t sources)
{
    std::vector<std::byte> bytes;
    for (PlaneMatch const& match : matches) {
        std::size_t const at = bytes.size();
        bytes.resize(at + match.offsets.size() * sizeof(double));
        std::memcpy(bytes.data() + at, match.offsets.data(), match.offsets.size() * sizeof(double));
    }
    comm::broadcast(comm, bytes);
    matches.resize(bytes.size() / (sources * sizeof(double)));
    for (std::size_t plane = 0; plane < matches.size(); ++plane) {
        matches[plane].offsets.resize(sources);
        std::memcpy(matches[plane].offsets.data(), bytes.data() + plane * sources * sizeof(double),
                    sources * sizeof(double));
    }
}
}  // namespace

std::vector<PlaneMatch> match_offsets(std::vector<MosaicSource>& sources, sky::SkyWcs const& grid,
                                      double overlap_min, comm::Communicator const& comm,
                                      Context& context)
{
    engine::CoaddJob job;
    job.grid = &grid;
    job.canvas = grid.bounds();
    job.planes = sources.front().header.geometry.planes;
    job.inputs = place_sources(comm, *context.runner, sources, grid, Weighting::none);
    CellLattice const lattice = make_lattice(job.inputs, job.canvas);

    std::vector<std::size_t> indices;
    for (std::size_t i = static_cast<std::size_t>(comm.rank()); i < sources.size();
         i += static_cast<std::size_t>(comm.size())) {
        indices.push_back(i);
    }
    std::vector<std::pair<std::uint64_t, SourceCells>> own(indices.size());
    comm::agree(comm, "measuring sky levels", [&] {
        context.runner->for_each(indices.size(), [&](std::size_t k, int /*worker*/) {
            own[k] = {indices[k], measure_cells(job, job.inputs[indices[k]], lattice)};
        });
    });
    auto const planes = static_cast<std::size_t>(job.planes);
    auto const gathered = comm::gather(comm, pack_cells(own));
    std::vector<PlaneMatch> matches;
    comm::agree(comm, "photometric solution", [&] {
        if (comm.is_root()) {
            std::vector<SourceCells> all(sources.size(), SourceCells(planes));
            for (auto const& part : gathered) {
                unpack_cells(part, planes, all);
            }
            matches = solve_planes(all, planes, overlap_min);
        }
    });
    broadcast_matches(comm, matches, sources.size());
    for (std::size_t i = 0; i < sources.size(); ++i) {
        for (std::size_t plane = 0; plane < planes; ++plane) {
            sources[i].photometry[plane].offset += matches[plane].offsets[i];
        }
    }
    return matches;
}
}  // namespace sectile::pipeline
