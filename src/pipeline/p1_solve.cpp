// SPDX-License-Identifier: BSD-3-Clause
#include "pipeline/p1_solve.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <filesystem>
#include <iterator>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "sectile/core/error.hpp"
#include "sectile/core/log.hpp"

#include "pipeline/combine_solutions.hpp"
#include "pipeline/frame_footprint.hpp"
#include "pipeline/frame_tie.hpp"
#include "pipeline/kept_solutions.hpp"
#include "pipeline/plate_solver.hpp"
#include "pipeline/solve_clusters.hpp"
#include "pipeline/solve_findings.hpp"

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
/// What a header may be wrong by at a corner without blurring the mosaic.
constexpr double largest_error_pixels = 2.0;
constexpr double largest_error_arcsec = 1.5;
constexpr double scale_tolerance = 1.25;  // of a pixel scale that a header or a neighbour states

/// How a frame stands.
enum class WcsState : std::uint8_t
{
    unused,      ///< quarantined for another reason
    known,       ///< has a WCS that is believed
    unverified,  ///< has one that a mount may have written
    missing
};

std::string file_name(FrameRecord const& frame)
{
    return std::filesystem::path(frame.header.path).filename().string();
}

/// Largest distance on the sky, in arcsec, between the places that two WCSs of a frame give to one
/// of its corners; NaN or infinite where one has none there.
double largest_distance(sky::SkyWcs const& a, sky::SkyWcs const& b)
{
    double const x1 = static_cast<double>(b.width()) - 1.0;
    double const y1 = static_cast<double>(b.height()) - 1.0;
    double largest = 0.0;
    for (sky::PixelPos const corner :
         {sky::PixelPos{0, 0}, sky::PixelPos{x1, 0}, sky::PixelPos{0, y1}, sky::PixelPos{x1, y1}}) {
        double const apart = separation_of(a.pixel_to_sky(corner), b.pixel_to_sky(corner)).arcsec();
        largest = std::isfinite(apart) ? std::max(largest, apart)
                                       : std::numeric_limits<double>::infinity();
    }
    return largest;
}

char const* name_of(SolverChoice choice)
{
    switch (choice) {
        case SolverChoice::astap:
            return "astap";
        case SolverChoice::solve_field:
            return "solve-field";
        case SolverChoice::none:
            break;
    }
    return "none";
}

/// The frames of a run on their way to a WCS.
class Solving
{
  public:
    Solving(std::vector<FrameRecord>& frames, RunConfig const& config, Context& context);

    void run();

  private:
    struct Cluster
    {
        Indices members;
        std::size_t round = 0;
        std::size_t failures = 0;
        std::size_t successes = 0;
    };

    [[nodiscard]] Indices in_state(WcsState state) const;
    void reuse_kept();
    void verify_headers();
    void judge_headers(Finding const& finding);
    [[nodiscard]] Indices new_references(std::size_t frame, Indices const& known,
                                         bool in_cluster_only) const;
    bool tie_round(bool in_cluster_only);
    bool solve_round();
    void combine(Indices const& solved);
    void give_up_solver(std::string const& reason);
    void conclude();
    [[nodiscard]] std::string final_reason(std::size_t frame) const;

    [[nodiscard]] Finding solve_one(std::size_t frame) const;
    [[nodiscard]] Finding tie_one(std::size_t frame, Indices const& references) const;
    void set_scale_limits(std::size_t frame, SolveRequest& request) const;
    void adopt(Finding const& finding);
    void keep_all(std::vector<Finding> const& findings);
    void note(std::string const& text) const;

    std::vector<FrameRecord>& frames_;
    RunConfig const& config_;
    Context& context_;
    std::unique_ptr<PlateSolver> solver_;
    KeptSolutions kept_;
    std::string work_folder_;
    std::vector<WcsState> state_;
    std::vector<int> camera_;  ///< number of the camera mode
    std::vector<Cluster> clusters_;
    std::vector<std::size_t> cluster_of_;
    std::vector<Indices> tried_;         ///< references that each frame was compared with
    std::vector<bool> solve_tried_;      ///< by the external program
    std::vector<bool> header_is_wrong_;  ///< it had a WCS, which is not to be believed
    std::vector<std::string> failure_;   ///< of each frame, what was said last
    std::size_t solved_ = 0, tied_ = 0, reused_ = 0, replaced_ = 0;
};

