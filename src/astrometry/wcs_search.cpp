// SPDX-License-Identifier: BSD-3-Clause
#include "sectile/astrometry/wcs_search.hpp"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <iterator>
#include <limits>
#include <map>
#include <utility>

#include <fmt/format.h>

#include "sectile/astrometry/solve_clusters.hpp"
#include "sectile/core/error.hpp"
#include "sectile/plan/footprint.hpp"

#include "astrometry/file_name.hpp"

namespace sectile::astrometry
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
/// Frames of a cluster that are solved to check its headers.
constexpr std::size_t most_checks = 2;

/// What a header may be wrong by at a corner without blurring the mosaic.
constexpr double largest_error_pixels = 2.0;
constexpr double largest_error_arcsec = 1.5;

/// Largest distance on the sky, in arcsec, between the places that two WCSs of a frame give to one
/// of its corners; NaN or infinite where one has none there.
double largest_distance(sky::SkyWcs const& a, sky::SkyWcs const& b)
{
    double const x1 = static_cast<double>(b.width()) - 1.0;
    double const y1 = static_cast<double>(b.height()) - 1.0;
    double largest = 0.0;
    for (sky::PixelPos const corner :
         {sky::PixelPos{0, 0}, sky::PixelPos{x1, 0}, sky::PixelPos{0, y1}, sky::PixelPos{x1, y1}}) {
        double const apart =
            plan::separation_of(a.pixel_to_sky(corner), b.pixel_to_sky(corner)).arcsec();
        largest = std::isfinite(apart) ? std::max(largest, apart)
                                       : std::numeric_limits<double>::infinity();
    }
    return largest;
}

/// The frame of those that were solved in a cluster which takes their mean.
std::size_t middle_of(Indices const& solved)
{
    return solved[solved.size() / 2];
}
}  // namespace

WcsSearch::WcsSearch(std::vector<FrameRecord>& frames, SearchOptions options,
                     std::unique_ptr<PlateSolver const> solver, EarlierSolutions const& earlier)
    : frames_(frames),
      options_(std::move(options)),
      solver_(std::move(solver)),
      earlier_(earlier),
      progress_(frames.size())
{
    std::map<std::string, int> cameras;
    Indices used;
    for (std::size_t i = 0; i < frames.size(); ++i) {
        Progress& progress = progress_[i];
        if (frames[i].verdict.accepted()) {
            bool const is_doubtful =
                options_.program != SolverChoice::none && !shows_plate_solution(frames[i].header);
            progress.state = is_doubtful ? State::unverified : State::known;
        } else if (frames[i].verdict.code == plan::VerdictCode::no_wcs &&
                   frames[i].header.geometry.width > 0) {
            progress.state = State::missing;
        }
        if (progress.state != State::unused) {
            progress.camera =
                cameras.emplace(camera_mode_of(frames[i]), static_cast<int>(cameras.size()))
                    .first->second;
            used.push_back(i);
        }
    }
    for (Indices& members : clusters_of(frames, used)) {
        for (std::size_t const member : members) {
            progress_[member].cluster = clusters_.size();
        }
        clusters_.push_back({std::move(members)});
    }
}

bool WcsSearch::is_needed() const
{
    return std::ranges::any_of(progress_, [](Progress const& progress) {
        return progress.state == State::missing || progress.state == State::unverified;
    });
}

WcsSearch::Indices WcsSearch::in_state(State state) const
{
    Indices found;
    for (std::size_t i = 0; i < progress_.size(); ++i) {
        if (progress_[i].state == state) {
            found.push_back(i);
        }
    }
    return found;
}

std::optional<SearchRound> WcsSearch::next_round()
{
    core::require(!is_waiting_, "the findings of a round are told before the next one is asked");
    while (step_ != SearchStep::done) {
        SearchRound round;
        round.step = step_;
        make_tasks(round);
        if (!round.tasks.empty()) {
            is_waiting_ = true;
            return round;
        }
        leave_step();
    }
    return std::nullopt;
}

