// SPDX-License-Identifier: BSD-3-Clause
#include "sectile/plan/parallel_plan.hpp"

#include <algorithm>
#include <cmath>

#include "sectile/core/error.hpp"

#include "plan/chunk_search.hpp"
#include "plan/memory_model.hpp"

namespace sectile::plan
{
namespace
{
/// Of a plane of the canvas: read once, and written once more by the export.
constexpr std::int64_t finish_plane_bytes = 2 * 12;

bool is_coadd(PlanKind kind)
{
    return kind == PlanKind::master_tiles || kind == PlanKind::phase5_reproject ||
           kind == PlanKind::mosaic_first;
}

std::string bytes_text(std::int64_t bytes)
{
    constexpr std::int64_t mebibyte = std::int64_t{1} << 20;
    return std::to_string((bytes + mebibyte - 1) / mebibyte) + " MiB";
}

std::int64_t budget_of(Capabilities const& node, ParallelOptions const& options)
{
    double const share = options.target_ram_fraction *
                         static_cast<double>(std::max<std::int64_t>(node.ram_available, 0));
    auto budget = static_cast<std::int64_t>(share / node.ranks_on_node);
    if (options.ram_limit > 0) {
        budget = std::min(budget, options.ram_limit / node.ranks_on_node - node.resident);
    }
    return std::max<std::int64_t>(budget, 0);
}

/// Memory of the node that would give each rank `bytes`.
[[noreturn]] void refuse(PlanKind kind, std::int64_t bytes, std::int64_t budget,
                         Capabilities const& node, ParallelOptions const& options)
{
    std::int64_t const limit = options.ram_limit / node.ranks_on_node - node.resident;
    bool const limited = options.ram_limit > 0 && std::max<std::int64_t>(limit, 0) == budget;
    double const of_node =
        static_cast<double>(bytes + (limited ? node.resident : 0)) * node.ranks_on_node;
    // A little above the exact quotient, so that following the advice works despite rounding.
    double const least =
        limited ? of_node : of_node / options.target_ram_fraction * (1.0 + 1e-9) + 1.0;
    throw core::ConfigError(core::sentence(
        "phase " + std::string(name_of(kind)) + " does not fit into memory",
        "each of the " + std::to_string(node.ranks_on_node) + " ranks of the node may use " +
            bytes_text(budget) + " more than it holds and needs at least " + bytes_text(bytes),
        limited ? "raise ram_limit to " + bytes_text(static_cast<std::int64_t>(least)) +
                      " or start fewer ranks per node"
                : "use a node with " + bytes_text(static_cast<std::int64_t>(least)) +
                      " of available memory or start fewer ranks per node"));
}

void check(JobSize const& job, Capabilities const& node, ParallelOptions const& options)
{
    core::require(job.width >= 1 && job.height >= 1 && job.planes >= 1,
                  "a planned job has destination pixels");
    core::require(job.source_width >= 0 && job.source_height >= 0 && job.source_planes >= 0 &&
                      job.sources >= 0 && job.depth >= 0 && job.row_spread >= 0.0 &&
                      std::isfinite(job.row_spread) && job.cross_spread >= 0.0 &&
                      std::isfinite(job.cross_spread),
                  "sizes of a planned job are not negative");
    core::require(node.cores >= 1 && node.ranks_on_node >= 1, "a node has cores and ranks");
    if (!(options.target_ram_fraction > 0.0 && options.target_ram_fraction <= 1.0)) {
        throw core::ConfigError(core::sentence("parallel_target_ram_fraction cannot be used",
                                               "it must lie above 0 and at most at 1", "try 0.75"));
    }
    if (!(options.target_cpu_load > 0.0 && options.target_cpu_load <= 1.0)) {
        throw core::ConfigError(core::sentence("parallel_target_cpu_load cannot be used",
                                               "it must lie above 0 and at most at 1", "try 0.85"));
    }
    if (options.max_cpu_workers < 0 || options.ram_limit < 0 || options.vram_limit < 0 ||
        options.rows_per_chunk < 0) {
        throw core::ConfigError(core::sentence(
            "a limit of the parallel plan cannot be used",
            "parallel_max_cpu_workers, ram_limit, vram_limit or the forced rows are negative",
            "use 0 for automatic"));
    }
}

/// Rows that fit on the device beside one batch of windows: the strip of the plan if it does, else
/// the most that do. One job at a time per device.
void plan_gpu(ParallelPlan& plan, MemoryModel const& model, Capabilities const& node,
              ParallelOptions const& options)
{
    auto budget =
        static_cast<std::int64_t>(options.gpu_vram_fraction * static_cast<double>(node.vram_free));
    if (options.vram_limit > 0) {
        budget = std::min(budget, options.vram_limit);
    }
    if (!is_coadd(plan.kind) || node.gpus < 1 || !options.use_gpu) {
        return;
    }
    ChunkShape shape{1, 1, plan.columns_per_chunk, plan.tiles_per_chunk};
    auto const bytes = [&](std::int64_t rows) {
        shape.rows = rows;
        return model.strip_bytes(shape) + model.window_bytes(shape);
    };
    std::int64_t const least = std::min(good_rows, plan.rows_per_chunk);
    if (bytes(least) > budget) {
        return;
    }
    plan.use_gpu = true;
    plan.gpu_rows_per_chunk = largest_that(
        least, plan.rows_per_chunk, [&](std::int64_t rows) { return bytes(rows) <= budget; });
    plan.gpu_max_chunk_bytes = bytes(plan.gpu_rows_per_chunk);
}
}  // namespace

int plan_workers(int cores, ParallelOptions const& options)
{
    constexpr int few_cores = 8;
    core::require(cores >= 1, "a rank owns at least one core");
    int workers = cores;
    if (options.autotune) {
        // The slack keeps products such as 0.85 * 20, which is 17 and a rounding, from rounding up.
        workers = static_cast<int>(std::ceil(options.target_cpu_load * cores - 1e-9));
        if (cores > few_cores) {
            workers = std::clamp(workers, static_cast<int>(std::ceil(0.75 * cores - 1e-9)),
                                 static_cast<int>(std::floor(0.90 * cores + 1e-9)));
        }
    }
    if (options.max_cpu_workers > 0) {
        workers = std::min(workers, options.max_cpu_workers);
    }
    return std::clamp(workers, 1, cores);
}

std::int64_t least_bytes(PlanKind kind, JobSize const& job)
{
    MemoryModel const model(job);
    if (kind == PlanKind::finish) {
        return job.held_bytes;
    }
    if (!is_coadd(kind)) {
        return model.pieces_bytes(1, 1);
    }
    return ChunkSearch(model, 0, 1, 0).least_bytes();
}

void require_memory(PlanKind kind, std::int64_t bytes, Capabilities const& node,
                    ParallelOptions const& options)
{
    if (std::int64_t const budget = budget_of(node, options); bytes > budget) {
        refuse(kind, bytes, budget, node, options);
    }
}

ParallelPlan make_parallel_plan(PlanKind kind, JobSize const& job, Capabilities const& node,
                                ParallelOptions const& options)
{
    check(job, node, options);
    std::int64_t const budget = budget_of(node, options);
    int const workers = plan_workers(node.cores, options);
    MemoryModel const model(job);
    ParallelPlan plan;
    plan.kind = kind;
    ChunkShape shape;
    if (kind == PlanKind::ingest || kind == PlanKind::photometry) {
        shape = pieces_shape(model, workers, options.rows_per_chunk, budget);
        plan.predicted_peak_bytes = model.pieces_bytes(shape.workers, shape.rows);
        plan.max_chunk_bytes = model.pieces_bytes(1, shape.rows) - job.held_bytes;
        plan.predicted_io_bytes = model.source_bytes();
    } else if (kind == PlanKind::finish) {
        // One writer, rows as they come: nothing here could be made smaller.
        shape = {1, 1, job.width, 1};
        plan.predicted_peak_bytes = job.held_bytes;
        plan.max_chunk_bytes = job.held_bytes;
        plan.predicted_io_bytes = job.width * job.height * (job.planes * finish_plane_bytes + 1);
    } else {
        shape = ChunkSearch(model, budget, workers, options.rows_per_chunk).find();
        plan.predicted_peak_bytes = model.peak_bytes(shape);
        plan.predicted_io_bytes = model.io_bytes(shape);
    }
    if (plan.predicted_peak_bytes > budget) {
        refuse(kind, plan.predicted_peak_bytes, budget, node, options);
    }
    if (is_coadd(kind)) {
        MemoryModel const own(job, job.places.rank);
        plan.predicted_peak_bytes = own.peak_bytes(shape);
        plan.max_chunk_bytes = own.strip_bytes(shape) + own.window_bytes(shape);
    }
    plan.use_memmap = shape.spills;
    plan.cpu_workers = shape.workers;
    plan.rows_per_chunk = shape.rows;
    plan.columns_per_chunk = shape.columns;
    plan.tiles_per_chunk = std::max<std::int64_t>(shape.batch, 1);
    plan.budget_bytes = budget;
    plan.added_bytes = plan.predicted_peak_bytes;
    plan.predicted_peak_bytes += node.resident;
    plan_gpu(plan, model, node, options);
    return plan;
}

char const* name_of(PlanKind kind)
{
    switch (kind) {
        case PlanKind::ingest:
            return "ingest";
        case PlanKind::master_tiles:
            return "master_tiles";
        case PlanKind::phase5_reproject:
            return "phase5_reproject";
        case PlanKind::mosaic_first:
            return "mosaic_first";
        case PlanKind::photometry:
            return "photometry";
        case PlanKind::finish:
            return "finish";
    }
    return "unknown";
}

std::string summary_line(ParallelPlan const& plan)
{
    auto const field = [](char const* name, std::int64_t value) {
        return std::string(" ") + name + "=" + std::to_string(value);
    };
    return std::string("parallel_plan_summary phase=") + name_of(plan.kind) +
           field("cpu_workers", plan.cpu_workers) + field("use_gpu", plan.use_gpu ? 1 : 0) +
           field("rows_per_chunk", plan.rows_per_chunk) +
           field("columns_per_chunk", plan.columns_per_chunk) +
           field("tiles_per_chunk", plan.tiles_per_chunk) +
           field("max_chunk_bytes", plan.max_chunk_bytes) +
           field("gpu_rows_per_chunk", plan.gpu_rows_per_chunk) +
           field("use_memmap", plan.use_memmap ? 1 : 0) + field("budget_bytes", plan.budget_bytes) +
           field("predicted_peak_bytes", plan.predicted_peak_bytes) +
           field("predicted_io_bytes", plan.predicted_io_bytes);
}
}  // namespace sectile::plan