Solving::Solving(std::vector<FrameRecord>& frames, RunConfig const& config, Context& context)
    : frames_(frames),
      config_(config),
      context_(context),
      solver_(config.dry_run ? nullptr : make_plate_solver(config.solver)),
      kept_(solver_ ? config.output : ""),
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
            bool const is_doubtful = solver_ && !shows_plate_solution(frames[i].header);
            state_[i] = is_doubtful ? WcsState::unverified : WcsState::known;
        } else if (frames[i].verdict.reason.starts_with(no_wcs_reason) &&
                   frames[i].header.geometry.width > 0) {
            state_[i] = WcsState::missing;
        }
        if (state_[i] != WcsState::unused) {
            camera_[i] = cameras.emplace(camera_of(frames[i]), static_cast<int>(cameras.size()))
                             .first->second;
            used.push_back(i);
        }
    }
    for (Indices& members : clusters_of(frames, used)) {
        for (std::size_t const member : members) {
            cluster_of_[member] = clusters_.size();
        }
        clusters_.push_back({std::move(members)});
    }
}

Indices Solving::in_state(WcsState state) const
{
    Indices found;
    for (std::size_t i = 0; i < state_.size(); ++i) {
        if (state_[i] == state) {
            found.push_back(i);
        }
    }
    return found;
}

void Solving::note(std::string const& text) const
{
    if (context_.world.is_root()) {
        context_.report.note(text);
    }
}

void Solving::run()
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

void Solving::adopt(Finding const& finding)
{
    FrameRecord& frame = frames_[finding.frame];
    sky::FrameGeometry const& geometry = frame.header.geometry;
    frame.header.wcs = {finding.cards, {}, {}, geometry.width, geometry.height};
    frame.header.wcs_origin = finding.origin;
    frame.footprint = footprint_of(sky::SkyWcs(frame.header.wcs));
    frame.verdict = {};
    state_[finding.frame] = WcsState::known;
}

/// *Collective*: rank 0 keeps what was found.
void Solving::keep_all(std::vector<Finding> const& findings)
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

