// SPDX-License-Identifier: BSD-3-Clause
#include "pipeline/memory_check.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include "sectile/product/pictures.hpp"

namespace sectile::pipeline
{
namespace
{
/// Of a tile against its frames, along each axis: they are shifted and turned.
std::int64_t tile_side(std::int64_t frame_side)
{
    return frame_side + frame_side / 2;
}

/// Largest accepted frame, as a source that is prepared while it is read.
plan::JobSize largest_frame(plan::MosaicPlan const& mosaic, RunConfig const& config,
                            source::Preparations const& preparations)
{
    plan::JobSize size;
    size.planes = mosaic.planes;
    size.source_planes = mosaic.planes;
    for (plan::FrameRecord const& frame : mosaic.frames) {
        if (!frame.verdict.accepted()) {
            continue;
        }
        sky::FrameGeometry const& geometry = frame.header.geometry;
        size.source_width = std::max(size.source_width, geometry.width);
        size.source_height = std::max(size.source_height, geometry.height);
        if (config.start_from_tiles) {
            size.open_bytes = std::max(size.open_bytes, source::bytes_while_open(frame.header));
            continue;
        }
        auto const source = source::make_frame_source(frame.header, preparations.of(frame.header));
        size.source_planes = std::max(size.source_planes, source->held_planes());
        size.load_planes = std::max(size.load_planes, source->planes_while_reading());
        size.load_margin = std::max(size.load_margin, source->margin_while_reading());
        size.open_bytes = std::max(size.open_bytes, source->bytes_while_open());
    }
    return size;
}

plan::JobSize of_group(plan::JobSize size, std::size_t frames, bool running_mean)
{
    size.width = tile_side(size.source_width);
    size.height = tile_side(size.source_height);
    size.sources = static_cast<std::int64_t>(frames);
    size.depth = size.sources;
    size.running_mean = running_mean;
    return size;
}

plan::JobSize of_canvas(plan::JobSize size, plan::MosaicPlan const& mosaic, bool running_mean)
{
    size.width = mosaic.grid.width();
    size.height = mosaic.grid.height();
    size.sources = 1;
    size.depth = 1;
    size.running_mean = running_mean;
    return size;
}

/// The phases to come and how large they are at least.
std::vector<std::pair<plan::PlanKind, plan::JobSize>> phases_of(
    plan::MosaicPlan const& mosaic, RunConfig const& config,
    source::Preparations const& preparations)
{
    plan::JobSize frame = largest_frame(mosaic, config, preparations);
    frame.can_spill = config.route != plan::Route::push;
    std::vector<std::pair<plan::PlanKind, plan::JobSize>> phases;
    if (config.mode == Mode::mosaic_first && !config.start_from_tiles) {
        phases.emplace_back(plan::PlanKind::mosaic_first,
                            of_canvas(frame, mosaic, config.global_coadd.is_running_mean()));
    } else {
        plan::JobSize tile = frame;
        if (!config.start_from_tiles) {
            std::size_t most = 0;
            for (plan::Group const& group : mosaic.groups) {
                most = std::max(most, group.frames.size());
            }
            phases.emplace_back(plan::PlanKind::master_tiles,
                                of_group(frame, most, config.stacking.combine.is_running_mean()));
            phases.back().second.rejection_maps = config.stacking.rejection_maps;
            tile.source_width = tile_side(frame.source_width);
            tile.source_height = tile_side(frame.source_height);
        }
        tile.source_planes = 3 * mosaic.planes + 1;  // science, weight, coverage; alpha
        tile.load_planes = 0;
        tile.load_margin = 0;
        tile.open_bytes = 0;
        phases.emplace_back(plan::PlanKind::phase5_reproject,
                            of_canvas(tile, mosaic, config.final_combine.is_running_mean()));
    }
    plan::JobSize finish = of_canvas(frame, mosaic, true);
    finish.held_bytes = product::finish_bytes(finish.width, finish.height, finish.planes);
    phases.emplace_back(plan::PlanKind::finish, finish);
    return phases;
}
}  // namespace

void check_memory(plan::MosaicPlan const& mosaic, RunConfig const& config, Context& context)
{
    comm::agree(context.world, "checking the memory", [&] {
        auto const phases = phases_of(mosaic, config, context.preparations);
        auto const least = [](auto const& phase) {
            return plan::least_bytes(phase.first, phase.second);
        };
        auto const hungriest = *std::ranges::max_element(phases, {}, least);
        plan::require_memory(hungriest.first, least(hungriest), context.crew.node_now(),
                             config.parallel);
    });
}
}  // namespace sectile::pipeline
