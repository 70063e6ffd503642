// SPDX-License-Identifier: BSD-3-Clause
#include "pipeline/p2_group.hpp"

#include <sstream>
#include <string>

#include <fmt/format.h>

#include "sectile/core/log.hpp"

#include "pipeline/broadcast.hpp"

namespace sectile::pipeline
{
namespace
{
/// Group of every frame, -1 for none: enough to make the same groups everywhere.
std::string membership_text(std::vector<plan::Group> const& groups)
{
    std::string text;
    for (plan::Group const& group : groups) {
        text +=
            fmt::format("{} {:a} {:a} {:a} {}", group.id.value, group.center.lon.radians(),
                        group.center.lat.radians(), group.radius.radians(), group.frames.size());
        for (core::FrameId const id : group.frames) {
            text += fmt::format(" {}", id.value);
        }
        text += '\n';
    }
    return text;
}

std::vector<plan::Group> groups_from(std::string const& text)
{
    std::vector<plan::Group> groups;
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) {
        std::istringstream in(line);
        std::string lon;
        std::string lat;
        std::string radius;
        std::size_t count = 0;
        plan::Group group;
        in >> group.id.value >> lon >> lat >> radius >> count;
        // Streams do not read hexadecimal floating point; strtod does, exactly.
        group.center = {core::Angle::from_radians(std::strtod(lon.c_str(), nullptr)),
                        core::Angle::from_radians(std::strtod(lat.c_str(), nullptr))};
        group.radius = core::Angle::from_radians(std::strtod(radius.c_str(), nullptr));
        group.frames.resize(count);
        for (core::FrameId& id : group.frames) {
            in >> id.value;
        }
        groups.push_back(std::move(group));
    }
    return groups;
}
}  // namespace

std::vector<plan::Group> group_pointings(std::vector<plan::FrameRecord> const& frames,
                                         RunConfig const& config, Context& context)
{
    auto groups = groups_from(broadcast_text(context.world, "grouping", [&] {
        return membership_text(plan::group_frames(frames, config.grouping));
    }));
    core::log_world(core::LogLevel::info, fmt::format("{} groups", groups.size()));
    return groups;
}
}  // namespace sectile::pipeline
