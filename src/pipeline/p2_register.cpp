// SPDX-License-Identifier: BSD-3-Clause
#include "pipeline/p2_register.hpp"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <optional>
#include <tuple>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "sectile/astrometry/register_group.hpp"
#include "sectile/comm/share.hpp"
#include "sectile/core/log.hpp"
#include "sectile/plan/decomposition.hpp"
#include "sectile/plan/flux_prior.hpp"

#include "pipeline/phase.hpp"
#include "pipeline/star_travel.hpp"
#include "pipeline/verdicts.hpp"

namespace sectile::pipeline
{
namespace
{
using plan::FrameRecord;

/// What only the steps so far needed. The edge of a footprint can be had again from the WCS.
void forget_details(std::vector<FrameRecord>& frames)
{
    for (FrameRecord& frame : frames) {
        frame.stars = {};
        frame.footprint.edge = {};
    }
}

/// A WCS that stars gave.
struct TiedWcs
{
    sky::WcsDescription wcs;
    plan::FrameFootprint footprint;
};
auto fields(TiedWcs& tied)
{
    return std::tie(tied.wcs, tied.footprint);
}

/// What registration found about a frame: all that it changes of a record.
struct Registered
{
    core::FrameId id;
    plan::FrameVerdict verdict;
    plan::FrameRegistration registration;
    std::optional<TiedWcs> tied;
    std::vector<double> scales;  ///< of its planes
    std::vector<double> scale_errors;
};
auto fields(Registered& found)
{
    return std::tie(found.id, found.verdict, found.registration, found.tied, found.scales,
                    found.scale_errors);
}

Registered registered(FrameRecord& frame)
{
    Registered found{frame.id, std::move(frame.verdict), frame.registration, {}, {}, {}};
    if (frame.registration.matches > 0) {
        found.tied = {std::move(frame.header.wcs), std::move(frame.footprint)};
        found.tied->footprint.edge = {};
    }
    for (plan::PlaneMeasurement const& plane : frame.planes) {
        found.scales.push_back(plane.scale);
        found.scale_errors.push_back(plane.scale_error);
    }
    return found;
}

void apply(Registered found, FrameRecord& frame)
{
    frame.verdict = std::move(found.verdict);
    frame.registration = found.registration;
    if (found.tied) {
        frame.header.wcs = std::move(found.tied->wcs);
        frame.footprint = std::move(found.tied->footprint);
    }
    for (std::size_t c = 0; c < frame.planes.size(); ++c) {
        frame.planes[c].scale = found.scales[c];
        frame.planes[c].scale_error = found.scale_errors[c];
    }
}

std::vector<Registered> register_one(plan::Group const& group, std::vector<FrameRecord> const& all,
                                     core::TaskRunner& runner)
{
    std::vector<FrameRecord> frames;
    frames.reserve(group.frames.size());
    for (core::FrameId const id : group.frames) {
        frames.push_back(all[id.value]);
    }
    astrometry::register_group(frames, runner);
    std::vector<Registered> found;
    found.reserve(frames.size());
    std::ranges::transform(frames, std::back_inserter(found), registered);
    return found;
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

/// Frames whose stars are not as bright as their headers say (plan::flux_prior()): a gain that was
/// changed, clouds, or a wrong EXPTIME.
void tell_scales(plan::MosaicPlan const& mosaic, Context& context)
{
    constexpr double clearly = 4.0;  // sigma
    for (plan::Group const& group : mosaic.groups) {
        auto const is_reference = [&](core::FrameId id) {
            auto const& planes = mosaic.frames[id.value].planes;
            return !planes.empty() && planes.front().scale_error == 0.0;
        };
        auto const reference = std::ranges::find_if(group.frames, is_reference);
        if (reference == group.frames.end()) {
            continue;
        }
        for (core::FrameId const id : group.frames) {
            FrameRecord const& frame = mosaic.frames[id.value];
            plan::FluxPrior const prior =
                plan::flux_prior(frame.header, mosaic.frames[reference->value].header);
            if (id.value == reference->value || frame.planes.empty()) {
                continue;
            }
            double const off = std::log(frame.planes.front().scale) - prior.log_ratio;
            double const sigma = std::hypot(prior.sigma, frame.planes.front().scale_error);
            if (std::abs(off) > clearly * sigma) {
                context.report.note(
                    fmt::format("{}: its stars are {:.2f} times as bright as its header says; what "
                                "they say is used",
                                frame.header.path, std::exp(-off)),
                    core::LogChannel::world);
            }
        }
    }
}

/// How many were tied, and by name those that were not though they have company.
void tell_registration(plan::MosaicPlan const& mosaic, Context& context)
{
    constexpr std::size_t most_named = 8;
    std::size_t tied = 0;
    std::size_t accepted = 0;
    std::size_t untied = 0;
    std::string names;
    for (plan::Group const& group : mosaic.groups) {
        for (core::FrameId const id : group.frames) {
            FrameRecord const& frame = mosaic.frames[id.value];
            ++accepted;
            if (frame.registration.matches > 0) {
                ++tied;
            } else if (group.frames.size() > 1 && ++untied <= most_named) {
                names.append(names.empty() ? "" : ", ").append(frame.header.path);
            }
        }
    }
    core::log_world(core::LogLevel::info,
                    fmt::format("{} of {} frames tied by stars", tied, accepted));
    if (untied > 0) {
        context.report.note(
            fmt::format("{} frames could not be tied by stars and lie as their WCS say: {}{}",
                        untied, names, untied > most_named ? ", ..." : ""),
            core::LogChannel::world);
    }
}
}  // namespace

void register_frames(plan::MosaicPlan& mosaic, RunConfig const& config, Context& context)
{
    if (config.start_from_tiles || config.dry_run || !config.registers_stars) {
        forget_details(mosaic.frames);
        return;
    }
    std::vector<plan::WorkItem> work;
    for (plan::Group const& group : mosaic.groups) {
        work.push_back({work.size(), static_cast<double>(group.frames.size())});
    }
    auto const assignment = plan::assign_work(work, context.world.size());
    std::vector<int> registered_by(mosaic.frames.size(), -1);
    for (std::size_t rank = 0; rank < assignment.size(); ++rank) {
        for (std::size_t const group : assignment[rank]) {
            for (core::FrameId const id : mosaic.groups[group].frames) {
                registered_by[id.value] = static_cast<int>(rank);
            }
        }
    }
    send_stars(context.world, mosaic.frames,
               [&](std::size_t frame) { return registered_by[frame]; });
    auto const& mine = assignment[static_cast<std::size_t>(context.world.rank())];
    std::vector<std::vector<Registered>> done(mine.size());
    comm::agree(context.world, "registering the frames", [&] {
        context.crew.for_each_item(
            std::string(phases::register_stars.name), mine.size(), [&](std::size_t i) {
                done[i] =
                    register_one(mosaic.groups[mine[i]], mosaic.frames, context.crew.runner());
            });
    });
    forget_details(mosaic.frames);
    std::vector<Registered> own;
    for (auto& found : done) {
        std::ranges::move(found, std::back_inserter(own));
        found = {};
    }
    comm::for_each_value(context.world, std::move(own),
                         [&](std::vector<Registered> part, int /*rank*/) {
                             for (Registered& found : part) {
                                 FrameRecord& frame = mosaic.frames[found.id.value];
                                 apply(std::move(found), frame);
                             }
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
    tell_registration(mosaic, context);
    tell_scales(mosaic, context);
}
}  // namespace sectile::pipeline
