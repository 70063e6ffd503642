// SPDX-License-Identifier: BSD-3-Clause
// The tasks of WcsSearch: what is found out about one frame.
#include <algorithm>
#include <utility>

#include "sectile/astrometry/combine_solutions.hpp"
#include "sectile/astrometry/frame_tie.hpp"
#include "sectile/astrometry/solve_clusters.hpp"
#include "sectile/astrometry/wcs_search.hpp"
#include "sectile/core/error.hpp"

#include "astrometry/file_name.hpp"

namespace sectile::astrometry
{
namespace
{
using plan::FrameRecord;

constexpr double scale_tolerance = 1.25;  // of a pixel scale that a header or a neighbour states
}  // namespace

Finding WcsSearch::work_on(SearchRound const& round, std::size_t task) const
{
    SearchRound::Task const& asked = round.tasks[task];
    switch (round.step) {
        case SearchStep::reuse_kept:
            return look_up(asked.frame);
        case SearchStep::check_headers:
        case SearchStep::solve:
            return solve(asked.frame);
        case SearchStep::tie_in_clusters:
        case SearchStep::tie_anywhere:
            return tie(asked.frame, asked.references);
        case SearchStep::average:
            return average(asked.frame, asked.references);
        case SearchStep::tie_to_average: {
            Finding finding = tie(asked.frame, asked.references);
            finding.origin = frames_[asked.frame].header.wcs_origin + ", " + finding.origin;
            return finding;
        }
        case SearchStep::done:
            break;
    }
    throw core::InternalError("there is no work at the end of the search for WCSs");
}

Finding WcsSearch::look_up(std::size_t frame) const
{
    auto const wcs = earlier_.find(frames_[frame].header, options_.limits);
    return {frame, wcs ? wcs->cards : "", "kept solution of an earlier run", {}, false};
}

void WcsSearch::set_scale_limits(std::size_t frame, SolveRequest& request) const
{
    request.min_scale = options_.limits.min_scale;
    request.max_scale = options_.limits.max_scale;
    auto const states_scale = [&](std::size_t i) { return !frames_[i].footprint.edge.empty(); };
    Indices const& members = clusters_[progress_[frame].cluster].members;
    auto const other = std::ranges::find_if(members, states_scale);
    if (!states_scale(frame) && other == members.end()) {
        return;
    }
    double const scale =
        frames_[states_scale(frame) ? frame : *other].footprint.pixel_scale.arcsec();
    request.min_scale = core::Angle::from_arcsec(scale / scale_tolerance);
    request.max_scale = core::Angle::from_arcsec(scale * scale_tolerance);
}

Finding WcsSearch::solve(std::size_t frame) const
{
    SolveRequest request;
    request.frame = &frames_[frame];
    request.hint = pointing_hint(frames_[frame]);
    set_scale_limits(frame, request);
    request.folder = options_.folder;
    request.name = solution_name(frames_[frame].header);
    SolveOutcome const outcome = solver_->solve(request);
    Finding finding{
        frame, {}, "solved: " + solver_->name(), outcome.reason, outcome.is_solver_missing};
    if (outcome.wcs) {
        try {
            auto const reason = sky::reason_unusable(sky::SkyWcs(*outcome.wcs), options_.limits);
            finding.reason = reason.value_or("");
            finding.cards = reason ? "" : outcome.wcs->cards;
        } catch (core::InputError const& error) {
            finding.reason = error.what();
        }
    }
    return finding;
}

/// To the first of the references that works.
Finding WcsSearch::tie(std::size_t frame, Indices const& references) const
{
    Finding finding;
    finding.frame = frame;
    for (std::size_t const other : references) {
        FrameTie tie = tie_frame(frames_[frame], frames_[other], options_.limits);
        if (tie.wcs) {
            finding.cards = std::move(tie.wcs->cards);
            finding.origin = "tied to " + file_name(frames_[other]);
            finding.reason.clear();
            return finding;
        }
        if (finding.reason.empty()) {
            finding.reason =
                core::sentence("it could not be tied to " + file_name(frames_[other]), tie.reason);
        }
    }
    return finding;
}

Finding WcsSearch::average(std::size_t frame, Indices const& others) const
{
    std::vector<FrameRecord const*> partners;
    for (std::size_t const other : others) {
        partners.push_back(&frames_[other]);
    }
    auto const wcs = combined_solution(frames_[frame], partners, options_.limits);
    return {frame, wcs ? wcs->cards : "", frames_[frame].header.wcs_origin, {}, false};
}
}  // namespace sectile::astrometry