void WcsSearch::make_tasks(SearchRound& round)
{
    switch (round.step) {
        case SearchStep::reuse_kept:
            return make_kept_tasks(round);
        case SearchStep::check_headers:
            return make_check_tasks(round);
        case SearchStep::tie_in_clusters:
        case SearchStep::tie_anywhere:
            return make_tie_tasks(round);
        case SearchStep::solve:
            return make_solve_tasks(round);
        case SearchStep::average:
        case SearchStep::tie_to_average:
            return make_average_tasks(round);
        case SearchStep::done:
            break;
    }
}

/// There is nothing (more) to do in a step.
void WcsSearch::leave_step()
{
    switch (step_) {
        case SearchStep::reuse_kept:
            step_ = SearchStep::check_headers;
            break;
        case SearchStep::check_headers:
            believe_unchecked();
            step_ = SearchStep::tie_in_clusters;
            break;
        case SearchStep::tie_in_clusters:
            step_ = SearchStep::solve;
            break;
        case SearchStep::solve:
            step_ = SearchStep::tie_anywhere;
            break;
        case SearchStep::average:
            step_ = SearchStep::tie_to_average;
            break;
        case SearchStep::tie_to_average:
            step_ = SearchStep::tie_in_clusters;
            break;
        case SearchStep::tie_anywhere:
        case SearchStep::done:
            step_ = SearchStep::done;
            break;
    }
}

void WcsSearch::make_kept_tasks(SearchRound& round) const
{
    if (options_.program == SolverChoice::none) {
        return;
    }
    for (State const state : {State::missing, State::unverified}) {
        for (std::size_t const frame : in_state(state)) {
            round.tasks.push_back({frame, {}});
        }
    }
}

/// One frame of every cluster with headers that were not checked yet.
void WcsSearch::make_check_tasks(SearchRound& round) const
{
    if (!solver_ || checks_ == most_checks) {
        return;
    }
    for (Cluster const& cluster : clusters_) {
        Indices doubtful;
        std::ranges::copy_if(cluster.members, std::back_inserter(doubtful), [&](std::size_t i) {
            return progress_[i].state == State::unverified && !progress_[i].solve_tried;
        });
        for (std::size_t const frame : spread_over(doubtful, 1)) {
            round.tasks.push_back({frame, {}});
        }
    }
}

/// References that a missing frame was not compared with yet, best first.
WcsSearch::Indices WcsSearch::new_references(std::size_t frame, Indices const& known) const
{
    bool const in_cluster_only = step_ == SearchStep::tie_in_clusters;
    std::size_t const most = in_cluster_only ? most_in_cluster : most_in_all;
    Progress const& own = progress_[frame];
    if (own.tried.size() >= most || frames_[frame].stars.empty()) {
        return {};
    }
    Indices fresh;
    std::ranges::copy_if(known, std::back_inserter(fresh), [&](std::size_t other) {
        bool const is_near = !in_cluster_only || progress_[other].cluster == own.cluster;
        return is_near && progress_[other].camera == own.camera && !frames_[other].stars.empty() &&
               std::ranges::find(own.tried, other) == own.tried.end();
    });
    return reference_candidates(frames_, frame, fresh,
                                std::min(most_candidates, most - own.tried.size()));
}

/// Missing frames with known ones that they were not compared with before.
void WcsSearch::make_tie_tasks(SearchRound& round)
{
    Indices const known = in_state(State::known);
    for (std::size_t const frame : in_state(State::missing)) {
        Indices fresh = new_references(frame, known);
        if (!fresh.empty()) {
            std::ranges::copy(fresh, std::back_inserter(progress_[frame].tried));
            round.tasks.push_back({frame, std::move(fresh)});
        }
    }
}

