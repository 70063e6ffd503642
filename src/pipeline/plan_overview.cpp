// SPDX-License-Identifier: BSD-3-Clause
#include "sectile/pipeline/plan_overview.hpp"

#include <algorithm>
#include <cmath>
#include <memory>
#include <utility>

#include "sectile/core/error.hpp"
#include "sectile/engine/coadd_plan.hpp"
#include "sectile/engine/placed_source.hpp"
#include "sectile/plan/tile_grid.hpp"
#include "sectile/sky/make_grid_map.hpp"
#include "sectile/source/tile_source.hpp"

namespace sectile::pipeline
{
namespace
{
/// Science, weight, coverage and, if made, rejection maps of one plane of a destination pixel; its
/// alpha is one byte more.
std::int64_t product_plane_bytes(bool rejection_maps)
{
    return 12 + (rejection_maps ? 8 : 0);
}

/// A tile that is still to be made, as a source of which the size is known.
std::shared_ptr<source::PixelSource const> planned_tile(plan::CanvasGrid const& grid, int planes,
                                                        RunConfig const& config)
{
    sky::FrameHeader header;
    header.path = scratch_directory(config) + "/tiles/planned.fits";
    header.geometry.width = grid.width();
    header.geometry.height = grid.height();
    header.geometry.planes = planes;
    header.geometry.stored_planes = planes;
    return source::make_tile_source(std::move(header));
}

/// Makes the overview; holds what its steps share.
class Overview
{
  public:
    Overview(plan::MosaicPlan const& mosaic, RunConfig const& config,
             machine::PlannedMachine const& machine, machine::TbbRunner& runner,
             compute::Backend const& backend, source::Preparations const& preparations)
        : mosaic_(mosaic),
          config_(config),
          machine_(machine),
          runner_(runner),
          backend_(backend),
          preparations_(preparations)
    {}

    [[nodiscard]] PlanOverview make() const;

  private:
    using Source =
        std::pair<sky::WcsDescription const*, std::shared_ptr<source::PixelSource const>>;

    [[nodiscard]] Source frame_source(plan::FrameRecord const& frame) const
    {
        source::FramePreparation preparation = preparations_.of(frame.header);
        preparation.weighs = config_.stacking.weighting != engine::Weighting::none;
        return {&frame.header.wcs, source::make_frame_source(frame.header, std::move(preparation))};
    }
    /// The accepted frames, as frames or (start_from master-tiles) as finished tiles.
    [[nodiscard]] std::vector<Source> input_sources() const;
    [[nodiscard]] plan::CanvasGrid tile_grid(plan::Group const& group) const;
    [[nodiscard]] engine::CoaddJob make_job(std::vector<Source> const& sources,
                                            sky::SkyWcs const& grid,
                                            compute::CombineRecipe const& combine) const;
    [[nodiscard]] CoaddFacts facts_of(plan::PlanKind kind, engine::CoaddJob const& job, int ranks,
                                      engine::Route route) const;
    [[nodiscard]] TilesFacts plan_tiles(std::vector<plan::CanvasGrid> const& grids) const;
    [[nodiscard]] CoaddFacts assemble(plan::PlanKind kind, std::vector<Source> const& sources,
                                      int homes, compute::CombineRecipe const& combine) const;
    [[nodiscard]] int teams() const
    {
        return std::min(machine_.ranks, static_cast<int>(mosaic_.groups.size()));
    }
    [[nodiscard]] engine::Route chosen_route(bool push_otherwise) const
    {
        return config_.route.value_or(push_otherwise ? engine::Route::push : engine::Route::pull);
    }

