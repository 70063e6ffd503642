// SPDX-License-Identifier: BSD-3-Clause
#include "pipeline/frame_solving.hpp"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <limits>
#include <system_error>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "sectile/astrometry/solve_clusters.hpp"
#include "sectile/core/error.hpp"
#include "sectile/core/log.hpp"
#include "sectile/plan/footprint.hpp"

namespace sectile::pipeline
{
namespace
{
using plan::FrameRecord;

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

char const* name_of(astrometry::SolverChoice choice)
{
    switch (choice) {
        case astrometry::SolverChoice::astap:
            return "astap";
        case astrometry::SolverChoice::solve_field:
            return "solve-field";
        case astrometry::SolverChoice::none:
            break;
    }
    return "none";
}

}  // namespace

/// Checks the WCSs that mounts may have written: two frames of every cluster at most are solved.
/// *Collective*.
void FrameSolving::verify_headers()
{
    constexpr std::size_t attempts = 2;
    for (std::size_t attempt = 0; attempt < attempts && solver_; ++attempt) {
        Indices work;
        for (Cluster const& cluster : clusters_) {
            Indices doubtful;
            std::ranges::copy_if(cluster.members, std::back_inserter(doubtful), [&](std::size_t i) {
                return state_[i] == WcsState::unverified && !solve_tried_[i];
            });
            std::ranges::copy(astrometry::spread_over(doubtful, 1), std::back_inserter(work));
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
    if (!believed.empty() && !config_.dry_run) {
        auto const tried =
            std::ranges::find_if(believed, [&](std::size_t i) { return !failure_[i].empty(); });
        note(fmt::format(
            "the WCS in the headers of {} frames could not be checked and is believed{}",
            believed.size(),
            tried == believed.end()
                ? ""
                : fmt::format(" ({}: {})", file_name(frames_[*tried]), failure_[*tried])));
    }
}

/// What the solution of one frame says about the headers of its cluster.
void FrameSolving::judge_headers(Finding const& finding)
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

void FrameSolving::give_up_solver(std::string const& reason)
{
    note(core::sentence("no frame is solved", reason, "install the solver or name it, see --help"));
    solver_.reset();
}

/// Why a frame has no WCS in the end.
std::string FrameSolving::final_reason(std::size_t frame) const
{
    FrameRecord const& record = frames_[frame];
    constexpr std::size_t least_stars = 4;
    std::string why = failure_[frame];
    if (record.stars.size() < least_stars) {
        why = fmt::format("it shows {} stars, too few to be solved or tied", record.stars.size());
    } else if (why.empty()) {
        why = "there is no frame with a WCS that it could be tied to";
    }
    bool const is_unasked = config_.solver.program == astrometry::SolverChoice::none;
    return core::sentence(
        header_is_wrong_[frame] ? "the WCS in the header is wrong" : plan::no_wcs_reason, why,
        is_unasked ? "choose a --solver, or solve the frame first" : "");
}

/// Quarantines what stays without a WCS and says what was done.
void FrameSolving::conclude()
{
    Indices const left = config_.dry_run ? Indices{} : in_state(WcsState::missing);
    for (std::size_t const frame : left) {
        frames_[frame].verdict = {plan::FrameState::quarantined, final_reason(frame)};
    }
    if (context_.world.is_root() && config_.keep != Keep::all) {
        std::error_code ignored;
        std::filesystem::remove_all(work_folder_, ignored);
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
}  // namespace sectile::pipeline
