// SPDX-License-Identifier: BSD-3-Clause
#include "pipeline/coadd_jobs.hpp"

#include <fmt/format.h>

#include "sectile/astrometry/register_group.hpp"
#include "sectile/plan/tile_grid.hpp"
#include "sectile/tile/tile_files.hpp"

namespace sectile::pipeline
{
namespace
{
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
}  // namespace

std::vector<plan::FrameRecord> frames_of(plan::Group const& group,
                                         std::vector<plan::FrameRecord> const& all)
{
    std::vector<plan::FrameRecord> frames;
    frames.reserve(group.frames.size());
    for (core::FrameId const id : group.frames) {
        frames.push_back(all[id.value]);
    }
    return frames;
}

plan::FrameRecord tile_to_make(plan::Group const& group,
                               std::vector<plan::FrameRecord> const& frames,
                               RunConfig const& config)
{
    std::size_t const reference = astrometry::reference_frame(frames);
    plan::CanvasGrid const grid = plan::tile_grid(frames, reference);
    plan::FrameRecord tile;
    tile.id = core::FrameId{group.id.value};
    tile.header = tile::header_of_written_tile(
        fmt::format("{}/tiles/tile_{:05}.fits", scratch_directory(config), group.id.value),
        grid.wcs, frames[reference].header.geometry.planes);
    return tile;
}

engine::CoaddJob tile_job(std::vector<plan::FrameRecord> const& frames,
                          std::vector<engine::Placement> const& placements, sky::SkyWcs const& grid,
                          int ranks, RunConfig const& config,
                          source::Preparations const& preparations)
{
    engine::CoaddJob job;
    job.grid = &grid;
    job.canvas = grid.bounds();
    job.planes = frames.front().header.geometry.planes;
    job.inputs = engine::placed_sources(engine::accepted_records(frames), engine::SourceKind::frame,
                                        placements, ranks, config.stacking.weighting, preparations);
    job.rejection_maps = config.stacking.rejection_maps;
    job.recipe = tile_recipe(config);
    return job;
}

CanvasSources sources_of_input(plan::MosaicPlan const& mosaic, RunConfig const& config)
{
    return {engine::accepted_records(mosaic.frames),
            config.start_from_tiles ? engine::SourceKind::tile : engine::SourceKind::frame,
            {}};
}

engine::CoaddJob canvas_job(CanvasSources const& sources,
                            std::vector<engine::Placement> const& placements,
                            sky::SkyWcs const& grid, plan::MosaicPlan const& mosaic, int ranks,
                            RunConfig const& config, source::Preparations const& preparations)
{
    bool const tiles = sources.kind == engine::SourceKind::tile;
    engine::CoaddJob job;
    job.grid = &grid;
    job.canvas = mosaic.canvas();
    job.planes = mosaic.planes;
    job.inputs = engine::placed_sources(sources.records, sources.kind, placements, ranks,
                                        config.stacking.weighting, preparations);
    for (std::size_t i = 0; i < sources.homes.size(); ++i) {
        job.inputs[i].home = sources.homes[i];
    }
    job.recipe = {config.resample, tiles ? config.final_combine : config.global_coadd,
                  config.feather, engine::output_weight(config.stacking.weighting)};
    return job;
}
}  // namespace sectile::pipeline
