// SPDX-License-Identifier: BSD-3-Clause
#include "sectile/pipeline/plan_overview.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

namespace sectile::pipeline
{
namespace
{
char const* mode_of(RunConfig const& config)
{
    if (config.start_from_tiles) {
        return "start-from-tiles";
    }
    return config.mode == Mode::mosaic_first ? "mosaic-first" : "classic";
}

void count_frames(PlanOverview& overview, plan::MosaicPlan const& mosaic)
{
    for (plan::FrameRecord const& frame : mosaic.frames) {
        sky::FrameGeometry const& stored = frame.header.geometry;
        if (frame.verdict.accepted()) {
            ++overview.accepted;
            overview.input_bytes += stored.file_width() * stored.file_height() *
                                    stored.stored_planes * (std::abs(stored.bits_per_pixel) / 8);
        }
    }
    for (plan::Group const& group : mosaic.groups) {
        auto const frames = static_cast<std::int64_t>(group.frames.size());
        overview.largest_group = std::max(overview.largest_group, frames);
        overview.smallest_group =
            overview.smallest_group == 0 ? frames : std::min(overview.smallest_group, frames);
    }
}
}  // namespace

PlanOverview overview_of(std::shared_ptr<plan::MosaicPlan const> mosaic, RunConfig const& config,
                         machine::PlannedMachine const& machine, LocalPlan plan)
{
    PlanOverview overview;
    overview.machine = machine;
    overview.mode = mode_of(config);
    count_frames(overview, *mosaic);
    overview.rank_bytes = plan.peak_bytes();
    overview.node_bytes = overview.rank_bytes * machine.ranks_per_node;
    overview.node_limit = static_cast<std::int64_t>(
        config.parallel.target_ram_fraction * static_cast<double>(machine.rank.ram_available));
    if (config.parallel.ram_limit > 0) {
        overview.node_limit = std::min(overview.node_limit, config.parallel.ram_limit);
    }
    overview.mosaic = std::move(mosaic);
    overview.plan = std::move(plan);
    return overview;
}
}  // namespace sectile::pipeline
