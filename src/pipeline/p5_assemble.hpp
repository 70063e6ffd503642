// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <string>
#include <vector>

#include "sectile/engine/mosaic_source.hpp"
#include "sectile/plan/mosaic_plan.hpp"

#include "pipeline/context.hpp"

namespace sectile::pipeline
{
/// What a final assembly is: which sources, how they are weighted and combined, planned under which
/// name.
struct AssemblyRequest
{
    plan::PlanKind kind = plan::PlanKind::phase5_reproject;
    compute::CoaddRecipe recipe;
    engine::Weighting weighting = engine::Weighting::noise_variance;
};

/// P5 and Mosaic-First: coadds `sources` on the global grid into <output>/mosaic.h5, all ranks
/// together. *Collective*.
void assemble(std::vector<engine::MosaicSource> const& sources, plan::MosaicPlan const& mosaic,
              AssemblyRequest const& request, RunConfig const& config, Context& context);

/// Name of the canvas file of a run.
[[nodiscard]] std::string canvas_path(RunConfig const& config);
}  // namespace sectile::pipeline
