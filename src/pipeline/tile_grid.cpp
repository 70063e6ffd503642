// SPDX-License-Identifier: BSD-3-Clause
#include "pipeline/tile_grid.hpp"

namespace sectile::pipeline
{
plan::GridInput grid_input_of(plan::FrameFootprint const& footprint)
{
    return {footprint.edge, footprint.center, footprint.pixel_scale};
}

plan::CanvasGrid tile_grid(std::vector<plan::FrameRecord> const& frames, std::size_t reference)
{
    std::vector<plan::GridInput> inputs;
    inputs.reserve(frames.size());
    for (plan::FrameRecord const& frame : frames) {
        inputs.push_back(grid_input_of(frame.footprint));
    }
    bool const mirrored = sky::SkyWcs(frames[reference].header.wcs).is_mirrored();
    return plan::plan_tile_grid(inputs, reference, frames[reference].footprint.position_angle,
                                mirrored);
}
}  // namespace sectile::pipeline
