// SPDX-License-Identifier: BSD-3-Clause
#include "sectile/plan/parallel_plan.hpp"

#include <algorithm>
#include <cmath>

#include "sectile/core/error.hpp"

#include "plan/memory_model.hpp"

namespace sectile::plan
{
namespace
{
/// Rows below which a strip is not made thinner while workers can be given up instead: thinner
/// strips read the margin of every source window again and again (16 rows on 64: a quarter more).
constexpr std::int64_t row_floor = 64;

/// Bytes of the strips in flight beyond which taller ones bring nothing: the margins of the windows
/// are a few per cent by then, and reading, computing and writing overlap strip by strip. Keeps the
/// memory of a run independent of the canvas.
constexpr std::int64_t strip_target = std::int64_t{64} << 20;
/// And rows that are worth having whatever the width: the margins are 6 % of them.
constexpr std::int64_t useful_rows = 256;

/// Columns below which a strip is not made narrower: one block of the combine kernels.
constexpr std::int64_t column_floor = 64;

/// Windows beyond one per worker hide reading behind computing; more than four bring nothing.
constexpr std::int64_t windows_per_worker = 4;

/// Of a plane of the canvas: read once, and written once more by the export.
constexpr std::int64_t finish_plane_bytes = 2 * 12;

/// Largest value in [low, high] for which `fits` holds, given that it holds for `low` and, when it
/// fails for a value, fails for all larger ones.
template <class Fits>
std::int64_t largest_that(std::int64_t low, std::int64_t high, Fits const& fits)
{
    while (low < high) {
        std::int64_t const middle = low + (high - low + 1) / 2;
        if (fits(middle)) {
            low = middle;
        } else {
            high = middle - 1;
        }
    }
    return low;
}

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

/// Sources read piece by piece, one per worker: fewer rows, then fewer workers.
ChunkShape pieces_shape(MemoryModel const& model, int workers, std::int64_t forced_rows,
                        std::int64_t budget)
{
    JobSize const& job = model.job();
    workers =
        static_cast<int>(std::min<std::int64_t>(workers, std::max<std::int64_t>(job.sources, 1)));
    ChunkShape shape{workers, 1, job.width, workers};
    auto const fits = [&](std::int64_t count, std::int64_t rows) {
        return model.pieces_bytes(static_cast<int>(count), rows) <= budget;
    };
    std::int64_t const most = forced_rows > 0 ? std::min(forced_rows, job.height) : job.height;
    std::int64_t const least = std::min(row_floor, most);
    shape.workers = static_cast<int>(
        largest_that(1, workers, [&](std::int64_t count) { return fits(count, least); }));
    auto const useful = [&](std::int64_t rows) {
        return model.pieces_bytes(1, rows) - job.held_bytes <= strip_target;
    };
    // Taller pieces only once all workers have their share: less memory never gives taller ones.
    shape.rows = largest_that(1, shape.workers < workers ? least : most, [&](std::int64_t rows) {
        return (rows <= least || useful(rows)) && fits(shape.workers, rows);
    });
    shape.batch = shape.workers;
    return shape;
}

/// Gives up, in this order and each only as far as needed: rows down to the floor, windows held at
/// once, workers, rows down to one, columns. Every step is entered only when the one before does
/// not fit, so less memory never gives taller strips.
class ShapeFinder
{
  public:
    ShapeFinder(MemoryModel const& model, std::int64_t budget) : model_(model), budget_(budget) {}

    [[nodiscard]] ChunkShape find(int workers, std::int64_t forced_rows) const
    {
        JobSize const& job = model_.job();
        std::int64_t const tallest =
            forced_rows > 0 ? std::min(forced_rows, job.height) : tallest_useful(workers);
        std::int64_t const floor_rows = forced_rows > 0 ? tallest : std::min(row_floor, tallest);
        ChunkShape shape{workers, floor_rows, job.width, 1};
        shape.batch = most_windows(shape, 1);
        if (fits(shape)) {
            shape.rows = largest_fitting(shape, &ChunkShape::rows, floor_rows, tallest);
            shape.batch = largest_fitting(shape, &ChunkShape::batch, shape.batch,
                                          most_windows(shape, windows_per_worker));
            return shape;
        }
        shape.batch = least_windows(shape);
        if (fits(shape)) {
            shape.batch =
                largest_fitting(shape, &ChunkShape::batch, shape.batch, most_windows(shape, 1));
            return shape;
        }
        return smaller(shape);
    }

