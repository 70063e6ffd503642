// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <vector>

#include "sectile/plan/frame_record.hpp"
#include "sectile/plan/group.hpp"

#include "pipeline/context.hpp"

namespace sectile::pipeline
{
/// P2: groups of one pointing, made on rank 0. *Collective*; the same on every rank.
[[nodiscard]] std::vector<plan::Group> group_pointings(std::vector<plan::FrameRecord> const& frames,
                                                       RunConfig const& config, Context& context);
}  // namespace sectile::pipeline