void Solving::reuse_kept()
{
    Indices work = in_state(WcsState::missing);
    std::ranges::move(in_state(WcsState::unverified), std::back_inserter(work));
    if (!solver_) {
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

void Solving::set_scale_limits(std::size_t frame, SolveRequest& request) const
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

Finding Solving::solve_one(std::size_t frame) const
{
    SolveRequest request;
    request.frame = &frames_[frame];
    request.hint = pointing_hint(frames_[frame]);
    set_scale_limits(frame, request);
    request.folder = work_folder_;
    request.name = solution_name(frames_[frame].header);
    std::filesystem::create_directories(work_folder_);
    SolveOutcome const outcome = solver_->solve(request);
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

Finding Solving::tie_one(std::size_t frame, Indices const& references) const
{
    Finding finding;
    finding.frame = frame;
    for (std::size_t const other : references) {
        FrameTie tie = tie_frame(frames_[frame], frames_[other], config_.wcs_limits);
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
Indices Solving::new_references(std::size_t frame, Indices const& known, bool in_cluster_only) const
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
    return reference_candidates(frames_, frame, fresh,
                                std::min(most_candidates, most - tried.size()));
}

/// Ties missing frames to known ones that they were not compared with before. *Collective*. False
/// when there was nothing to compare.
bool Solving::tie_round(bool in_cluster_only)
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
bool Solving::solve_round()
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
            std::ranges::copy(
                spread_over(left, first_solves << std::min(cluster.round, largest_shift)),
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
void Solving::combine(Indices const& solved)
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
        auto const wcs = combined_solution(frames_[i], partners, config_.wcs_limits);
        return Finding{i, wcs ? wcs->cards : "", frames_[i].header.wcs_origin, {}, false};
    }));
    take(deal_findings(context_, "P1 combine solutions", others, [&](std::size_t i) {
        Finding finding = tie_one(i, {reference_of(i)});
        finding.origin = frames_[i].header.wcs_origin + ", " + finding.origin;
        return finding;
    }));
}

/// Checks the WCSs that mounts may have written: two frames of every cluster at most are solved.
/// *Collective*.
void Solving::verify_headers()
{
    constexpr std::size_t attempts = 2;
    for (std::size_t attempt = 0; attempt < attempts && solver_; ++attempt) {
        Indices work;
        for (Cluster const& cluster : clusters_) {
            Indices doubtful;
            std::ranges::copy_if(cluster.members, std::back_inserter(doubtful), [&](std::size_t i) {
                return state_[i] == WcsState::unverified && !solve_tried_[i];
            });
            std::ranges::copy(spread_over(doubtful, 1), std::back_inserter(work));
        }
        if (work.empty()) {
            break;
        }
        auto const findings = deal_findings(context_, "P1 check WCS", work,
                                            [&](std::size_t i) { return solve_one(i); });
        for (Finding const& finding : findings) {
            judge_headers(finding);
        }
    }
    Indices const believed = in_state(WcsState::unverified);
    for (std::size_t const frame : believed) {
        state_[frame] = WcsState::known;
    }
    if (!believed.empty()) {
        note(
            fmt::format("the WCS in the headers of {} frames could not be checked and is believed "
                        "({}: {})",
                        believed.size(), file_name(frames_[believed.front()]),
                        failure_[believed.front()].empty() ? "no frame of its pointing was solved"
                                                           : failure_[believed.front()]));
    }
}

/// What the solution of one frame says about the headers of its cluster.
void Solving::judge_headers(Finding const& finding)
{
    solve_tried_[finding.frame] = true;
    if (finding.cards.empty()) {
        failure_[finding.frame] = finding.reason;
        if (finding.is_solver_missing && solver_) {
            give_up_solver(finding.reason);
        }
        return;
    }
    FrameRecord const& frame = frames_[finding.frame];
    sky::SkyWcs const header(frame.header.wcs);
    sky::SkyWcs const solved(
        sky::WcsDescription{finding.cards, {}, {}, header.width(), header.height()});
    double const apart = largest_distance(header, solved);
    bool const is_wrong =
        !(apart <=
          std::min(largest_error_arcsec, largest_error_pixels * solved.pixel_scale().arcsec()));
    std::size_t count = 0;
    for (std::size_t const member : clusters_[cluster_of_[finding.frame]].members) {
        if (state_[member] == WcsState::unverified) {
            state_[member] = is_wrong ? WcsState::missing : WcsState::known;
            header_is_wrong_[member] = is_wrong;
            ++count;
        }
    }
    if (is_wrong) {
        note(
            fmt::format("the WCS in the header of {} is {:.3g} arcsec off at a corner; those of "
                        "{} frames of its pointing are replaced",
                        file_name(frame), apart, count));
        replaced_ += count;
        // Solved again with others of its pointing, whose mean is better than this one.
        solve_tried_[finding.frame] = false;
    }
}

void Solving::give_up_solver(std::string const& reason)
{
    note(core::sentence("no frame is solved", reason, "install the solver or name it, see --help"));
    solver_.reset();
}

/// Why a frame has no WCS in the end.
std::string Solving::final_reason(std::size_t frame) const
{
    FrameRecord const& record = frames_[frame];
    constexpr std::size_t least_stars = 4;
    std::string why = failure_[frame];
    if (record.stars.size() < least_stars) {
        why = fmt::format("it shows {} stars, too few to be solved or tied", record.stars.size());
    } else if (why.empty()) {
        why = "there is no frame with a WCS that it could be tied to";
    }
    bool const is_unasked = config_.solver.program == SolverChoice::none;
    return core::sentence(
        header_is_wrong_[frame] ? "the WCS in the header is wrong" : no_wcs_reason, why,
        is_unasked ? "choose a --solver, or solve the frame first" : "");
}

/// Quarantines what stays without a WCS and says what was done.
void Solving::conclude()
{
    Indices const left = in_state(WcsState::missing);
    if (!config_.dry_run) {
        for (std::size_t const frame : left) {
            frames_[frame].verdict = {plan::FrameState::quarantined, final_reason(frame)};
        }
    }
    nlohmann::json json;
    json["solver"] = name_of(config_.solver.program);
    json["solved"] = solved_;
    json["tied"] = tied_;
    json["kept_from_earlier_runs"] = reused_;
    json["wrong_headers"] = replaced_;
    json["without_wcs"] = left.size();
    context_.report.set("plate_solving", json.dump());
    core::log_world(core::LogLevel::info,
                    fmt::format("{} frames solved, {} tied to others by their stars, {} solutions "
                                "of earlier runs used, {} wrong headers, {} frames without a WCS",
                                solved_, tied_, reused_, replaced_, left.size()));
    for (std::size_t const frame : left) {
        core::log_world(core::LogLevel::warning,
                        fmt::format("quarantined {}[{}]: {}", frames_[frame].header.path,
                                    frames_[frame].header.hdu, frames_[frame].verdict.reason));
    }
}
}  // namespace

void solve_frames(std::vector<FrameRecord>& frames, RunConfig const& config, Context& context)
{
    if (config.start_from_tiles) {
        return;
    }
    Solving(frames, config, context).run();
}
}  // namespace sectile::pipeline
