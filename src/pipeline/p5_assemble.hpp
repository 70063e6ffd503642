// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <string>

#include "sectile/engine/placed_source.hpp"
#include "sectile/pipeline/planned_phases.hpp"
#include "sectile/plan/mosaic_plan.hpp"

#include "pipeline/context.hpp"

namespace sectile::pipeline
{
/// P5 and Mosaic-First: coadds the sources of the job, which lie on the global grid and are
/// matched, into <output>/mosaic.h5, all ranks together, as planned. Weighs the sources.
/// *Collective*.
void assemble(engine::CoaddJob& job, plan::MosaicPlan const& mosaic, LocalPlan const& local,
              RunConfig const& config, Context& context);

/// Name of the canvas file of a run.
[[nodiscard]] std::string canvas_path(RunConfig const& config);
}  // namespace sectile::pipeline
