// SPDX-License-Identifier: BSD-3-Clause
#include "pipeline/p3_master_tiles.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include <fmt/format.h>

#include "sectile/astrometry/register_group.hpp"
#include "sectile/comm/share.hpp"
#include "sectile/core/error.hpp"
#include "sectile/core/log.hpp"
#include "sectile/core/memory_budget.hpp"
#include "sectile/engine/coadd_plan.hpp"
#include "sectile/engine/placed_source.hpp"
#include "sectile/ingest/frame_levels.hpp"
#include "sectile/io/exposure_cards.hpp"
#include "sectile/photometry/match_levels.hpp"
#include "sectile/plan/canvas_grid.hpp"
#include "sectile/plan/decomposition.hpp"
#include "sectile/plan/exposure.hpp"
#include "sectile/plan/tile_grid.hpp"
#include "sectile/product/rejection_maps.hpp"
#include "sectile/tile/tile_alpha.hpp"
#include "sectile/tile/tile_files.hpp"
#include "sectile/tile/tile_noise.hpp"

#include "pipeline/phase.hpp"

namespace sectile::pipeline
{
namespace
{
using plan::FrameRecord;

/// Factor that brings one plane of a frame to the flux of the reference: from common stars, else
/// from the line through the 25th and 90th percentiles where they tell more than noise.
double scale_of(plan::PlaneMeasurement const& plane, plan::PlaneMeasurement const& reference)
{
    if (std::isfinite(plane.scale) && std::isfinite(reference.scale)) {
        return plane.scale / reference.scale;
    }
    // Of a normal distribution the two percentiles are 1.956 sigma apart.
    constexpr double noise_spread = 1.956;
    constexpr double telling = 3.0;
    double const own = plane.percentile_90 - plane.percentile_25;
    double const wanted = reference.percentile_90 - reference.percentile_25;
    bool const tells = own > telling * noise_spread * plane.noise_sigma &&
                       wanted > telling * noise_spread * reference.noise_sigma;
    return tells ? wanted / own : 1.0;
}

/// Brings flux and sky of every frame to those of the reference: factors (linear_fit) first, then
/// the sky from the frames' own levels or, when gradients are matched, from their differences over
/// the common area. *Collective* over the team.
void normalise(engine::CoaddJob& job, std::size_t reference, comm::Communicator const& members,
               RunConfig const& config, Context& context)
{
    if (config.stacking.normalize == tile::Normalize::none || job.inputs.size() < 2) {
        return;
    }
    std::vector<plan::PlaneMeasurement> const& target = job.inputs[reference].record->planes;
    for (engine::PlacedSource& source : job.inputs) {
        std::vector<plan::PlaneMeasurement> const& planes = source.record->planes;
        for (std::size_t c = 0; c < source.photometry.size() && c < planes.size(); ++c) {
            double const gain = config.stacking.normalize == tile::Normalize::linear_fit
                                    ? scale_of(planes[c], target[c])
                                    : 1.0;
            source.photometry[c].gain = gain;
            source.photometry[c].offset = target[c].background - gain * planes[c].background;
        }
    }
    if (config.photometric_match != photometry::PhotometricMatch::plane) {
        return;
    }
    photometry::match_photometry(job, {config.photometric_match, config.overlap_min}, members,
                                 context.crew);
    std::vector<compute::Photometry> const gauge = job.inputs[reference].photometry;
    for (engine::PlacedSource& source : job.inputs) {
        for (std::size_t c = 0; c < gauge.size(); ++c) {
            source.photometry[c].offset -= gauge[c].offset;
        }
    }
}

std::string tile_path(RunConfig const& config, plan::Group const& group)
{
    return fmt::format("{}/tiles/tile_{:05}.fits", scratch_directory(config), group.id.value);
}

/// Names of its rejection maps; none where they are not asked for.
tile::RejectionFiles rejection_files(RunConfig const& config, core::GroupId group)
{
    if (!config.stacking.rejection_maps) {
        return {};
    }
    product::RejectionMapNames names = product::rejection_map_names(config.output, group);
    return {std::move(names.low), std::move(names.high)};
}

/// The tile as the frame it will be read as. Frames and tiles travel in one form.
FrameRecord tile_record(plan::Group const& group, plan::CanvasGrid const& grid, int planes,
                        RunConfig const& config)
{
    FrameRecord tile;
    tile.id = core::FrameId{group.id.value};
    tile.header = tile::header_of_written_tile(tile_path(config, group), grid.wcs, planes);
    return tile;
}

/// No feather: the weight of a tile is the inverse variance of its pixels. What makes seams vanish
/// is the tile's alpha.
compute::CoaddRecipe tile_recipe(RunConfig const& config)
{
    compute::CoaddRecipe recipe{config.resample, config.stacking.combine};
    recipe.output_weight = engine::output_weight(config.stacking.weighting);
    if (config.radial_weight.apply) {
        recipe.radial = {config.radial_weight.fraction, config.radial_weight.power};
    }
    return recipe;
}

/// Alpha and measurements of a finished tile, from its files.
void complete_tile(FrameRecord& tile, RunConfig const& config, std::int64_t rows)
{
    core::MemoryBudget::Promise const granted;  // a block of rows
    double const min_coverage = config.altaz.cleanup ? config.altaz.min_coverage : 0.0;
    constexpr std::int64_t most_rows = 64;  // more would only cost memory
    tile::write_tile_alpha(tile.header, {config.feather, min_coverage}, std::min(rows, most_rows));
    tile.planes = ingest::measure_levels(tile.header, rows).planes;
    tile::record_tile_noise(tile.header, tile.planes);
}

/// One master tile. *Collective* over the team.
FrameRecord make_tile(plan::Group const& group, std::vector<FrameRecord> const& all,
                      comm::Communicator const& members, RunConfig const& config, Context& context)
{
    std::vector<FrameRecord> frames;
    for (core::FrameId const id : group.frames) {
        frames.push_back(all[id.value]);
    }
    std::size_t const reference = astrometry::reference_frame(frames);
    plan::CanvasGrid const grid = plan::tile_grid(frames, reference);
    sky::SkyWcs const grid_wcs(grid.wcs);

    engine::CoaddJob job;
    job.grid = &grid_wcs;
    job.canvas = {0, 0, grid.width(), grid.height()};
    job.planes = frames[reference].header.geometry.planes;
    job.inputs = engine::place_sources(members, context.crew.runner(),
                                       engine::accepted_records(frames), engine::SourceKind::frame,
                                       grid_wcs, config.stacking.weighting, context.preparations);
    normalise(job, reference, members, config, context);
    engine::weigh_sources(job.inputs, config.stacking.weighting);
    job.rejection_maps = config.stacking.rejection_maps;
    job.recipe = tile_recipe(config);

    engine::Route const route = config.route.value_or(engine::Route::pull);
    engine::CoaddExecution const execution =
        engine::plan_execution(plan::PlanKind::master_tiles, job, members, context.crew, route);
    core::log_local(core::LogLevel::debug, plan::summary_line(execution.plan));

    FrameRecord tile = tile_record(group, grid, job.planes, config);
    tile::TileSink sink(members, tile.header.path, job.canvas, job.planes, grid.wcs.cards,
                        io::exposure_cards(plan::combined_exposure(frames)),
                        rejection_files(config, group.id));
    auto const statistics = engine::coadd(job, engine::team_of(context.crew, members),
                                          execution.plan, execution.decomposition, route, sink);
    engine::note_ladder(statistics.ladder, plan::PlanKind::master_tiles, context.crew);
    context.crew.release_plan();
    sink.commit();
    comm::agree(members, "completing a tile", [&] {
        if (members.is_root()) {
            complete_tile(tile, config, execution.plan.rows_per_chunk);
        }
    });
    return tile;
}
}  // namespace

MasterTiles make_master_tiles(std::vector<plan::Group> const& groups,
                              std::vector<FrameRecord> const& frames, RunConfig const& config,
                              Context& context)
{
    int const teams = std::min(context.world.size(), static_cast<int>(groups.size()));
    int const team = context.world.rank() % teams;
    comm::Communicator const members =
        teams == context.world.size() ? comm::Communicator{} : context.world.split(team);
    std::vector<plan::WorkItem> work;
    for (std::size_t i = 0; i < groups.size(); ++i) {
        work.push_back({i, static_cast<double>(groups[i].frames.size())});
    }
    auto const assignment = plan::assign_work(work, teams);

    std::vector<FrameRecord> made;
    comm::agree(context.world, "master tiles", [&] {
        auto const& mine = assignment[static_cast<std::size_t>(team)];
        context.progress.begin(std::string(phases::master_tiles.name), std::ssize(mine));
        for (std::size_t const index : mine) {
            plan::Group const& group = groups[index];
            FrameRecord tile = make_tile(group, frames, members, config, context);
            if (members.is_root()) {
                made.push_back(std::move(tile));
            }
            context.progress.advance();
        }
        context.progress.end();
    });
    MasterTiles tiles;
    tiles.records.resize(groups.size());
    tiles.makers.resize(groups.size());
    comm::for_each_value(context.world, std::move(made),
                         [&](std::vector<FrameRecord> part, int rank) {
                             for (FrameRecord& record : part) {
                                 std::uint32_t const index = record.id.value;
                                 tiles.makers[index] = rank;
                                 tiles.records[index] = std::move(record);
                             }
                         });
    return tiles;
}
}  // namespace sectile::pipeline
