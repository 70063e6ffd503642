// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <string>

#include "sectile/plan/mosaic_plan.hpp"

#include "pipeline/context.hpp"

namespace sectile::pipeline
{
/// What a run would do, for `sectile plan`: frames, groups, grid, distribution over the ranks and
/// the parallel plan of the assembly. *Collective*.
[[nodiscard]] std::string plan_text(plan::MosaicPlan const& mosaic, RunConfig const& config,
                                    Context& context);
}  // namespace sectile::pipeline
