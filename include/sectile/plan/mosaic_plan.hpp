// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <vector>

#include "sectile/core/box.hpp"
#include "sectile/core/ids.hpp"
#include "sectile/plan/canvas_grid.hpp"
#include "sectile/plan/frame_record.hpp"
#include "sectile/plan/group.hpp"

namespace sectile::plan
{
/// What must be done: plain data, the same on every rank.
struct MosaicPlan
{
    std::vector<FrameRecord> frames;  ///< all of the input, accepted and quarantined, by id
    std::vector<Group> groups;        ///< of the accepted frames
    CanvasGrid grid;
    int planes = 1;  ///< of the mosaic

    [[nodiscard]] core::Box canvas() const { return {0, 0, grid.width(), grid.height()}; }
};
}  // namespace sectile::plan
