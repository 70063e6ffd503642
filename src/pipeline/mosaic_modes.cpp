// SPDX-License-Identifier: BSD-3-Clause
#include "pipeline/mosaic_modes.hpp"

#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "sectile/core/log.hpp"
#include "sectile/engine/placed_source.hpp"
#include "sectile/photometry/match_levels.hpp"

#include "pipeline/coadd_jobs.hpp"
#include "pipeline/p3_master_tiles.hpp"
#include "pipeline/p5_assemble.hpp"
#include "pipeline/run_phase.hpp"

namespace sectile::pipeline
{
namespace
{
std::string matches_json(std::vector<photometry::PlaneMatch> const& matches)
{
    auto json = nlohmann::json::array();
    for (photometry::PlaneMatch const& match : matches) {
        nlohmann::json plane = {{"pairs", match.pairs},
                                {"rms_before", match.rms_before},
                                {"rms_after", match.rms_after},
                                {"isolated", match.isolated}};
        for (compute::Photometry const& correction : match.corrections) {
            plane["offsets"].push_back(correction.offset);
            plane["slopes"].push_back({correction.slope_x, correction.slope_y});
        }
        json.push_back(std::move(plane));
    }
    return json.dump();
}

void match(engine::CoaddJob& job, PlannedPhase const& planned, RunConfig const& config,
           Context& context)
{
    bool const rejects = job.recipe.combine.rejection != compute::Rejection::none;
    auto const matches = photometry::match_photometry(
        job, {config.photometric_match, config.overlap_min, rejects, planned.name},
        planned.parallel, context.world, context.crew);
    job.recipe.sky = photometry::matched_sky(job, matches, {});
    context.report.set("photometry", matches_json(matches));
    for (photometry::PlaneMatch const& plane : matches) {
        core::log_world(
            core::LogLevel::info,
            fmt::format("photometric match: {} pairs, rms of the differences {:.4g} -> {:.4g}",
                        plane.pairs, plane.rms_before, plane.rms_after));
    }
}

/// Matches the levels of the sources and coadds them: what every mode ends with.
void make_canvas(CanvasSources const& sources, plan::MosaicPlan const& mosaic,
                 LocalPlan const& local, RunConfig const& config, Context& context)
{
    bool const tiles = sources.kind == engine::SourceKind::tile;
    sky::SkyWcs const grid(mosaic.grid.wcs);
    engine::CoaddJob job = canvas_job(sources, local.canvas_placements, grid, mosaic,
                                      context.world.size(), config, context.preparations);
    Phase const& matching = tiles ? phases::match_tiles : phases::match_frames;
    run_phase(context, matching, [&] {
        if (PlannedPhase const* const planned = local.find(matching.name)) {
            match(job, *planned, config, context);
        }
    });
    run_phase(context, tiles ? phases::assemble : phases::mosaic_first,
              [&] { assemble(job, mosaic, local, config, context); });
}
}  // namespace

void run_classic(plan::MosaicPlan const& mosaic, LocalPlan& local, RunConfig const& config,
                 Context& context)
{
    std::vector<plan::FrameRecord> const tiles = run_phase(context, phases::master_tiles, [&] {
        return make_master_tiles(mosaic, local, config, context);
    });
    make_canvas({engine::accepted_records(tiles), engine::SourceKind::tile, local.teams.makers()},
                mosaic, local, config, context);
}

void run_on_canvas(plan::MosaicPlan const& mosaic, LocalPlan const& local, RunConfig const& config,
                   Context& context)
{
    make_canvas(sources_of_input(mosaic, config), mosaic, local, config, context);
}
}  // namespace sectile::pipeline
