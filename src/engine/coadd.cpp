// SPDX-License-Identifier: BSD-3-Clause
#include "sectile/engine/coadd.hpp"

#include <optional>
#include <utility>

#include "sectile/core/memory_budget.hpp"

#include "engine/ladder.hpp"
#include "engine/push_exchange.hpp"
#include "engine/strip_maker.hpp"

namespace sectile::engine
{
namespace
{
/// The rounds of one coadd. A failing rank goes on taking part in the collective calls until the
/// ranks have agreed what to do at the end of the step: go on, stop, or, when memory ran out
/// somewhere, cut the strips that are left into halves and make this round again.
class Rounds
{
  public:
    Rounds(CoaddJob const& job, Team const& team, plan::ParallelPlan const& plan,
           plan::Decomposition const& decomposition, Route route, StripSink& sink)
        : job_(job),
          team_(team),
          plan_(plan),
          decomposition_(decomposition),
          route_(route),
          sink_(sink),
          ladder_(job, team, route, plan.use_memmap)
    {}

    /// *Collective*. Throws what failed on this rank; on the others it returns that they left.
    comm::Ending run()
    {
        Outcome outcome = prepare(0);
        for (std::size_t round = 0;
             outcome == Outcome::good && round < decomposition_.rounds.size();) {
            std::optional<PushRound> arrived = std::exchange(ready_, std::nullopt);
            outcome = prepare(round + 1);
            if (outcome != Outcome::good) {
                break;
            }
            outcome = compute_and_write(round, arrived);
            if (ready_) {
                ready_->wait(statistics_);
            }
            if (outcome == Outcome::halve) {
                outcome = start_again(round);
            } else {
                ++round;
            }
        }
        if (outcome == Outcome::good) {
            error_.guard([&] { write_finished(); });
            outcome = agreed(Outcome::good);
        }
        error_.rethrow();
        return outcome == Outcome::good ? comm::Ending::done : comm::Ending::left;
    }

    /// Of a coadd that was done.
    [[nodiscard]] CoaddStatistics statistics() const
    {
        CoaddStatistics all = statistics_;
        all.rounds = decomposition_.rounds.size();
        all.ladder = ladder_.steps();
        return all;
    }

  private:
    /// *Collective*: the worst of all ranks.
    [[nodiscard]] Outcome agreed(Outcome mine) const
    {
        Outcome const own = error_.is_set() ? Outcome::failed : mine;
        return static_cast<Outcome>(
            comm::all_reduce_max(team_.comm, static_cast<std::int64_t>(own)));
    }

    void halve(std::size_t round)
    {
        ladder_.note_halved(plan::tallest_strip(decomposition_, round));
        plan::halve_rounds(decomposition_, round);
    }

    /// *Collective*. After memory ran out in `round`: thinner strips from there on.
    [[nodiscard]] Outcome start_again(std::size_t round)
    {
        ready_.reset();
        halve(round);
        return prepare(round);
    }

    /// *Collective*. Push route: resamples for the round and starts its messages.
    [[nodiscard]] Outcome prepare(std::size_t round)
    {
        while (route_ == Route::push && round < decomposition_.rounds.size()) {
            std::int64_t const rows = plan::tallest_strip(decomposition_, round);
            Outcome mine = Outcome::good;
            error_.guard([&] {
                mine = ladder_.attempt(rows, [&] {
                    ready_.emplace(job_, team_, ladder_.backend(), decomposition_, round,
                                   statistics_);
                });
            });
            Outcome const all = agreed(mine);
            if (all == Outcome::good) {
                ready_->start();
                // Nothing is computed meanwhile when this is the round that comes next.
                ready_->wait_if(round == next_, statistics_);
                return all;
            }
            ready_.reset();
            if (all == Outcome::failed) {
                return all;
            }
            halve(round);
        }
        return Outcome::good;
    }

    /// *Collective*. Computes this rank's strip of the round while the rows of the round before are
    /// written.
    [[nodiscard]] Outcome compute_and_write(std::size_t round,
                                            std::optional<PushRound> const& arrived)
    {
        core::Box const strip = decomposition_.strip_of(round, team_.comm.rank());
        std::int64_t const rows = plan::tallest_strip(decomposition_, round);
        StripMaker const maker(job_, team_, static_cast<std::size_t>(plan_.tiles_per_chunk),
                               ladder_, statistics_);
        StripPixels made;
        Outcome mine = Outcome::good;
        error_.guard([&] {
            mine = ladder_.attempt(rows, [&] {
                // The first attempt overlaps with the writing; on later ones nothing is left to
                // write.
                machine::TbbRunner::Background computing(*team_.runner, [&] {
                    if (!strip.empty()) {
                        made = arrived ? maker.make_from(*arrived, strip) : maker.make(strip);
                    }
                });
                write_and_keep_error();
                computing.wait();
            });
        });
        // A rank whose ladder failed at once has not come to its part of the collective write.
        write_and_keep_error();
        Outcome const all = agreed(mine);
        if (all == Outcome::good) {
            finished_ = std::move(made);
            has_finished_ = true;
            next_ = round + 1;
        }
        return all;
    }

    void write_and_keep_error()
    {
        error_.guard([&] { write_finished(); });
    }

    void write_finished()
    {
        if (has_finished_) {
            has_finished_ = false;
            core::MemoryBudget::Promise const counted_by_the_plan;
            sink_.write(finished_.box, finished_.output());
            finished_ = {};
        }
    }

    CoaddJob const& job_;
    Team const& team_;
    plan::ParallelPlan const& plan_;
    plan::Decomposition decomposition_;
    Route route_;
    StripSink& sink_;
    CoaddStatistics statistics_;
    comm::FirstError error_;
    Ladder ladder_;
    std::optional<PushRound> ready_;
    std::size_t next_ = 0;  ///< round that is computed next
    StripPixels finished_;
    bool has_finished_ = false;
};
}  // namespace

CoaddStatistics coadd(CoaddJob const& job, Team const& team, plan::ParallelPlan const& plan,
                      plan::Decomposition const& decomposition, Route route, StripSink& sink)
{
    core::require(
        std::ranges::none_of(job.inputs,
                             [](PlacedSource const& input) { return input.weight_scale.empty(); }),
        "the sources of a coadd are weighed");
    Rounds rounds(job, team, plan, decomposition, route, sink);
    comm::agree(team.comm, "coadd", [&] { return rounds.run(); });
    return rounds.statistics();
}
}  // namespace sectile::engine
