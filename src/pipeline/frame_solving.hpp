// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "sectile/astrometry/kept_solutions.hpp"
#include "sectile/astrometry/plate_solver.hpp"
#include "sectile/plan/frame_record.hpp"

#include "pipeline/context.hpp"
#include "pipeline/solve_findings.hpp"

namespace sectile::pipeline
{
/// How a frame stands.
enum class WcsState : std::uint8_t
{
    unused,      ///< quarantined for another reason
    known,       ///< has a WCS that is believed
    unverified,  ///< has one that a mount may have written
    missing
};

/// The frames of a run on their way to a WCS: the work of solve_frames(). The same on every rank.
class FrameSolving
{
  public:
    FrameSolving(std::vector<plan::FrameRecord>& frames, RunConfig const& config, Context& context);

    void run();  ///< *collective*

  private:
    using Indices = std::vector<std::size_t>;

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
    void set_scale_limits(std::size_t frame, astrometry::SolveRequest& request) const;
    void adopt(Finding const& finding);
    void keep_all(std::vector<Finding> const& findings);
    void note(std::string const& text) const;

    std::vector<plan::FrameRecord>& frames_;
    RunConfig const& config_;
    Context& context_;
    std::unique_ptr<astrometry::PlateSolver> solver_;
    astrometry::KeptSolutions kept_;
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

[[nodiscard]] inline std::string file_name(plan::FrameRecord const& frame)
{
    return std::filesystem::path(frame.header.path).filename().string();
}
}  // namespace sectile::pipeline
