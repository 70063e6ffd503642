// SPDX-License-Identifier: BSD-3-Clause
#include "pipeline/p2_group.hpp"

#include <fmt/format.h>

#include "sectile/comm/share.hpp"
#include "sectile/core/log.hpp"

namespace sectile::pipeline
{
std::vector<plan::Group> group_pointings(std::vector<plan::FrameRecord> const& frames,
                                         RunConfig const& config, Context& context)
{
    auto groups = comm::broadcast_made(context.world, "grouping",
                                       [&] { return plan::group_frames(frames, config.grouping); });
    core::log_world(core::LogLevel::info, fmt::format("{} groups", groups.size()));
    return groups;
}
}  // namespace sectile::pipeline
