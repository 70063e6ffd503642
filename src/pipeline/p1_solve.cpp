// SPDX-License-Identifier: BSD-3-Clause
#include "pipeline/p1_solve.hpp"

#include <algorithm>
#include <filesystem>
#include <iterator>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "sectile/astrometry/combine_solutions.hpp"
#include "sectile/astrometry/frame_tie.hpp"
#include "sectile/astrometry/solve_clusters.hpp"
#include "sectile/core/error.hpp"
#include "sectile/core/log.hpp"
#include "sectile/plan/footprint.hpp"

#include "pipeline/frame_solving.hpp"

namespace sectile::pipeline
{
namespace
{
using plan::FrameRecord;
using Indices = std::vector<std::size_t>;

constexpr std::size_t most_candidates = 8;  // at a time: each costs a match
/// References that a frame is compared with in all, first in its cluster. More ties frames at the
/// rim of a mosaic to a far one; each costs a match for every frame that cannot be tied.
constexpr std::size_t most_in_cluster = 24;
constexpr std::size_t most_in_all = 32;
/// Frames of a cluster that are solved at first. Their mean is better than each (see
/// combined_solution()); each costs a solve, and they run at once.
constexpr std::size_t first_solves = 5;
/// Solves that may fail in a cluster without any success before it is given up: 5 + 10.
constexpr std::size_t most_failures = 15;
constexpr double scale_tolerance = 1.25;  // of a pixel scale that a header or a neighbour states

}  // namespace

FrameSolving::FrameSolving(std::vector<FrameRecord>& frames, RunConfig const& config,
                           Context& context)
    : frames_(frames),
      config_(config),
      context_(context),
      solver_(config.dry_run ? nullptr : astrometry::make_plate_solver(config.solver)),
      kept_(config.solver.program == astrometry::SolverChoice::none ? "" : config.output),
      work_folder_(
          std::filesystem::absolute(scratch_directory(config) + "/solve").lexically_normal()),
      state_(frames.size(), WcsState::unused),
      camera_(frames.size(), -1),
      cluster_of_(frames.size(), 0),
      tried_(frames.size()),
      solve_tried_(frames.size(), false),
      header_is_wrong_(frames.size(), false),
      failure_(frames.size())
{
    std::map<std::string, int> cameras;
    Indices used;
    for (std::size_t i = 0; i < frames.size(); ++i) {
        if (frames[i].verdict.accepted()) {
            bool const is_doubtful = config.solver.program != astrometry::SolverChoice::none &&
                                     !astrometry::shows_plate_solution(frames[i].header);
            state_[i] = is_doubtful ? WcsState::unverified : WcsState::known;
        } else if (frames[i].verdict.reason.starts_with(plan::no_wcs_reason) &&
                   frames[i].header.geometry.width > 0) {
            state_[i] = WcsState::missing;
        }
        if (state_[i] != WcsState::unused) {
            camera_[i] = cameras
                             .emplace(astrometry::camera_mode_of(frames[i]),
                                      static_cast<int>(cameras.size()))
                             .first->second;
            used.push_back(i);
        }
    }
    for (Indices& members : astrometry::clusters_of(frames, used)) {
        for (std::size_t const member : members) {
            cluster_of_[member] = clusters_.size();
        }
        clusters_.push_back({std::move(members)});
    }
}

Indices FrameSolving::in_state(WcsState state) const
{
    Indices found;
    for (std::size_t i = 0; i < state_.size(); ++i) {
        if (state_[i] == state) {
            found.push_back(i);
        }
    }
    return found;
}

void FrameSolving::note(std::string const& text) const
{
    if (context_.world.is_root()) {
        context_.report.note(text);
    }
}

void FrameSolving::run()
{
    if (in_state(WcsState::missing).empty() && in_state(WcsState::unverified).empty()) {
        return;
    }
    reuse_kept();
    verify_headers();
    do {
        while (tie_round(true)) {
        }
    } while (solve_round());
    while (tie_round(false)) {
    }
    conclude();
}

void FrameSolving::adopt(Finding const& finding)
{
    FrameRecord& frame = frames_[finding.frame];
    sky::FrameGeometry const& geometry = frame.header.geometry;
    frame.header.wcs = {finding.cards, {}, {}, geometry.width, geometry.height};
    frame.header.wcs_origin = finding.origin;
    frame.footprint = plan::footprint_of(sky::SkyWcs(frame.header.wcs));
    frame.verdict = {};
    state_[finding.frame] = WcsState::known;
}

/// *Collective*: rank 0 keeps what was found.
void FrameSolving::keep_all(std::vector<Finding> const& findings)
{
    comm::agree(context_.world, "keeping plate solutions", [&] {
        for (Finding const& finding : findings) {
            if (context_.world.is_root() && state_[finding.frame] == WcsState::known &&
                !finding.cards.empty()) {
                kept_.keep(frames_[finding.frame].header);
            }
        }
    });
}

void FrameSolving::reuse_kept()
{
    Indices work = in_state(WcsState::missing);
    std::ranges::move(in_state(WcsState::unverified), std::back_inserter(work));
    if (config_.solver.program == astrometry::SolverChoice::none || work.empty()) {
        return;
    }
    auto const findings = deal_findings(context_, "P1 kept solutions", work, [&](std::size_t i) {
        auto const wcs = kept_.find(frames_[i].header, config_.wcs_limits);
        return Finding{i, wcs ? wcs->cards : "", "kept solution of an earlier run", {}, false};
    });
    for (Finding const& finding : findings) {
        if (!finding.cards.empty()) {
            adopt(finding);
            ++reused_;
        }
    }
}

void FrameSolving::set_scale_limits(std::size_t frame, astrometry::SolveRequest& request) const
{
    request.min_scale = config_.wcs_limits.min_scale;
    request.max_scale = config_.wcs_limits.max_scale;
    auto const states_scale = [&](std::size_t i) { return !frames_[i].footprint.edge.empty(); };
    Indices const& members = clusters_[cluster_of_[frame]].members;
    auto const other = std::ranges::find_if(members, states_scale);
    if (!states_scale(frame) && other == members.end()) {
        return;
    }
    double const scale =
        frames_[states_scale(frame) ? frame : *other].footprint.pixel_scale.arcsec();
    request.min_scale = core::Angle::from_arcsec(scale / scale_tolerance);
    request.max_scale = core::Angle::from_arcsec(scale * scale_tolerance);
}

Finding FrameSolving::solve_one(std::size_t frame) const
{
    astrometry::SolveRequest request;
    request.frame = &frames_[frame];
    request.hint = astrometry::pointing_hint(frames_[frame]);
    set_scale_limits(frame, request);
    request.folder = work_folder_;
    request.name = astrometry::solution_name(frames_[frame].header);
    std::filesystem::create_directories(work_folder_);
    astrometry::SolveOutcome const outcome = solver_->solve(request);
    Finding finding{
        frame, {}, "solved: " + solver_->name(), outcome.reason, outcome.is_solver_missing};
    if (outcome.wcs) {
        try {
            auto const reason = sky::reason_unusable(sky::SkyWcs(*outcome.wcs), config_.wcs_limits);
            finding.reason = reason.value_or("");
            finding.cards = reason ? "" : outcome.wcs->cards;
        } catch (core::InputError const& error) {
            finding.reason = error.what();
        }
    }
    return finding;
}

Finding FrameSolving::tie_one(std::size_t frame, Indices const& references) const
{
    Finding finding;
    finding.frame = frame;
    for (std::size_t const other : references) {
        astrometry::FrameTie tie =
            astrometry::tie_frame(frames_[frame], frames_[other], config_.wcs_limits);
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

/// References that a missing frame was not compared with yet, best first.
Indices FrameSolving::new_references(std::size_t frame, Indices const& known,
                                     bool in_cluster_only) const
{
    std::size_t const most = in_cluster_only ? most_in_cluster : most_in_all;
    Indices const& tried = tried_[frame];
    if (tried.size() >= most || frames_[frame].stars.empty()) {
        return {};
    }
    Indices fresh;
    std::ranges::copy_if(known, std::back_inserter(fresh), [&](std::size_t other) {
        bool const is_near = !in_cluster_only || cluster_of_[other] == cluster_of_[frame];
        return is_near && camera_[other] == camera_[frame] && !frames_[other].stars.empty() &&
               std::ranges::find(tried, other) == tried.end();
    });
    return astrometry::reference_candidates(frames_, frame, fresh,
                                            std::min(most_candidates, most - tried.size()));
}

/// Ties missing frames to known ones that they were not compared with before. *Collective*. False
/// when there was nothing to compare.
bool FrameSolving::tie_round(bool in_cluster_only)
{
    std::map<std::size_t, Indices> references;
    Indices work;
    Indices const known = in_state(WcsState::known);
    for (std::size_t const frame : in_state(WcsState::missing)) {
        Indices fresh = new_references(frame, known, in_cluster_only);
        if (!fresh.empty()) {
            std::ranges::copy(fresh, std::back_inserter(tried_[frame]));
            references[frame] = std::move(fresh);
            work.push_back(frame);
        }
    }
    if (work.empty()) {
        return false;
    }
    auto const findings = deal_findings(
        context_, "P1 tie", work, [&](std::size_t i) { return tie_one(i, references.at(i)); });
    for (Finding const& finding : findings) {
        if (!finding.cards.empty()) {
            adopt(finding);
            ++tied_;
        } else if (failure_[finding.frame].empty()) {
            failure_[finding.frame] = finding.reason;
        }
    }
    keep_all(findings);
    return true;
}

/// Solves some frames of every cluster that still misses WCSs, twice as many as the time before.
/// *Collective*. True when there was something to solve.
bool FrameSolving::solve_round()
{
    Indices work;
    for (Cluster& cluster : clusters_) {
        Indices left;
        for (std::size_t const member : cluster.members) {
            if (state_[member] == WcsState::missing && !solve_tried_[member] &&
                !frames_[member].stars.empty()) {
                left.push_back(member);
            }
        }
        if (solver_ && !left.empty() && cluster.failures < most_failures + 4 * cluster.successes) {
            constexpr std::size_t largest_shift = 20;
            std::ranges::copy(astrometry::spread_over(
                                  left, first_solves << std::min(cluster.round, largest_shift)),
                              std::back_inserter(work));
            ++cluster.round;
        }
    }
    if (work.empty()) {
        return false;
    }
    auto const findings =
        deal_findings(context_, "P1 solve", work, [&](std::size_t i) { return solve_one(i); });
    for (Finding const& finding : findings) {
        Cluster& cluster = clusters_[cluster_of_[finding.frame]];
        solve_tried_[finding.frame] = true;
        if (!finding.cards.empty()) {
            adopt(finding);
            ++solved_;
            ++cluster.successes;
            continue;
        }
        failure_[finding.frame] = finding.reason;
        ++cluster.failures;
        if (finding.is_solver_missing && solver_) {
            give_up_solver(finding.reason);
        }
    }
    Indices solved;
    std::ranges::copy_if(work, std::back_inserter(solved),
                         [&](std::size_t i) { return state_[i] == WcsState::known; });
    combine(solved);
    keep_all(findings);
    return true;
}

/// Of the frames of a cluster that were just solved one gets the mean of their solutions, and the
/// others are tied to it: each solution has its own error, which would blur the mosaic, a tie has
/// hardly any. *Collective*.
void FrameSolving::combine(Indices const& solved)
{
    std::map<std::size_t, Indices> of_cluster;
    for (std::size_t const frame : solved) {
        of_cluster[cluster_of_[frame]].push_back(frame);
    }
    Indices references;
    Indices others;
    for (auto const& [cluster, frames] : of_cluster) {
        std::size_t const middle = frames[frames.size() / 2];
        references.push_back(middle);
        std::ranges::copy_if(frames, std::back_inserter(others),
                             [&](std::size_t i) { return i != middle; });
    }
    auto const reference_of = [&](std::size_t frame) {
        Indices const& frames = of_cluster.at(cluster_of_[frame]);
        return frames[frames.size() / 2];
    };
    auto const take = [&](std::vector<Finding> const& findings) {
        for (Finding const& finding : findings) {
            if (!finding.cards.empty()) {
                adopt(finding);
            }
        }
    };
    take(deal_findings(context_, "P1 combine solutions", references, [&](std::size_t i) {
        std::vector<FrameRecord const*> partners;
        for (std::size_t const other : of_cluster.at(cluster_of_[i])) {
            if (other != i) {
                partners.push_back(&frames_[other]);
            }
        }
        auto const wcs = astrometry::combined_solution(frames_[i], partners, config_.wcs_limits);
        return Finding{i, wcs ? wcs->cards : "", frames_[i].header.wcs_origin, {}, false};
    }));
    take(deal_findings(context_, "P1 combine solutions", others, [&](std::size_t i) {
        Finding finding = tie_one(i, {reference_of(i)});
        finding.origin = frames_[i].header.wcs_origin + ", " + finding.origin;
        return finding;
    }));
}

void solve_frames(std::vector<FrameRecord>& frames, RunConfig const& config, Context& context)
{
    if (config.start_from_tiles) {
        return;
    }
    FrameSolving(frames, config, context).run();
}
}  // namespace sectile::pipeline