/// Some frames of every cluster that still misses WCSs, twice as many as the time before.
void WcsSearch::make_solve_tasks(SearchRound& round)
{
    if (!solver_) {
        return;
    }
    for (Cluster& cluster : clusters_) {
        Indices left;
        std::ranges::copy_if(cluster.members, std::back_inserter(left), [&](std::size_t i) {
            return progress_[i].state == State::missing && !progress_[i].solve_tried &&
                   !frames_[i].stars.empty();
        });
        if (!left.empty() && cluster.failures < most_failures + 4 * cluster.successes) {
            constexpr std::size_t largest_shift = 20;
            std::size_t const count = first_solves << std::min(cluster.rounds, largest_shift);
            for (std::size_t const frame : spread_over(left, count)) {
                round.tasks.push_back({frame, {}});
            }
            ++cluster.rounds;
        }
    }
}

/// Of the frames of a cluster that were just solved one gets the mean of their solutions, and the
/// others are tied to it: each solution has its own error, which would blur the mosaic, a tie has
/// hardly any.
void WcsSearch::make_average_tasks(SearchRound& round) const
{
    // Ties wait for all means.
    for (Indices const& solved : solved_) {
        std::size_t const middle = middle_of(solved);
        Indices others;
        std::ranges::copy_if(solved, std::back_inserter(others),
                             [&](std::size_t i) { return i != middle; });
        if (round.step == SearchStep::average) {
            round.tasks.push_back({middle, std::move(others)});
            continue;
        }
        for (std::size_t const other : others) {
            round.tasks.push_back({other, {middle}});
        }
    }
}

void WcsSearch::tell(SearchRound const& round, std::vector<Finding> const& findings)
{
    core::require(is_waiting_ && round.step == step_,
                  "findings belong to the round that was asked");
    core::require(
        std::ranges::equal(round.tasks, findings, {}, &SearchRound::Task::frame, &Finding::frame),
        "there is a finding for every task, in their order");
    is_waiting_ = false;
    if (step_ == SearchStep::solve) {
        solved_.clear();
    }
    for (Finding const& finding : findings) {
        hear(round.step, finding);
    }
    if (step_ == SearchStep::check_headers) {
        ++checks_;
    } else if (step_ == SearchStep::solve) {
        step_ = SearchStep::average;
    } else if (step_ != SearchStep::tie_in_clusters && step_ != SearchStep::tie_anywhere) {
        leave_step();
    }
}

void WcsSearch::hear(SearchStep step, Finding const& finding)
{
    switch (step) {
        case SearchStep::reuse_kept:
            if (!finding.cards.empty()) {
                adopt(finding);
                ++counts_.reused;
            }
            break;
        case SearchStep::check_headers:
            hear_of_header(finding);
            break;
        case SearchStep::tie_in_clusters:
        case SearchStep::tie_anywhere:
            hear_of_tie(finding);
            break;
        case SearchStep::solve:
            hear_of_solution(finding);
            break;
        case SearchStep::average:
        case SearchStep::tie_to_average:
            if (!finding.cards.empty()) {
                adopt(finding);
            }
            settled_.push_back(finding.frame);
            break;
        case SearchStep::done:
            break;
    }
}

