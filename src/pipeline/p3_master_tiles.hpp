// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <vector>

#include "sectile/pipeline/planned_phases.hpp"
#include "sectile/plan/frame_record.hpp"
#include "sectile/plan/mosaic_plan.hpp"

#include "pipeline/context.hpp"

namespace sectile::pipeline
{
/// P3: one group becomes one master tile in the tile store, by the team and in the way that was
/// planned; uses up the planned tiles. The finished tiles in the order of the groups. *Collective*;
/// every rank gets all tiles.
[[nodiscard]] std::vector<plan::FrameRecord> make_master_tiles(plan::MosaicPlan const& mosaic,
                                                               LocalPlan& local,
                                                               RunConfig const& config,
                                                               Context& context);
}  // namespace sectile::pipeline
