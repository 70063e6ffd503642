// SPDX-License-Identifier: BSD-3-Clause
#include "pipeline/mosaic_modes.hpp"

#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "sectile/core/log.hpp"
#include "sectile/engine/placed_source.hpp"
#include "sectile/photometry/match_levels.hpp"

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

void match(engine::CoaddJob& job, RunConfig const& config, Context& context)
{
    if (config.photometric_match == photometry::PhotometricMatch::off || job.inputs.size() < 2) {
        return;
    }
    auto const matches = photometry::match_photometry(
        job, {config.photometric_match, config.overlap_min, std::string(phases::match_tiles.name)},
        context.world, context.crew);
    context.report.set("photometry", matches_json(matches));
    for (photometry::PlaneMatch const& plane : matches) {
        core::log_world(
            core::LogLevel::info,
            fmt::format("photometric match: {} pairs, rms of the differences {:.4g} -> {:.4g}",
                        plane.pairs, plane.rms_before, plane.rms_after));
    }
}

/// The sources of the canvas. `homes`: who made each; empty: they go round the ranks.
struct CanvasSources
{
    std::vector<plan::FrameRecord const*> records;
    engine::SourceKind kind = engine::SourceKind::frame;
    std::vector<int> homes;
};

/// Places the sources, matches their levels and coadds them: what every mode ends with.
void make_canvas(CanvasSources const& sources, plan::MosaicPlan const& mosaic,
                 AssemblyRequest const& request, RunConfig const& config, Context& context)
{
    sky::SkyWcs const grid(mosaic.grid.wcs);
    engine::CoaddJob job;
    job.grid = &grid;
    job.canvas = mosaic.canvas();
    job.planes = mosaic.planes;
    bool const tiles = sources.kind == engine::SourceKind::tile;
    run_phase(context, tiles ? phases::match_tiles : phases::match_frames, [&] {
        job.inputs =
            engine::place_sources(context.world, context.crew.runner(), sources.records,
                                  sources.kind, grid, request.weighting, context.preparations);
        for (std::size_t i = 0; i < sources.homes.size(); ++i) {
            job.inputs[i].home = sources.homes[i];
        }
        match(job, config, context);
    });
    run_phase(context, tiles ? phases::assemble : phases::mosaic_first,
              [&] { assemble(job, mosaic, request, config, context); });
}

AssemblyRequest request_of(plan::PlanKind kind, compute::CombineRecipe const& combine,
                           RunConfig const& config)
{
    return {kind,
            {config.resample, combine, config.feather,
             engine::output_weight(config.stacking.weighting)},
            config.stacking.weighting};
}
}  // namespace

void run_classic(plan::MosaicPlan const& mosaic, RunConfig const& config, Context& context)
{
    MasterTiles const tiles = run_phase(context, phases::master_tiles, [&] {
        return make_master_tiles(mosaic.groups, mosaic.frames, config, context);
    });
    make_canvas({engine::accepted_records(tiles.records), engine::SourceKind::tile, tiles.makers},
                mosaic, request_of(plan::PlanKind::phase5_reproject, config.final_combine, config),
                config, context);
}

void run_from_tiles(plan::MosaicPlan const& mosaic, RunConfig const& config, Context& context)
{
    make_canvas({engine::accepted_records(mosaic.frames), engine::SourceKind::tile, {}}, mosaic,
                request_of(plan::PlanKind::phase5_reproject, config.final_combine, config), config,
                context);
}

void run_mosaic_first(plan::MosaicPlan const& mosaic, RunConfig const& config, Context& context)
{
    make_canvas({engine::accepted_records(mosaic.frames), engine::SourceKind::frame, {}}, mosaic,
                request_of(plan::PlanKind::mosaic_first, config.global_coadd, config), config,
                context);
}
}  // namespace sectile::pipeline
