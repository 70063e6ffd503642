// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <vector>

#include "sectile/plan/canvas_grid.hpp"
#include "sectile/plan/frame_record.hpp"

#include "pipeline/context.hpp"

namespace sectile::pipeline
{
/// P4: the global grid over the footprints of the accepted frames, computed on rank 0 and
/// broadcast. *Collective*. Frames of inputs that were left out as outliers are quarantined in
/// `frames`.
[[nodiscard]] plan::CanvasGrid plan_global_grid(std::vector<plan::FrameRecord>& frames,
                                                RunConfig const& config, Context& context);
}  // namespace sectile::pipeline
