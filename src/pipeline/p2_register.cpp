// SPDX-License-Identifier: BSD-3-Clause
#include "pipeline/p2_register.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "sectile/astrometry/register_group.hpp"
#include "sectile/core/log.hpp"
#include "sectile/plan/decomposition.hpp"

#include "pipeline/record_travel.hpp"
#include "pipeline/verdicts.hpp"

namespace sectile::pipeline
{
namespace
{
using plan::FrameRecord;

void forget_stars(std::vector<FrameRecord>& frames)
{
    for (FrameRecord& frame : frames) {
        frame.stars = {};
    }
}

/// The frames of one group, registered, without their stars.
std::vector<FrameRecord> registered(plan::Group const& group, std::vector<FrameRecord> const& all,
                                    core::TaskRunner& runner)
{
    std::vector<FrameRecord> frames;
    frames.reserve(group.frames.size());
    for (core::FrameId const id : group.frames) {
        frames.push_back(all[id.value]);
    }
    astrometry::register_group(frames, runner);
    forget_stars(frames);
    return frames;
}

/// Without the frames that were quarantined; groups keep their order and are numbered anew.
std::vector<plan::Group> remaining(std::vector<plan::Group> groups,
                                   std::vector<FrameRecord> const& frames)
{
    for (plan::Group& group : groups) {
        std::erase_if(group.frames,
                      [&](core::FrameId id) { return !frames[id.value].verdict.accepted(); });
    }
    std::erase_if(groups, [](plan::Group const& group) { return group.frames.empty(); });
    for (std::size_t i = 0; i < groups.size(); ++i) {
        groups[i].id = core::GroupId{static_cast<std::uint32_t>(i)};
    }
    return groups;
}

void log_registration(std::vector<FrameRecord> const& frames)
{
    std::size_t tied = 0;
    std::size_t accepted = 0;
    for (FrameRecord const& frame : frames) {
        accepted += frame.verdict.accepted() ? 1 : 0;
        tied += frame.verdict.accepted() && frame.registration.matches > 0 ? 1 : 0;
    }
    core::log_world(core::LogLevel::info,
                    fmt::format("{} of {} frames tied by stars", tied, accepted));
}
}  // namespace

void register_frames(plan::MosaicPlan& mosaic, RunConfig const& config, Context& context)
{
    if (config.start_from_tiles || config.dry_run || !config.registers_stars) {
        forget_stars(mosaic.frames);
        return;
    }
    std::vector<plan::WorkItem> work;
    for (plan::Group const& group : mosaic.groups) {
        work.push_back({work.size(), static_cast<double>(group.frames.size())});
    }
    auto const assignment = plan::assign_work(work, context.world.size());
    auto const& mine = assignment[static_cast<std::size_t>(context.world.rank())];
    std::vector<std::vector<FrameRecord>> done(mine.size());
    comm::agree(context.world, "registering the frames", [&] {
        context.crew.for_each_item("P2 register", mine.size(), [&](std::size_t i) {
            done[i] = registered(mosaic.groups[mine[i]], mosaic.frames, context.crew.runner());
        });
    });
    forget_stars(mosaic.frames);
    std::vector<FrameRecord> own;
    for (auto& frames : done) {
        std::ranges::move(frames, std::back_inserter(own));
    }
    for_each_record(context.world, std::move(own), [&](FrameRecord frame, int /*rank*/) {
        std::uint32_t const id = frame.id.value;
        mosaic.frames[id] = std::move(frame);
    });
    std::size_t const before = mosaic.groups.size();
    for (plan::Group const& group : mosaic.groups) {
        for (core::FrameId const id : group.frames) {
            if (FrameRecord const& frame = mosaic.frames[id.value]; !frame.verdict.accepted()) {
                log_quarantined(frame);
            }
        }
    }
    mosaic.groups = remaining(std::move(mosaic.groups), mosaic.frames);
    if (mosaic.groups.size() != before) {
        context.report.note("groups without remaining frames were dropped",
                            core::LogChannel::world);
    }
    log_registration(mosaic.frames);
}
}  // namespace sectile::pipeline
