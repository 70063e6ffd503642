// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <vector>

#include "sectile/plan/frame_record.hpp"
#include "sectile/plan/group.hpp"

#include "pipeline/context.hpp"

namespace sectile::pipeline
{
/// The finished tiles in the order of the groups, and the rank that made each.
struct MasterTiles
{
    std::vector<plan::FrameRecord> records;
    std::vector<int> makers;
};

/// P3: one group becomes one master tile in the tile store. Groups are assigned to teams of ranks
/// (one rank each, or several when there are fewer groups than ranks), longest first. *Collective*;
/// every rank gets all tiles.
[[nodiscard]] MasterTiles make_master_tiles(std::vector<plan::Group> const& groups,
                                            std::vector<plan::FrameRecord> const& frames,
                                            RunConfig const& config, Context& context);
}  // namespace sectile::pipeline
