// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "sectile/plan/mosaic_plan.hpp"

#include "pipeline/context.hpp"

namespace sectile::pipeline
{
/// Ties the frames of every group by their stars (register_group()), groups dealt to the ranks, and
/// frees the star lists. Frames that belong to another field are quarantined and leave their
/// groups. *Collective*; the same on every rank.
void register_frames(plan::MosaicPlan& mosaic, RunConfig const& config, Context& context);
}  // namespace sectile::pipeline