  private:
    /// Rows of a strip beyond which memory buys nothing.
    [[nodiscard]] std::int64_t tallest_useful(int workers) const
    {
        JobSize const& job = model_.job();
        std::int64_t const row =
            std::max<std::int64_t>(1, model_.strip_bytes({workers, 1, job.width, 1}));
        return std::min(job.height, std::max(useful_rows, strip_target / row));
    }

    [[nodiscard]] ChunkShape smaller(ChunkShape shape) const
    {
        int const workers = shape.workers;
        shape.workers = 1;
        if (fits(shape)) {
            shape.workers = static_cast<int>(largest_that(1, workers, [&](std::int64_t count) {
                ChunkShape changed = shape;
                changed.workers = static_cast<int>(count);
                return fits(changed);
            }));
            return shape;
        }
        std::int64_t const rows = shape.rows;
        shape.rows = 1;
        if (fits(shape)) {
            shape.rows = largest_fitting(shape, &ChunkShape::rows, 1, rows);
            return shape;
        }
        std::int64_t const width = shape.columns;
        shape.columns = std::min(width, column_floor);
        shape.batch = least_windows(shape);
        if (fits(shape)) {
            shape.columns = largest_that(shape.columns, width, [&](std::int64_t columns) {
                ChunkShape changed = shape;
                changed.columns = columns;
                changed.batch = least_windows(changed);
                return fits(changed);
            });
            shape.batch = least_windows(shape);
        }
        return shape;
    }

    [[nodiscard]] bool fits(ChunkShape const& shape) const
    {
        return model_.peak_bytes(shape) <= budget_;
    }

    [[nodiscard]] std::int64_t largest_fitting(ChunkShape shape, std::int64_t ChunkShape::*field,
                                               std::int64_t low, std::int64_t high) const
    {
        return largest_that(low, std::max(low, high), [&](std::int64_t value) {
            shape.*field = value;
            return fits(shape);
        });
    }

    /// A stack needs all windows of its strip; sums need one at a time.
    [[nodiscard]] std::int64_t least_windows(ChunkShape const& shape) const
    {
        return model_.job().running_mean ? std::min<std::int64_t>(1, model_.job().sources)
                                         : model_.sources_of_strip(shape.columns);
    }

    [[nodiscard]] std::int64_t most_windows(ChunkShape const& shape, std::int64_t per_worker) const
    {
        return model_.job().running_mean
                   ? std::min(per_worker * shape.workers, model_.job().sources)
                   : model_.sources_of_strip(shape.columns);
    }

    MemoryModel const& model_;
    std::int64_t budget_;
};
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
    std::int64_t const least = std::min<std::int64_t>(row_floor, plan.rows_per_chunk);
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
    return model.peak_bytes(ShapeFinder(model, 0).find(1, 0));
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
        shape = ShapeFinder(model, budget).find(workers, options.rows_per_chunk);
        plan.predicted_peak_bytes = model.peak_bytes(shape);
        plan.max_chunk_bytes = model.strip_bytes(shape) + model.window_bytes(shape);
        plan.predicted_io_bytes = model.io_bytes(shape);
    }
    if (plan.predicted_peak_bytes > budget && kind != PlanKind::finish) {
        refuse(kind, plan.predicted_peak_bytes, budget, node, options);
    }
    plan.cpu_workers = shape.workers;
    plan.rows_per_chunk = shape.rows;
    plan.columns_per_chunk = shape.columns;
    plan.tiles_per_chunk = std::max<std::int64_t>(shape.batch, 1);
    plan.budget_bytes = budget;
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
