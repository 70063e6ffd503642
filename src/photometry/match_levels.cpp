// SPDX-License-Identifier: BSD-3-Clause
#include "sectile/photometry/match_levels.hpp"

#include <algorithm>
#include <span>
#include <utility>

#include "sectile/comm/share.hpp"
#include "sectile/engine/coadd_plan.hpp"

#include "photometry/common_sky.hpp"
#include "photometry/pair_planes.hpp"
#include "photometry/sky_cells.hpp"

namespace sectile::photometry
{
namespace
{
/// Levels as they are after the gains that the sources have.
void apply_gains(SourceCells& cells, std::vector<compute::Photometry> const& photometry)
{
    for (std::size_t c = 0; c < cells.size(); ++c) {
        for (CellLevel& cell : cells[c]) {
            cell.level = static_cast<float>(photometry[c].gain * cell.level);
        }
    }
}

std::int64_t rows_of(CellLattice const& lattice, core::Box const& canvas)
{
    return canvas.height() / lattice.side + 1;
}

/// Cells of the sources of this rank; on rank 0 those of all, as they arrive together and apart,
/// and the pairs that are compared.
std::int64_t bytes_held(engine::CoaddJob const& job, CellLattice const& lattice, int ranks,
                        int rank)
{
    constexpr std::int64_t pair_bytes = 128;
    constexpr std::int64_t pairs_of_source = 32;
    constexpr std::int64_t solution_bytes = std::int64_t{2} << 20;  // and the files being read
    std::int64_t cells = 0;
    for (engine::PlacedSource const& input : job.inputs) {
        cells += most_cells_of(input.footprint, lattice);
    }
    std::int64_t const all = cells * job.planes * static_cast<std::int64_t>(sizeof(CellLevel));
    std::int64_t const own = all / ranks;
    if (rank != 0) {
        return own + solution_bytes;
    }
    return solution_bytes + (ranks > 1 ? 2 * all + own : all) +
           std::ssize(job.inputs) * pairs_of_source * pair_bytes;
}

}  // namespace

plan::ParallelPlan plan_match(engine::CoaddJob const& job, int ranks, int rank,
                              plan::Capabilities const& node, plan::ParallelOptions const& options)
{
    plan::JobSize size = engine::job_size(job, engine::Route::pull);
    // Of a tile only the science is read; of a frame its weights too, for what they mask.
    size.source_planes = 0;
    for (engine::PlacedSource const& input : job.inputs) {
        bool const is_tile = input.kind == engine::SourceKind::tile;
        int const planes = is_tile ? input.pixels->planes() : input.pixels->held_planes();
        size.source_planes = std::max(size.source_planes, planes);
        size.stored_bytes = is_tile ? planes * std::int64_t{4} : size.stored_bytes;
    }
    size.held_bytes =
        bytes_held(job, make_lattice(job.inputs, job.canvas), ranks, std::max(rank, 0));
    return plan::make_parallel_plan(plan::PlanKind::photometry, size, node, options);
}

std::vector<PlaneMatch> match_photometry(engine::CoaddJob& job, MatchOptions const& options,
                                         plan::ParallelPlan const& plan,
                                         comm::Communicator const& comm, machine::Crew& crew)
{
    std::vector<engine::PlacedSource>& sources = job.inputs;
    CellLattice const lattice = make_lattice(sources, job.canvas);

    std::vector<std::size_t> indices;
    for (std::size_t i = static_cast<std::size_t>(comm.rank()); i < sources.size();
         i += static_cast<std::size_t>(comm.size())) {
        indices.push_back(i);
    }
    std::vector<IndexedCells> own(indices.size());
    comm::agree(comm, "measuring sky levels", [&] {
        crew.keep_to(plan);
        crew.for_each_item(options.progress, indices.size(), [&](std::size_t k) {
            engine::PlacedSource const& input = sources[indices[k]];
            own[k] = {indices[k], measure_cells(job, input, lattice, plan.rows_per_chunk)};
            apply_gains(own[k].cells, input.photometry);
        });
    });
    crew.release_plan();
    auto const planes = static_cast<std::size_t>(job.planes);
    std::vector<SourceCells> const all = gather_cells(comm, std::move(own), sources.size(), planes);
    std::vector<PlaneMatch> matches = comm::broadcast_made(comm, "photometric solution", [&] {
        std::vector<core::Box> footprints;
        for (engine::PlacedSource const& input : sources) {
            footprints.push_back(input.footprint);
        }
        auto solved = solve_planes(all, footprints, lattice, options, crew.runner());
        std::int64_t const rows = rows_of(lattice, job.canvas);
        constexpr std::int64_t most_cells = std::int64_t{4} << 20;
        if (options.wants_sky && lattice.columns * rows <= most_cells) {
            for (std::size_t plane = 0; plane < solved.size(); ++plane) {
                solved[plane].sky =
                    common_sky(all, plane, solved[plane].corrections, lattice, rows);
            }
        }
        return solved;
    });
    for (std::size_t i = 0; i < sources.size(); ++i) {
        for (std::size_t plane = 0; plane < planes; ++plane) {
            matches[plane].corrections[i].gain = sources[i].photometry[plane].gain;
            sources[i].photometry[plane] = matches[plane].corrections[i];
        }
    }
    return matches;
}

std::shared_ptr<compute::SkyLattice const> matched_sky(engine::CoaddJob const& job,
                                                       std::vector<PlaneMatch> const& matches,
                                                       std::span<double const> offset)
{
    if (matches.empty() || matches.front().sky.empty()) {
        return nullptr;
    }
    CellLattice const lattice = make_lattice(job.inputs, job.canvas);
    auto sky = std::make_shared<compute::SkyLattice>();
    sky->side = lattice.side;
    sky->columns = lattice.columns;
    sky->rows = rows_of(lattice, job.canvas);
    for (std::size_t plane = 0; plane < matches.size(); ++plane) {
        sky->level.push_back(matches[plane].sky);
        for (float& level : sky->level.back()) {
            level -= static_cast<float>(plane < offset.size() ? offset[plane] : 0.0);
        }
    }
    return sky;
}
}  // namespace sectile::photometry
