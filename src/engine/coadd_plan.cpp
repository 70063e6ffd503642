// SPDX-License-Identifier: BSD-3-Clause
#include "sectile/engine/coadd_plan.hpp"

#include <algorithm>
#include <array>

namespace sectile::engine
{
namespace
{
/// Most footprints over one place, counted on a coarse lattice of the canvas.
std::int64_t deepest_overlap(std::vector<PlacedSource> const& inputs, core::Box const& canvas)
{
    constexpr std::int64_t cells = 64;
    std::array<std::array<std::int32_t, cells + 1>, cells + 1> change{};
    auto const cell = [](std::int64_t at, std::int64_t size) {
        return static_cast<std::size_t>(
            std::clamp<std::int64_t>(at * cells / std::max<std::int64_t>(1, size), 0, cells - 1));
    };
    for (PlacedSource const& input : inputs) {
        core::Box const box = input.footprint.clipped_to(canvas);
        if (box.empty()) {
            continue;
        }
        std::size_t const x0 = cell(box.x0, canvas.width());
        std::size_t const x1 = cell(box.x1 - 1, canvas.width()) + 1;
        std::size_t const y0 = cell(box.y0, canvas.height());
        std::size_t const y1 = cell(box.y1 - 1, canvas.height()) + 1;
        ++change[y0][x0];
        --change[y0][x1];
        --change[y1][x0];
        ++change[y1][x1];
    }
    std::int64_t deepest = 1;
    std::array<std::int64_t, cells + 1> above{};
    for (auto const& row : change) {
        std::int64_t along = 0;
        for (std::size_t x = 0; x <= cells; ++x) {
            along += row[x];
            above[x] += along;
            deepest = std::max(deepest, above[x]);
        }
    }
    return deepest;
}
}  // namespace

int sample_planes(CoaddJob const& job)
{
    bool const with_excess = job.recipe.output_weight == compute::OutputWeight::inverse_variance;
    return (with_excess ? 4 : 3) * job.planes;
}

plan::JobSize job_size(CoaddJob const& job, Route route)
{
    plan::JobSize size;
    size.width = job.canvas.width();
    size.height = job.canvas.height();
    size.planes = job.planes;
    size.sources = static_cast<std::int64_t>(job.inputs.size());
    size.depth = deepest_overlap(job.inputs, job.canvas);
    size.running_mean = job.recipe.combine.is_running_mean() && route == Route::pull;
    size.rejection_maps = job.rejection_maps;
    for (PlacedSource const& input : job.inputs) {
        core::Box const frame = input.pixels->bounds();
        size.source_width = std::max(size.source_width, frame.width());
        size.source_height = std::max(size.source_height, frame.height());
        size.source_planes = std::max(size.source_planes, input.pixels->held_planes());
        size.row_spread = std::max(size.row_spread, input.row_spread);
        size.cross_spread = std::max(size.cross_spread, input.cross_spread);
    }
    for (PlacedSource const& input : job.inputs) {
        size.load_planes = std::max(size.load_planes, input.pixels->planes_while_reading());
        size.load_margin = std::max(size.load_margin, input.pixels->margin_while_reading());
        size.open_bytes = std::max(size.open_bytes, input.pixels->bytes_while_open());
    }
    if (route == Route::push) {
        size.source_planes = std::max(size.source_planes, sample_planes(job));
    }
    return size;
}

plan::JobSize coadd_size(plan::PlanKind kind, CoaddJob const& job, int team_size,
                         compute::Backend const& backend, Route route)
{
    plan::JobSize size = job_size(job, route);
    size.worker_scratch = static_cast<std::int64_t>(backend.scratch_bytes(
        job.planes, static_cast<std::size_t>(size.running_mean ? 1 : size.depth)));
    size.ranks_of_sink = kind == plan::PlanKind::master_tiles ? team_size : 1;
    return size;
}

CoaddExecution plan_execution(plan::PlanKind kind, CoaddJob const& job,
                              comm::Communicator const& comm, machine::Crew& crew, Route route)
{
    CoaddExecution execution;
    comm::agree(comm, "planning", [&] {
        plan::JobSize const size = coadd_size(kind, job, comm.size(), crew.backend(), route);
        execution.plan = plan::make_parallel_plan(kind, size, crew.node_now(), crew.options());
    });
    // The rounds must be the same everywhere: the smallest strip any rank can afford.
    execution.plan.rows_per_chunk = -comm::all_reduce_max(comm, -execution.plan.rows_per_chunk);
    execution.plan.columns_per_chunk =
        -comm::all_reduce_max(comm, -execution.plan.columns_per_chunk);
    std::vector<core::Box> footprints;
    for (PlacedSource const& input : job.inputs) {
        footprints.push_back(input.footprint.clipped_to(job.canvas));
    }
    execution.decomposition = plan::decompose_canvas(
        job.canvas, footprints, comm.size(), execution.plan.rows_per_chunk,
        std::max<std::int64_t>(1, execution.plan.columns_per_chunk), band_alignment);
    crew.keep_to(execution.plan);
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
