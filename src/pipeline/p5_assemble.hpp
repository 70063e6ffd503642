// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <string>

#include "sectile/engine/placed_source.hpp"
#include "sectile/plan/mosaic_plan.hpp"

#include "pipeline/context.hpp"

namespace sectile::pipeline
{
/// What a final assembly is: how its sources are weighted and combined, planned under which name.
struct AssemblyRequest
{
    plan::PlanKind kind = plan::PlanKind::phase5_reproject;
    compute::CoaddRecipe recipe;
    engine::Weighting weighting = engine::Weighting::noise_variance;
};

/// P5 and Mosaic-First: coadds the sources of the job, which lie on the global grid and are
/// matched, into <output>/mosaic.h5, all ranks together. Weighs the sources and sets the recipe of
/// the job. *Collective*.
void assemble(engine::CoaddJob& job, plan::MosaicPlan const& mosaic, AssemblyRequest const& request,
              RunConfig const& config, Context& context);

/// Name of the canvas file of a run.
[[nodiscard]] std::string canvas_path(RunConfig const& config);
}  // namespace sectile::pipeline
