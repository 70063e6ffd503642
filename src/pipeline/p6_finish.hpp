// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "sectile/pipeline/planned_phases.hpp"
#include "sectile/plan/mosaic_plan.hpp"

#include "pipeline/context.hpp"

namespace sectile::pipeline
{
/// P6: mosaic.fits, preview.png and coverage.png from the finished canvas, streamed by rows on rank
/// 0, and the grid as grid.json and grid.fits. *Collective*.
void finish(plan::MosaicPlan const& mosaic, LocalPlan const& local, RunConfig const& config,
            Context& context);
}  // namespace sectile::pipeline
