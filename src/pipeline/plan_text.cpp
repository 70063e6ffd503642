// SPDX-License-Identifier: BSD-3-Clause
#include "pipeline/plan_text.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "pipeline/mosaic_source.hpp"

namespace sectile::pipeline
{
std::string plan_text(plan::MosaicPlan const& mosaic, RunConfig const& config, Context& context)
{
    std::vector<MosaicSource> const sources = sources_of(mosaic.frames, MosaicSource::Kind::frame);
    sky::SkyWcs const grid(mosaic.grid.wcs);
    engine::CoaddJob job;
    job.grid = &grid;
    job.canvas = mosaic.canvas();
    job.planes = mosaic.planes;
    job.recipe = {config.resample, config.global_coadd, config.feather};
    job.inputs = place_sources(context.world, *context.runner, sources, grid, Weighting::none);
    CoaddExecution const execution = plan_execution(
        plan::PlanKind::mosaic_first, job, context.world, config, context, engine::Route::pull);
    std::size_t largest = 0;
    for (plan::Group const& group : mosaic.groups) {
        largest = std::max(largest, group.frames.size());
    }
    return fmt::format(
        "plan\n"
        "  frames      {} accepted of {}\n"
        "  groups      {} (largest {} frames)\n"
        "  canvas      {} x {} x {} pixels, {}, {:.4g} arcsec per pixel, hash {}\n"
        "  ranks       {}, {} rounds, predicted imbalance {:.3f}\n"
        "  {}",
        sources.size(), mosaic.frames.size(), mosaic.groups.size(), largest, mosaic.planes,
        mosaic.grid.height(), mosaic.grid.width(), mosaic.grid.projection,
        mosaic.grid.pixel_scale.arcsec(), mosaic.grid.hash(), context.world.size(),
        execution.decomposition.rounds.size(), execution.decomposition.imbalance,
        plan::summary_line(execution.plan));
}
}  // namespace sectile::pipeline