    plan::MosaicPlan const& mosaic_;
    RunConfig const& config_;
    machine::PlannedMachine const& machine_;
    machine::TbbRunner& runner_;
    compute::Backend const& backend_;
    source::Preparations const& preparations_;
};

std::vector<Overview::Source> Overview::input_sources() const
{
    std::vector<Source> sources;
    for (plan::FrameRecord const& frame : mosaic_.frames) {
        if (frame.verdict.accepted()) {
            sources.push_back(
                config_.start_from_tiles
                    ? Source{&frame.header.wcs, source::make_tile_source(frame.header)}
                    : frame_source(frame));
        }
    }
    return sources;
}

/// As P3 makes it, but for the reference: which frame is the quietest is not known yet.
plan::CanvasGrid Overview::tile_grid(plan::Group const& group) const
{
    std::vector<plan::GridInput> inputs;
    inputs.reserve(group.frames.size());
    for (core::FrameId const id : group.frames) {
        inputs.push_back(plan::grid_input_of(mosaic_.frames[id.value]));
    }
    plan::FrameRecord const& reference = mosaic_.frames[group.frames.front().value];
    return plan::plan_tile_grid(inputs, 0, reference.footprint.position_angle,
                                sky::SkyWcs(reference.header.wcs).is_mirrored());
}

engine::CoaddJob Overview::make_job(std::vector<Source> const& sources, sky::SkyWcs const& grid,
                                    compute::CombineRecipe const& combine) const
{
    engine::CoaddJob job;
    job.canvas = grid.bounds();
    job.planes = mosaic_.planes;
    job.recipe = {config_.resample, combine, config_.feather};
    job.inputs.resize(sources.size());
    // Transforms use scratch inside the system they belong to: a copy for each thread.
    std::vector<sky::SkyWcs> const grids(static_cast<std::size_t>(runner_.workers()), grid);
    runner_.for_each(sources.size(), [&](std::size_t i, int worker) {
        sky::SkyWcs const& own = grids[static_cast<std::size_t>(worker)];
        sky::SkyWcs const source(*sources[i].first);
        engine::PlacedSource& input = job.inputs[i];
        input.pixels = sources[i].second;
        engine::Placement const placement = engine::place_on_grid(own, source);
        input.footprint = placement.footprint;
        input.row_spread = placement.row_spread;
        input.cross_spread = placement.cross_spread;
        input.map_spacing = 64;  // what a run finds for all but strong distortions
    });
    return job;
}

CoaddFacts Overview::facts_of(plan::PlanKind kind, engine::CoaddJob const& job, int ranks,
                              engine::Route route) const
{
    plan::JobSize size = engine::coadd_size(kind, job, ranks, -1, backend_, route);
    if (kind == plan::PlanKind::phase5_reproject && !config_.start_from_tiles) {
        // Weight, coverage and alpha of the tiles are not there yet to be seen.
        size.source_planes = std::max(size.source_planes, 3 * job.planes + 1);
        size.stored_bytes = 4 * size.source_planes;
    }
    // The noise of each pixel travels where rejection needs it: of tiles and of frames with weight
    // maps, which are not measured yet.
    bool const has_maps = std::ranges::any_of(job.inputs, [](engine::PlacedSource const& input) {
        return input.pixels->held_planes() > input.pixels->planes();
    });
    if (job.recipe.combine.rejection != compute::Rejection::none &&
        job.recipe.resample.flux_mode != compute::FluxMode::flux &&
        (kind == plan::PlanKind::phase5_reproject || has_maps)) {
        size.sample_planes += size.planes;
    }
    CoaddFacts facts;
    facts.parallel = plan::make_parallel_plan(kind, size, machine_.rank, config_.parallel);
    std::int64_t const columns = std::max<std::int64_t>(1, facts.parallel.columns_per_chunk);
    plan::Decomposition const decomposition =
        engine::cut_canvas(job, ranks, facts.parallel.rows_per_chunk, columns);
    facts.width = size.width;
    facts.height = size.height;
    facts.sources = size.sources;
    facts.depth = size.depth;
    facts.ranks = ranks;
    facts.idle_ranks = static_cast<int>(
        std::ranges::count_if(decomposition.bands, [](core::Box const& b) { return b.empty(); }));
    facts.rounds = static_cast<std::int64_t>(decomposition.rounds.size());
    facts.imbalance = decomposition.imbalance;
    facts.bytes_written =
        size.width * size.height * (size.planes * product_plane_bytes(size.rejection_maps) + 1);
    facts.bytes_read =
        std::max<std::int64_t>(0, facts.parallel.predicted_io_bytes - facts.bytes_written);
    facts.route = route;
    if (route == engine::Route::push && ranks > 1) {
        std::vector<plan::SentFootprint> sent;
        for (engine::PlacedSource const& input : job.inputs) {
            sent.push_back({input.footprint, input.home});
        }
        facts.traffic = plan::push_traffic(sent, decomposition, facts.parallel.rows_per_chunk,
                                           columns, machine_.ranks_per_node, size.sample_planes);
    }
    return facts;
}

TilesFacts Overview::plan_tiles(std::vector<plan::CanvasGrid> const& grids) const
{
    std::vector<plan::WorkItem> work;
    std::size_t largest = 0;
    double frames = 0.0;
    for (std::size_t i = 0; i < mosaic_.groups.size(); ++i) {
        work.push_back({i, static_cast<double>(mosaic_.groups[i].frames.size())});
        frames += work.back().cost;
        largest = work[i].cost > work[largest].cost ? i : largest;
    }
    TilesFacts facts;
    facts.teams = teams();
    facts.ranks_per_team = (machine_.ranks + facts.teams - 1) / facts.teams;
    auto const assignment = plan::assign_work(work, facts.teams);
    double most = 0.0;
    for (int team = 0; team < facts.teams; ++team) {
        auto const& items = assignment[static_cast<std::size_t>(team)];
        double load = 0.0;
        for (std::size_t const item : items) {
            load += work[item].cost;
        }
        int const members = (machine_.ranks - team + facts.teams - 1) / facts.teams;
        most = std::max(most, load / members);
        facts.most_tiles = std::max(facts.most_tiles, static_cast<std::int64_t>(items.size()));
    }
    facts.imbalance = most * machine_.ranks / frames;

    std::vector<Source> sources;
    for (core::FrameId const id : mosaic_.groups[largest].frames) {
        sources.push_back(frame_source(mosaic_.frames[id.value]));
    }
    engine::CoaddJob job =
        make_job(sources, sky::SkyWcs(grids[largest].wcs), config_.stacking.combine);
    job.recipe.output_weight = engine::output_weight(config_.stacking.weighting);
    job.rejection_maps = config_.stacking.rejection_maps;
    for (std::size_t i = 0; i < job.inputs.size(); ++i) {
        job.inputs[i].home = static_cast<int>(i) % facts.ranks_per_team;
    }
    facts.largest =
        facts_of(plan::PlanKind::master_tiles, job, facts.ranks_per_team, chosen_route(false));
    facts.bytes_read = static_cast<std::int64_t>(static_cast<double>(facts.largest.bytes_read) *
                                                 frames / work[largest].cost);
    for (plan::CanvasGrid const& grid : grids) {
        facts.bytes_written += grid.width() * grid.height() *
                               (mosaic_.planes * product_plane_bytes(job.rejection_maps) + 1);
    }
    return facts;
}

CoaddFacts Overview::assemble(plan::PlanKind kind, std::vector<Source> const& sources, int homes,
                              compute::CombineRecipe const& combine) const
{
    engine::CoaddJob job = make_job(sources, sky::SkyWcs(mosaic_.grid.wcs), combine);
    job.recipe.output_weight = engine::output_weight(config_.stacking.weighting);
    bool const tiles = kind == plan::PlanKind::phase5_reproject;
    if (tiles && !config_.start_from_tiles) {
        std::vector<plan::WorkItem> work;
        for (plan::Group const& group : mosaic_.groups) {
            work.push_back({work.size(), static_cast<double>(group.frames.size())});
        }
        auto const assignment = plan::assign_work(work, homes);
        for (std::size_t team = 0; team < assignment.size(); ++team) {
            for (std::size_t const tile : assignment[team]) {
                job.inputs[tile].home = static_cast<int>(team);
            }
        }
    } else {
        for (std::size_t i = 0; i < job.inputs.size(); ++i) {
            job.inputs[i].home = static_cast<int>(i % static_cast<std::size_t>(homes));
        }
    }
    return facts_of(kind, job, machine_.ranks, chosen_route(tiles && machine_.nodes > 1));
}

PlanOverview Overview::make() const
{
    PlanOverview overview;
    overview.machine = machine_;
    for (plan::FrameRecord const& frame : mosaic_.frames) {
        sky::FrameGeometry const& stored = frame.header.geometry;
        if (frame.verdict.accepted()) {
            ++overview.accepted;
            overview.input_bytes += stored.file_width() * stored.file_height() *
                                    stored.stored_planes * (std::abs(stored.bits_per_pixel) / 8);
        }
    }
    for (plan::Group const& group : mosaic_.groups) {
        auto const frames = static_cast<std::int64_t>(group.frames.size());
        overview.largest_group = std::max(overview.largest_group, frames);
        overview.smallest_group =
            overview.smallest_group == 0 ? frames : std::min(overview.smallest_group, frames);
    }
    if (config_.start_from_tiles) {
        overview.mode = "start-from-tiles";
        overview.assembly = assemble(plan::PlanKind::phase5_reproject, input_sources(),
                                     machine_.ranks, config_.final_combine);
    } else if (config_.mode == Mode::mosaic_first) {
        overview.mode = "mosaic-first";
        overview.assembly = assemble(plan::PlanKind::mosaic_first, input_sources(), machine_.ranks,
                                     config_.global_coadd);
    } else {
        overview.mode = "classic";
        std::vector<plan::CanvasGrid> grids(mosaic_.groups.size());
        runner_.for_each(grids.size(), [&](std::size_t i, int /*worker*/) {
            grids[i] = tile_grid(mosaic_.groups[i]);
        });
        std::vector<Source> tiles;
        for (plan::CanvasGrid const& grid : grids) {
            tiles.emplace_back(&grid.wcs, planned_tile(grid, mosaic_.planes, config_));
        }
        overview.tiles = plan_tiles(grids);
        overview.assembly =
            assemble(plan::PlanKind::phase5_reproject, tiles, teams(), config_.final_combine);
    }
    overview.rank_bytes = overview.assembly.parallel.predicted_peak_bytes;
    if (overview.tiles) {
        overview.rank_bytes =
            std::max(overview.rank_bytes, overview.tiles->largest.parallel.predicted_peak_bytes);
    }
    overview.node_bytes = overview.rank_bytes * machine_.ranks_per_node;
    overview.node_limit = static_cast<std::int64_t>(
        config_.parallel.target_ram_fraction * static_cast<double>(machine_.rank.ram_available));
    if (config_.parallel.ram_limit > 0) {
        overview.node_limit = std::min(overview.node_limit, config_.parallel.ram_limit);
    }
    return overview;
}
}  // namespace

PlanOverview overview_of(std::shared_ptr<plan::MosaicPlan const> mosaic, RunConfig const& config,
                         machine::PlannedMachine const& machine, machine::TbbRunner& runner,
                         compute::Backend const& backend, source::Preparations const& preparations)
{
    PlanOverview overview =
        Overview(*mosaic, config, machine, runner, backend, preparations).make();
    overview.mosaic = std::move(mosaic);
    return overview;
}
}  // namespace sectile::pipeline
