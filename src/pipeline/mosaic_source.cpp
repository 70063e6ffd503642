// SPDX-License-Identifier: BSD-3-Clause
#include "pipeline/mosaic_source.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <span>

#include "sectile/core/error.hpp"
#include "sectile/sky/make_grid_map.hpp"

namespace sectile::pipeline
{
namespace
{
/// Destination pixels added around a footprint, so that no pixel which a kernel can reach is left
/// out.
constexpr int footprint_margin = 2;
/// Chunk rows of the canvas file: strips that start on them are written without sharing chunks.
constexpr std::int64_t band_alignment = 64;

/// What a placement costs to compute, in plain numbers for the travel between ranks.
struct Placement
{
    core::Box footprint;
    std::int64_t spacing = 1;
    double row_spread = 1.0;    ///< source pixels per destination pixel along the same axis
    double cross_spread = 0.0;  ///< and along the other axis
};

/// How far the source moves, at the middle of the footprint, per destination pixel.
void measure_spread(sky::SkyWcs const& grid, sky::SkyWcs const& source, Placement& placement)
{
    core::Box const& box = placement.footprint;
    double const x = 0.5 * static_cast<double>(box.x0 + box.x1);
    double const y = 0.5 * static_cast<double>(box.y0 + box.y1);
    sky::PixelPos const here = source.sky_to_pixel(grid.pixel_to_sky({x, y}));
    sky::PixelPos const right = source.sky_to_pixel(grid.pixel_to_sky({x + 1.0, y}));
    sky::PixelPos const up = source.sky_to_pixel(grid.pixel_to_sky({x, y + 1.0}));
    double const along = std::max(std::abs(right.x - here.x), std::abs(up.y - here.y));
    double const across = std::max(std::abs(right.y - here.y), std::abs(up.x - here.x));
    if (std::isfinite(along) && std::isfinite(across)) {
        placement.row_spread = along;
        placement.cross_spread = across;
    }
}

Placement place(sky::SkyWcs const& shared_grid, MosaicSource const& source)
{
    // Transforms use scratch inside the system they belong to: a copy for this thread.
    sky::SkyWcs const grid(shared_grid);  // NOLINT(performance-unnecessary-copy-initialization)
    sky::SkyWcs const wcs(source.header.wcs);
    Placement placement;
    placement.footprint = sky::footprint_box(grid, grid.bounds(), wcs, footprint_margin);
    if (!placement.footprint.empty()) {
        placement.spacing = sky::choose_map_spacing(grid, wcs, placement.footprint);
        measure_spread(grid, wcs, placement);
    }
    return placement;
}

std::vector<Placement> place_all(comm::Communicator const& comm, engine::TbbRunner& runner,
                                 std::vector<MosaicSource> const& sources, sky::SkyWcs const& grid)
{
    std::size_t const ranks = static_cast<std::size_t>(comm.size());
    std::size_t const rank = static_cast<std::size_t>(comm.rank());
    std::size_t const first = sources.size() * rank / ranks;
    std::size_t const last = sources.size() * (rank + 1) / ranks;
    std::vector<Placement> own(last - first);
    comm::agree(comm, "placing the sources on the grid", [&] {
        runner.for_each(own.size(), [&](std::size_t i, int /*worker*/) {
            own[i] = place(grid, sources[first + i]);
        });
    });
    std::vector<Placement> all;
    for (auto const& part : comm::all_gather(comm, std::as_bytes(std::span(own)))) {
        std::size_t const count = part.size() / sizeof(Placement);
        std::size_t const at = all.size();
        all.resize(at + count);
        if (count > 0) {
            std::memcpy(all.data() + at, part.data(), part.size());
        }
    }
    return all;
}

/// Noise sigma to weigh with: frames without measurable noise count as the quietest one that has
/// some.
double noise_floor(std::vector<MosaicSource> const& sources)
{
    double floor = 0.0;
    for (MosaicSource const& source : sources) {
        for (plan::PlaneMeasurement const& plane : source.planes) {
            if (plane.noise_sigma > 0.0 && (floor == 0.0 || plane.noise_sigma < floor)) {
                floor = plane.noise_sigma;
            }
        }
    }
    return floor > 0.0 ? floor : 1.0;
}

void set_weights(engine::CoaddInput& input, MosaicSource const& source, Weighting weighting,
                 double floor)
{
    auto const planes = static_cast<std::size_t>(source.header.geometry.planes);
    input.photometry = source.photometry;
    input.photometry.resize(planes);
    input.weight_scale.assign(planes, 1.0);
    input.noise_sigma.assign(planes, 0.0);
    for (std::size_t c = 0; c < std::min(planes, source.planes.size()); ++c) {
        double const gain = input.photometry[c].gain;
        double const measured = source.planes[c].noise_sigma;
        double const sigma = gain * (measured > 0.0 ? measured : floor);
        input.noise_sigma[c] = gain * measured;
        if (source.kind == MosaicSource::Kind::tile) {
            // The tile's weight plane is the inverse variance before the gain, and says the noise
            // of each pixel.
            input.weight_scale[c] = 1.0 / (gain * gain);
            bool const has_weights = input.pixels->held_planes() > input.pixels->planes();
            input.noise_sigma[c] = has_weights ? 0.0 : input.noise_sigma[c];
        } else if (weighting == Weighting::noise_variance) {
            input.weight_scale[c] = 1.0 / (sigma * sigma);
        }
    }
}

/// Most footprints over one place, counted on a coarse lattice of the canvas.
std::int64_t deepest_overlap(std::vector<engine::CoaddInput> const& inputs, core::Box const& canvas)
{
    constexpr std::int64_t cells = 64;
    std::array<std::array<std::int32_t, cells + 1>, cells + 1> change{};
    auto const cell = [](std::int64_t at, std::int64_t size) {
        return static_cast<std::size_t>(
            std::clamp<std::int64_t>(at * cells / std::max<std::int64_t>(1, size), 0, cells - 1));
    };
    for (engine::CoaddInput const& input : inputs) {
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

MosaicSource source_of(plan::FrameRecord const& record, MosaicSource::Kind kind)
{
    MosaicSource source;
    source.kind = kind;
    source.header = record.header;
    source.planes = record.planes;
    source.photometry.resize(static_cast<std::size_t>(record.header.geometry.planes));
    return source;
}

std::vector<MosaicSource> sources_of(std::vector<plan::FrameRecord> const& frames,
                                     MosaicSource::Kind kind)
{
    std::vector<MosaicSource> sources;
    for (plan::FrameRecord const& frame : frames) {
        if (frame.verdict.accepted()) {
            sources.push_back(source_of(frame, kind));
        }
    }
    return sources;
}

std::vector<engine::CoaddInput> place_sources(comm::Communicator const& comm,
                                              engine::TbbRunner& runner,
                                              std::vector<MosaicSource> const& sources,
                                              sky::SkyWcs const& grid, Weighting weighting)
{
    auto const placements = place_all(comm, runner, sources, grid);
    double const floor = noise_floor(sources);
    std::vector<engine::CoaddInput> inputs;
    inputs.reserve(sources.size());
    for (std::size_t i = 0; i < sources.size(); ++i) {
        engine::CoaddInput input;
        input.id = core::SourceId{static_cast<std::uint32_t>(i)};
        input.pixels = sources[i].kind == MosaicSource::Kind::tile
                           ? engine::make_tile_source(sources[i].header)
                           : engine::make_frame_source(sources[i].header);
        input.wcs = &sources[i].header.wcs;
        input.footprint = placements[i].footprint;
        input.map_spacing = static_cast<int>(placements[i].spacing);
        input.home = sources[i].home;
        input.row_spread = placements[i].row_spread;
        input.cross_spread = placements[i].cross_spread;
        set_weights(input, sources[i], weighting, floor);
        inputs.push_back(std::move(input));
    }
    return inputs;
}

plan::JobSize job_size(engine::CoaddJob const& job, engine::Route route)
{
    plan::JobSize size;
    size.width = job.canvas.width();
    size.height = job.canvas.height();
    size.planes = job.planes;
    size.sources = static_cast<std::int64_t>(job.inputs.size());
    size.depth = deepest_overlap(job.inputs, job.canvas);
    size.running_mean = job.recipe.combine.is_running_mean() && route == engine::Route::pull;
    for (engine::CoaddInput const& input : job.inputs) {
        core::Box const frame = input.pixels->bounds();
        size.source_width = std::max(size.source_width, frame.width());
        size.source_height = std::max(size.source_height, frame.height());
        size.source_planes = std::max(size.source_planes, input.pixels->held_planes());
        size.row_spread = std::max(size.row_spread, input.row_spread);
        size.cross_spread = std::max(size.cross_spread, input.cross_spread);
    }
    for (engine::CoaddInput const& input : job.inputs) {
        size.load_planes = std::max(size.load_planes, input.pixels->planes_while_reading());
        size.open_bytes = std::max(size.open_bytes, input.pixels->bytes_while_open());
    }
    if (route == engine::Route::push) {
        size.source_planes = std::max(size.source_planes, 3 * job.planes);
    }
    return size;
}

CoaddExecution plan_execution(plan::PlanKind kind, engine::CoaddJob const& job,
                              comm::Communicator const& comm, RunConfig const& config,
                              Context& context, engine::Route route)
{
    CoaddExecution execution;
    comm::agree(comm, "planning", [&] {
        plan::JobSize size = job_size(job, route);
        size.worker_scratch = static_cast<std::int64_t>(context.backend->scratch_bytes(
            job.planes, static_cast<std::size_t>(size.running_mean ? 1 : size.depth)));
        size.ranks_of_sink = kind == plan::PlanKind::master_tiles ? comm.size() : 1;
        execution.plan = plan::make_parallel_plan(kind, size, context.node_now(), config.parallel);
    });
    // The rounds must be the same everywhere: the smallest strip any rank can afford.
    execution.plan.rows_per_chunk = -comm::all_reduce_max(comm, -execution.plan.rows_per_chunk);
    execution.plan.columns_per_chunk =
        -comm::all_reduce_max(comm, -execution.plan.columns_per_chunk);
    std::vector<core::Box> footprints;
    for (engine::CoaddInput const& input : job.inputs) {
        footprints.push_back(input.footprint.clipped_to(job.canvas));
    }
    execution.decomposition = plan::decompose_canvas(
        job.canvas, footprints, comm.size(), execution.plan.rows_per_chunk,
        std::max<std::int64_t>(1, execution.plan.columns_per_chunk), band_alignment);
    context.keep_to(execution.plan);
    return execution;
}

void note_ladder(engine::LadderSteps const& steps, plan::PlanKind kind, Context& context)
{
    auto const note = [&](int count, std::string const& step) {
        for (int i = 0; i < count; ++i) {
            context.report.note(std::string(plan::name_of(kind)) + ": " + step);
        }
    };
    note(steps.rows_halved, "rows per chunk halved because memory ran out");
    note(steps.workers_halved, "workers halved because memory ran out");
    note(steps.left_device, "the device was left for the processor");
    note(steps.spilled, "stacks were kept on disk because memory ran out");
}
}  // namespace sectile::pipeline
