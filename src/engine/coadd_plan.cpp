// SPDX-License-Identifier: BSD-3-Clause
#include "sectile/engine/coadd_plan.hpp"

#include <algorithm>

#include "sectile/io/canvas_file.hpp"

#include "engine/sample_planes.hpp"

namespace sectile::engine
{
namespace
{
/// Cells across a canvas such that several lie across the smallest footprint.
std::int64_t cells_across(std::int64_t canvas, std::int64_t smallest)
{
    constexpr std::int64_t of_footprint = 8;
    constexpr std::int64_t fewest = 16;
    constexpr std::int64_t most = 1024;
    return std::clamp(of_footprint * canvas / std::max<std::int64_t>(1, smallest), fewest, most);
}

/// Most footprints over one place, counted on a coarse lattice of the canvas, from above.
std::int64_t deepest_overlap(std::vector<PlacedSource> const& inputs, core::Box const& canvas)
{
    std::int64_t least_width = canvas.width();
    std::int64_t least_height = canvas.height();
    for (PlacedSource const& input : inputs) {
        if (!input.footprint.empty()) {
            least_width = std::min(least_width, input.footprint.width());
            least_height = std::min(least_height, input.footprint.height());
        }
    }
    std::int64_t const columns = cells_across(canvas.width(), least_width);
    std::int64_t const rows = cells_across(canvas.height(), least_height);
    auto const cell = [](std::int64_t at, std::int64_t size, std::int64_t cells) {
        return std::clamp<std::int64_t>(at * cells / std::max<std::int64_t>(1, size), 0, cells - 1);
    };
    std::vector<std::int32_t> change(static_cast<std::size_t>((columns + 1) * (rows + 1)), 0);
    auto const at = [&](std::int64_t x, std::int64_t y) -> std::int32_t& {
        return change[static_cast<std::size_t>(y * (columns + 1) + x)];
    };
    for (PlacedSource const& input : inputs) {
        core::Box const box = input.footprint.clipped_to(canvas).shifted_by(-canvas.x0, -canvas.y0);
        if (box.empty()) {
            continue;
        }
        std::int64_t const x0 = cell(box.x0, canvas.width(), columns);
        std::int64_t const x1 = cell(box.x1 - 1, canvas.width(), columns) + 1;
        std::int64_t const y0 = cell(box.y0, canvas.height(), rows);
        std::int64_t const y1 = cell(box.y1 - 1, canvas.height(), rows) + 1;
        ++at(x0, y0);
        --at(x1, y0);
        --at(x0, y1);
        ++at(x1, y1);
    }
    std::int64_t deepest = 1;
    std::vector<std::int64_t> above(static_cast<std::size_t>(columns + 1), 0);
    for (std::int64_t y = 0; y <= rows; ++y) {
        std::int64_t along = 0;
        for (std::int64_t x = 0; x <= columns; ++x) {
            along += at(x, y);
            above[static_cast<std::size_t>(x)] += along;
            deepest = std::max(deepest, above[static_cast<std::size_t>(x)]);
        }
    }
    return deepest;
}
}  // namespace

int sample_planes(CoaddJob const& job)
{
    int planes = 0;
    for (PlacedSource const& input : job.inputs) {
        planes = std::max(planes, sample_planes(job, input));
    }
    return planes;
}

plan::Decomposition cut_canvas(CoaddJob const& job, int ranks, std::int64_t rows,
                               std::int64_t columns)
{
    std::vector<core::Box> footprints;
    footprints.reserve(job.inputs.size());
    for (PlacedSource const& input : job.inputs) {
        footprints.push_back(input.footprint.clipped_to(job.canvas));
    }
    return plan::decompose_canvas(job.canvas, footprints, ranks, rows,
                                  std::max<std::int64_t>(1, columns),
                                  io::canvas_chunk_rows(job.canvas.height()));
}

plan::JobSize job_size(CoaddJob const& job, Route route)
{
    plan::JobSize size;
    size.width = job.canvas.width();
    size.height = job.canvas.height();
    size.planes = job.planes;
    size.sources = static_cast<std::int64_t>(job.inputs.size());
    size.depth = deepest_overlap(job.inputs, job.canvas);
    size.running_mean = job.recipe.combine.is_running_mean();
    size.rejection_maps = job.rejection_maps;
    size.route = route;
    size.sample_planes = sample_planes(job);
    size.kernel_margin = compute::kernel_margin(job.recipe.resample.kernel);
    size.row_alignment = static_cast<int>(io::canvas_chunk_rows(size.height));
    for (PlacedSource const& input : job.inputs) {
        source::PixelSource const& pixels = *input.pixels;
        size.source_width = std::max(size.source_width, pixels.bounds().width());
        size.source_height = std::max(size.source_height, pixels.bounds().height());
        size.source_planes = std::max(size.source_planes, pixels.held_planes());
        size.stored_bytes = std::max(size.stored_bytes, pixels.stored_bytes());
        size.row_spread = std::max(size.row_spread, input.row_spread);
        size.cross_spread = std::max(size.cross_spread, input.cross_spread);
        size.map_spacing = std::min(size.map_spacing, input.map_spacing);
        size.load_planes = std::max(size.load_planes, pixels.planes_while_reading());
        size.load_margin = std::max(size.load_margin, pixels.margin_while_reading());
        size.open_bytes = std::max(size.open_bytes, pixels.bytes_while_open());
    }
    return size;
}

plan::JobSize coadd_size(plan::PlanKind kind, CoaddJob const& job, int team_size, int rank,
                         compute::Backend const& backend, Route route)
{
    plan::JobSize size = job_size(job, route);
    size.worker_scratch = static_cast<std::int64_t>(backend.scratch_bytes(
        job.planes, static_cast<std::size_t>(size.running_mean ? 1 : size.depth)));
    size.ranks = team_size;
    size.ranks_of_sink = kind == plan::PlanKind::master_tiles ? team_size : 1;
    size.rows_wait = kind == plan::PlanKind::master_tiles;
    size.can_spill = route == Route::pull && !size.running_mean;
    size.places.canvas = job.canvas;
    size.places.bands = cut_canvas(job, team_size, size.height, size.width).bands;
    size.places.rank = rank;
    for (PlacedSource const& input : job.inputs) {
        core::Box const frame = input.pixels->bounds();
        size.places.sources.push_back({input.footprint, frame.width(), frame.height(),
                                       input.row_spread, input.cross_spread, input.home});
    }
    return size;
}

CoaddExecution plan_coadd(plan::PlanKind kind, CoaddJob const& job, Route route,
                          CoaddSeat const& seat, compute::Backend const& backend,
                          plan::ParallelOptions const& options)
{
    CoaddExecution execution;
    execution.size = coadd_size(kind, job, seat.ranks, seat.rank, backend, route);
    execution.plan = plan::make_parallel_plan(kind, execution.size, seat.node, options);
    execution.decomposition = cut_canvas(job, seat.ranks, execution.plan.rows_per_chunk,
                                         execution.plan.columns_per_chunk);
    return execution;
}

Team team_of(machine::Crew& crew, comm::Communicator const& members)
{
    return {members, &crew.backend(), &crew.runner(), nullptr, crew.scratch()};
}

void note_ladder(LadderSteps const& steps, plan::PlanKind kind, machine::Crew& crew)
{
    auto const note = [&](int count, std::string const& step) {
        for (int i = 0; i < count; ++i) {
            crew.note(std::string(plan::name_of(kind)) + ": " + step);
        }
    };
    note(steps.rows_halved, "rows per chunk halved because memory ran out");
    note(steps.workers_halved, "workers halved because memory ran out");
    note(steps.left_device, "the device was left for the processor");
    note(steps.spilled, "stacks were kept on disk because memory ran out");
}
}  // namespace sectile::engine
