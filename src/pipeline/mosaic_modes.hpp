// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "sectile/pipeline/planned_phases.hpp"
#include "sectile/plan/mosaic_plan.hpp"

#include "pipeline/context.hpp"

namespace sectile::pipeline
{
/// P3, photometry and P5: groups become master tiles, tiles are matched and assembled.
/// *Collective*.
void run_classic(plan::MosaicPlan const& mosaic, LocalPlan& local, RunConfig const& config,
                 Context& context);

/// What is there already, finished tiles or frames (Mosaic-First), is matched and goes straight
/// onto the global grid. *Collective*.
void run_on_canvas(plan::MosaicPlan const& mosaic, LocalPlan const& local, RunConfig const& config,
                   Context& context);
}  // namespace sectile::pipeline
