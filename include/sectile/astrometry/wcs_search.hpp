// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "sectile/astrometry/kept_solutions.hpp"
#include "sectile/astrometry/plate_solver.hpp"
#include "sectile/plan/frame_record.hpp"
#include "sectile/sky/sky_wcs.hpp"

namespace sectile::astrometry
{
/// What became of one frame in a round of the search. Plain data; travels between ranks.
struct Finding
{
    std::size_t frame = 0;
    std::string cards;  ///< of the WCS; empty: none
    std::string origin;
    std::string reason;              ///< why there is none
    bool is_solver_missing = false;  ///< see SolveOutcome
};

/// Steps of the search, in their order; solving goes back to ties within clusters.
enum class SearchStep : std::uint8_t
{
    reuse_kept,       ///< look for the solution of an earlier run
    check_headers,    ///< solve frames whose WCS a mount may have written
    tie_in_clusters,  ///< to frames of the same cluster
    solve,            ///< by the external program
    average,          ///< one frame of each cluster takes the mean of what was just solved
    tie_to_average,   ///< the others that were just solved are tied to it
    tie_anywhere,     ///< to any frame of the camera mode
    done
};

/// Work of one step, whose tasks may run in any order, at once and on any rank.
struct SearchRound
{
    struct Task
    {
        std::size_t frame = 0;
        std::vector<std::size_t> references;  ///< frames that it is compared with, in this order
    };

    SearchStep step = SearchStep::done;
    std::vector<Task> tasks;  ///< each of another frame

    [[nodiscard]] bool calls_solver() const
    {
        return step == SearchStep::check_headers || step == SearchStep::solve;
    }
};

/// How the search is meant to go.
struct SearchOptions
{
    SolverChoice program = SolverChoice::none;  ///< that the user asked for
    sky::WcsLimits limits;
    std::string folder;  ///< for the files of the solver; must exist where it is called
    /// Nothing but headers was read, so that frames have no stars: none is judged.
    bool headers_only = false;
};

/// What the search did, in frames.
struct SearchCounts
{
    std::size_t solved = 0;
    std::size_t tied = 0;
    std::size_t reused = 0;    ///< solutions of earlier runs
    std::size_t replaced = 0;  ///< had a wrong WCS in the header
};

/// The search for the WCS of frames that have none, or one that a mount may have written
/// (src/METHODS.md, section 5.4).
///
/// The search decides and does not do: next_round() says what is to be found out, work_on() finds
/// out one thing, whoever runs the search shares the tasks out, and tell() hears of the findings in
/// the order of the tasks. Copies on many ranks that hear the same ask and decide the same. Nothing
/// here communicates, writes or logs; programs run and files are read by the solver and the archive
/// alone.
class WcsSearch
{
  public:
    /// Frames that are accepted or without a WCS take part. `solver` may be null; `frames` and
    /// `earlier` outlive the search. The WCS, footprints and verdicts of frames are set by tell()
    /// and quarantine_rest().
    WcsSearch(std::vector<plan::FrameRecord>& frames, SearchOptions options,
              std::unique_ptr<PlateSolver const> solver, EarlierSolutions const& earlier);

    /// Whether any frame misses its WCS or has one to be checked.
    [[nodiscard]] bool is_needed() const;

    /// The next work, never without tasks; nothing at the end. The findings of the last round must
    /// have been told. Counts as tried what it asks for.
    [[nodiscard]] std::optional<SearchRound> next_round();

    /// Finds out one thing; the result depends on nothing but the frames as they are now, and what
    /// the solver says. Thread-safe until tell(). Throws core::IoError where the solver's files
    /// cannot be written.
    [[nodiscard]] Finding work_on(SearchRound const& round, std::size_t task) const;

    /// What work_on() found for every task of the round, in their order.
    void tell(SearchRound const& round, std::vector<Finding> const& findings);

    /// Sentences for the report since the last call.
    [[nodiscard]] std::vector<std::string> take_notes();
    /// Frames that got a solution worth keeping since the last call, each once.
    [[nodiscard]] std::vector<std::size_t> take_settled();
    [[nodiscard]] SearchCounts const& counts() const { return counts_; }

    /// At the end: quarantines the frames that stay without a WCS and says which they are.
    std::vector<std::size_t> quarantine_rest();

  private:
    using Indices = std::vector<std::size_t>;

    enum class State : std::uint8_t
    {
        unused,      ///< quarantined for another reason
        known,       ///< has a WCS that is believed
        unverified,  ///< has one that a mount may have written
        missing
    };

    /// How far the search has come with a frame.
    struct Progress
    {
        State state = State::unused;
        int camera = -1;  ///< number of the camera mode
        std::size_t cluster = 0;
        Indices tried;                 ///< references that it was compared with
        bool solve_tried = false;      ///< by the external program
        bool header_is_wrong = false;  ///< it had a WCS, which is not to be believed
        std::string failure;           ///< what was said last
    };

    struct Cluster
    {
        Indices members;
        std::size_t rounds = 0;  ///< of solving
        std::size_t failures = 0;
        std::size_t successes = 0;
    };

    [[nodiscard]] Indices in_state(State state) const;
    [[nodiscard]] Indices new_references(std::size_t frame, Indices const& known) const;

    void make_tasks(SearchRound& round);
    void make_kept_tasks(SearchRound& round) const;
    void make_check_tasks(SearchRound& round) const;
    void make_tie_tasks(SearchRound& round);
    void make_solve_tasks(SearchRound& round);
    void make_average_tasks(SearchRound& round) const;
    void leave_step();

    [[nodiscard]] Finding look_up(std::size_t frame) const;
    [[nodiscard]] Finding solve(std::size_t frame) const;
    [[nodiscard]] Finding tie(std::size_t frame, Indices const& references) const;
    [[nodiscard]] Finding average(std::size_t frame, Indices const& others) const;
    void set_scale_limits(std::size_t frame, SolveRequest& request) const;

    void hear(SearchStep step, Finding const& finding);
    void hear_of_header(Finding const& finding);
    void hear_of_tie(Finding const& finding);
    void hear_of_solution(Finding const& finding);
    void hear_of_failure(Finding const& finding);
    void adopt(Finding const& finding);
    void believe_unchecked();
    [[nodiscard]] std::string final_reason(std::size_t frame) const;

    std::vector<plan::FrameRecord>& frames_;
    SearchOptions options_;
    std::unique_ptr<PlateSolver const> solver_;
    EarlierSolutions const& earlier_;
    std::vector<Progress> progress_;  ///< one per frame
    std::vector<Cluster> clusters_;
    SearchStep step_ = SearchStep::reuse_kept;
    bool is_waiting_ = false;         ///< for the findings of a round
    std::size_t checks_ = 0;          ///< rounds of it
    std::vector<Indices> solved_;     ///< in the last round of solving, of each cluster
    std::vector<std::string> notes_;  ///< not taken yet
    Indices settled_;                 ///< not taken yet
    SearchCounts counts_;
};
}  // namespace sectile::astrometry
