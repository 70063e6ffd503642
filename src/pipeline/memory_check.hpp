// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "sectile/plan/mosaic_plan.hpp"

#include "pipeline/context.hpp"

namespace sectile::pipeline
{
/// Before any pixel work: that every later phase can be planned with the memory there is, from
/// sizes known by now (tiles are taken for half as large again as the frames along each axis).
/// *Collective*. Throws core::ConfigError naming the least memory that would do for all phases.
void check_memory(plan::MosaicPlan const& mosaic, RunConfig const& config, Context& context);
}  // namespace sectile::pipeline
