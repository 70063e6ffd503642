// SPDX-License-Identifier: BSD-3-Clause
#include "pipeline/p3_master_tiles.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
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
#include "sectile/plan/exposure.hpp"
#include "sectile/product/rejection_maps.hpp"
#include "sectile/tile/tile_alpha.hpp"
#include "sectile/tile/tile_files.hpp"
#include "sectile/tile/tile_noise.hpp"

#include "pipeline/coadd_jobs.hpp"
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

/// What the peak of a star loses from the sharpest to the softest frame, as a share; 0 where that
/// is not known.
double seeing_contrast(std::vector<engine::PlacedSource> const& sources)
{
    double sharpest = std::numeric_limits<double>::infinity();
    double softest = 0.0;
    for (engine::PlacedSource const& source : sources) {
        double const fwhm = source.record->quality.fwhm;
        if (fwhm > 0.0) {
            sharpest = std::min(sharpest, fwhm);
            softest = std::max(softest, fwhm);
        }
    }
    return softest > 0.0 ? 1.0 - std::pow(sharpest / softest, 2) : 0.0;
}

/// Brings flux and sky of every frame to those of the reference: factors (linear_fit) first, then
/// the sky from the frames' own levels or, when gradients are matched, from their differences over
/// the common area. *Collective* over the team.
void normalise(engine::CoaddJob& job, std::size_t reference,
               std::optional<plan::ParallelPlan> const& match, comm::Communicator const& members,
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
    if (!match) {
        return;
    }
    bool const rejects = job.recipe.combine.rejection != compute::Rejection::none;
    auto const matches =
        photometry::match_photometry(job, {config.photometric_match, config.overlap_min, rejects},
                                     *match, members, context.crew);
    std::vector<compute::Photometry> const gauge = job.inputs[reference].photometry;
    std::vector<double> offsets;
    for (compute::Photometry const& plane : gauge) {
        offsets.push_back(plane.offset);
    }
    job.recipe.sky = photometry::matched_sky(job, matches, offsets);
    if (job.recipe.combine.ampfrac > 0.0) {
        job.recipe.combine.ampfrac += 2.0 * seeing_contrast(job.inputs);
    }
    for (engine::PlacedSource& source : job.inputs) {
        for (std::size_t c = 0; c < gauge.size(); ++c) {
            source.photometry[c].offset -= gauge[c].offset;
        }
    }
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
FrameRecord make_tile(plan::Group const& group, PlannedTile planned,
                      std::vector<FrameRecord> const& all, LocalPlan const& local,
                      RunConfig const& config, Context& context)
{
    comm::Communicator const& members = local.team;
    std::vector<FrameRecord> const frames = frames_of(group, all);
    FrameRecord tile = std::move(planned.record);
    sky::SkyWcs const grid(tile.header.wcs);
    engine::CoaddJob job =
        tile_job(frames, planned.placements, grid, members.size(), config, context.preparations);
    normalise(job, astrometry::reference_frame(frames), planned.match, members, config, context);
    engine::weigh_sources(job.inputs, config.stacking.weighting);

    plan::ParallelPlan const& plan = planned.parallel;
    core::log_local(core::LogLevel::debug, plan::summary_line(plan));
    context.crew.keep_to(plan);
    tile::TileSink sink(members, tile.header.path, job.canvas, job.planes, tile.header.wcs.cards,
                        io::exposure_cards(plan::combined_exposure(frames)),
                        rejection_files(config, group.id));
    auto const statistics = engine::coadd(
        job, engine::team_of(context.crew, members), plan,
        engine::cut_canvas(job, members.size(), plan.rows_per_chunk, plan.columns_per_chunk),
        local.tile_route, sink);
    engine::note_ladder(statistics.ladder, plan.kind, context.crew);
    context.crew.release_plan();
    sink.commit();
    comm::agree(members, "completing a tile", [&] {
        if (members.is_root()) {
            complete_tile(tile, config, plan.rows_per_chunk);
        }
    });
    return tile;
}
}  // namespace

std::vector<FrameRecord> make_master_tiles(plan::MosaicPlan const& mosaic, LocalPlan& local,
                                           RunConfig const& config, Context& context)
{
    std::vector<FrameRecord> made;
    comm::agree(context.world, "master tiles", [&] {
        auto const team = static_cast<std::size_t>(local.teams.team_of(context.world.rank()));
        auto const& mine = local.teams.groups[team];
        context.progress.begin(std::string(phases::master_tiles.name), std::ssize(mine));
        for (std::size_t const index : mine) {
            FrameRecord tile = make_tile(mosaic.groups[index], std::move(local.tiles[index]),
                                         mosaic.frames, local, config, context);
            if (local.team.is_root()) {
                made.push_back(std::move(tile));
            }
            context.progress.advance();
        }
        context.progress.end();
    });
    local.tiles.clear();
    local.tiles.shrink_to_fit();
    std::vector<FrameRecord> tiles(mosaic.groups.size());
    comm::for_each_value(context.world, std::move(made),
                         [&](std::vector<FrameRecord> part, int /*rank*/) {
                             for (FrameRecord& record : part) {
                                 std::uint32_t const index = record.id.value;
                                 tiles[index] = std::move(record);
                             }
                         });
    return tiles;
}
}  // namespace sectile::pipeline
