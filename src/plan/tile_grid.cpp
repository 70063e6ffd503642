// SPDX-License-Identifier: BSD-3-Clause
#include "sectile/plan/tile_grid.hpp"

namespace sectile::plan
{
GridInput grid_input_of(FrameFootprint const& footprint)
{
    return {footprint.edge, footprint.center, footprint.pixel_scale};
}

CanvasGrid tile_grid(std::vector<FrameRecord> const& frames, std::size_t reference)
{
    std::vector<GridInput> inputs;
    inputs.reserve(frames.size());
    for (FrameRecord const& frame : frames) {
        inputs.push_back(grid_input_of(frame.footprint));
    }
    bool const mirrored = sky::SkyWcs(frames[reference].header.wcs).is_mirrored();
    return plan_tile_grid(inputs, reference, frames[reference].footprint.position_angle, mirrored);
}
}  // namespace sectile::plan