/// What the solution of one frame says about the headers of its cluster.
void WcsSearch::hear_of_header(Finding const& finding)
{
    Progress& own = progress_[finding.frame];
    own.solve_tried = true;
    if (finding.cards.empty()) {
        hear_of_failure(finding);
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
    for (std::size_t const i : clusters_[own.cluster].members) {
        Progress& member = progress_[i];
        if (member.state == State::unverified) {
            member.state = is_wrong ? State::missing : State::known;
            member.header_is_wrong = is_wrong;
            ++count;
        }
    }
    if (is_wrong) {
        notes_.push_back(
            fmt::format("the WCS in the header of {} is {:.3g} arcsec off at a corner; those of "
                        "{} frames of its pointing are replaced",
                        file_name(frame), apart, count));
        counts_.replaced += count;
        // Solved again with others of its pointing, whose mean is better than this one.
        own.solve_tried = false;
    }
}

void WcsSearch::hear_of_tie(Finding const& finding)
{
    Progress& own = progress_[finding.frame];
    if (!finding.cards.empty()) {
        adopt(finding);
        ++counts_.tied;
        settled_.push_back(finding.frame);
    } else if (own.failure.empty()) {
        own.failure = finding.reason;
    }
}

void WcsSearch::hear_of_solution(Finding const& finding)
{
    Progress& own = progress_[finding.frame];
    Cluster& cluster = clusters_[own.cluster];
    own.solve_tried = true;
    if (finding.cards.empty()) {
        ++cluster.failures;
        hear_of_failure(finding);
        return;
    }
    adopt(finding);
    ++counts_.solved;
    ++cluster.successes;
    // The frames of a cluster follow each other in a round.
    if (solved_.empty() || progress_[solved_.back().front()].cluster != own.cluster) {
        solved_.emplace_back();
    }
    solved_.back().push_back(finding.frame);
}

/// The solver found nothing. One that does not run is given up, once.
void WcsSearch::hear_of_failure(Finding const& finding)
{
    progress_[finding.frame].failure = finding.reason;
    if (finding.is_solver_missing && solver_) {
        notes_.push_back(core::sentence("no frame is solved", finding.reason,
                                        "install the solver or name it, see --help"));
        solver_.reset();
    }
}

void WcsSearch::adopt(Finding const& finding)
{
    FrameRecord& frame = frames_[finding.frame];
    sky::FrameGeometry const& geometry = frame.header.geometry;
    frame.header.wcs = {finding.cards, {}, {}, geometry.width, geometry.height};
    frame.header.wcs_origin = finding.origin;
    frame.footprint = plan::footprint_of(sky::SkyWcs(frame.header.wcs));
    frame.verdict = {};
    progress_[finding.frame].state = State::known;
}

/// Headers that could not be checked are believed.
void WcsSearch::believe_unchecked()
{
    Indices const believed = in_state(State::unverified);
    for (std::size_t const frame : believed) {
        progress_[frame].state = State::known;
    }
    if (believed.empty() || options_.headers_only) {
        return;
    }
    auto const tried = std::ranges::find_if(
        believed, [&](std::size_t i) { return !progress_[i].failure.empty(); });
    notes_.push_back(fmt::format(
        "the WCS in the headers of {} frames could not be checked and is believed{}",
        believed.size(),
        tried == believed.end()
            ? ""
            : fmt::format(" ({}: {})", file_name(frames_[*tried]), progress_[*tried].failure)));
}

std::vector<std::string> WcsSearch::take_notes()
{
    return std::exchange(notes_, {});
}

std::vector<std::size_t> WcsSearch::take_settled()
{
    return std::exchange(settled_, {});
}

std::vector<std::size_t> WcsSearch::quarantine_rest()
{
    core::require(step_ == SearchStep::done, "frames are judged at the end of the search");
    if (options_.headers_only) {
        return {};
    }
    Indices left = in_state(State::missing);
    for (std::size_t const frame : left) {
        frames_[frame].verdict = {progress_[frame].header_is_wrong ? plan::VerdictCode::wrong_wcs
                                                                   : plan::VerdictCode::no_wcs,
                                  final_reason(frame)};
    }
    return left;
}

/// Why a frame has no WCS in the end.
std::string WcsSearch::final_reason(std::size_t frame) const
{
    FrameRecord const& record = frames_[frame];
    constexpr std::size_t least_stars = 4;
    std::string why = progress_[frame].failure;
    if (record.stars.size() < least_stars) {
        why = fmt::format("it shows {} stars, too few to be solved or tied", record.stars.size());
    } else if (why.empty()) {
        why = "there is no frame with a WCS that it could be tied to";
    }
    bool const is_unasked = options_.program == SolverChoice::none;
    return core::sentence(
        progress_[frame].header_is_wrong ? "the WCS in the header is wrong" : "no celestial WCS",
        why, is_unasked ? "choose a --solver, or solve the frame first" : "");
}
}  // namespace sectile::astrometry
