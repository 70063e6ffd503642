// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "sectile/plan/mosaic_plan.hpp"

#include "pipeline/context.hpp"

namespace sectile::pipeline
{
/// P3, photometry and P5: groups become master tiles, tiles are matched and assembled.
/// *Collective*.
void run_classic(plan::MosaicPlan const& mosaic, RunConfig const& config, Context& context);

/// Finished tiles as input: photometry and P5. *Collective*.
void run_from_tiles(plan::MosaicPlan const& mosaic, RunConfig const& config, Context& context);

/// Frames straight onto the global grid with the same engine. *Collective*.
void run_mosaic_first(plan::MosaicPlan const& mosaic, RunConfig const& config, Context& context);
}  // namespace sectile::pipeline
