// SPDX-License-Identifier: BSD-3-Clause
#include "pipeline/mosaic_modes.hpp"

#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "sectile/core/log.hpp"
#include "sectile/engine/mosaic_source.hpp"
#include "sectile/engine/placed_source.hpp"
#include "sectile/photometry/match_levels.hpp"

#include "pipeline/heavy_phase.hpp"
#include "pipeline/p3_master_tiles.hpp"
#include "pipeline/p5_assemble.hpp"

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

void match(std::vector<engine::MosaicSource>& sources, plan::MosaicPlan const& mosaic,
           RunConfig const& config, Context& context)
{
    if (config.photometric_match == photometry::PhotometricMatch::off || sources.size() < 2) {
        return;
    }
    auto const matches =
        photometry::match_photometry(sources, sky::SkyWcs(mosaic.grid.wcs),
                                     {config.photometric_match, config.overlap_min, "photometry"},
                                     context.world, context.crew, context.preparations);
    context.report.set("photometry", matches_json(matches));
    for (photometry::PlaneMatch const& plane : matches) {
        core::log_world(
            core::LogLevel::info,
            fmt::format("photometric match: {} pairs, rms of the differences {:.4g} -> {:.4g}",
                        plane.pairs, plane.rms_before, plane.rms_after));
    }
}

void assemble_tiles(std::vector<engine::MosaicSource>& tiles, plan::MosaicPlan const& mosaic,
                    RunConfig const& config, Context& context)
{
    run_heavy_phase(context, "photometry", plan::PlanKind::photometry,
                    [&] { match(tiles, mosaic, config, context); });
    AssemblyRequest const request{plan::PlanKind::phase5_reproject,
                                  {config.resample, config.final_combine, config.feather,
                                   engine::output_weight(config.stacking.weighting)},
                                  config.stacking.weighting};
    run_heavy_phase(context, "P5 assemble", request.kind,
                    [&] { assemble(tiles, mosaic, request, config, context); });
}
}  // namespace

void run_classic(plan::MosaicPlan const& mosaic, RunConfig const& config, Context& context)
{
    auto tiles = run_heavy_phase(context, "P3 master tiles", plan::PlanKind::master_tiles, [&] {
        return make_master_tiles(mosaic.groups, mosaic.frames, config, context);
    });
    assemble_tiles(tiles, mosaic, config, context);
}

void run_from_tiles(plan::MosaicPlan const& mosaic, RunConfig const& config, Context& context)
{
    auto tiles = engine::sources_of(mosaic.frames, engine::MosaicSource::Kind::tile);
    for (std::size_t i = 0; i < tiles.size(); ++i) {
        tiles[i].home = static_cast<int>(i % static_cast<std::size_t>(context.world.size()));
    }
    assemble_tiles(tiles, mosaic, config, context);
}

void run_mosaic_first(plan::MosaicPlan const& mosaic, RunConfig const& config, Context& context)
{
    auto frames = engine::sources_of(mosaic.frames, engine::MosaicSource::Kind::frame);
    for (std::size_t i = 0; i < frames.size(); ++i) {
        frames[i].home = static_cast<int>(i % static_cast<std::size_t>(context.world.size()));
    }
    run_heavy_phase(context, "photometry", plan::PlanKind::photometry,
                    [&] { match(frames, mosaic, config, context); });
    AssemblyRequest const request{plan::PlanKind::mosaic_first,
                                  {config.resample, config.global_coadd, config.feather,
                                   engine::output_weight(config.stacking.weighting)},
                                  config.stacking.weighting};
    run_heavy_phase(context, "mosaic-first", request.kind,
                    [&] { assemble(frames, mosaic, request, config, context); });
}
}  // namespace sectile::pipeline
