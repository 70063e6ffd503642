// SPDX-License-Identifier: BSD-3-Clause
#include "sectile/engine/coadd.hpp"

#include <algorithm>
#include <exception>
#include <optional>
#include <utility>

#include "sectile/core/error.hpp"

#include "engine/push_exchange.hpp"
#include "engine/strip_loader.hpp"

namespace sectile::engine
{
namespace
{
/// The finished rows of one strip.
struct StripPixels
{
    core::Box box;
    image::Image<float> science;
    image::Image<float> weight;
    image::Image<std::uint32_t> coverage;

    StripPixels() = default;
    StripPixels(core::Box const& strip, int planes)
        : box(strip), science(strip, planes), weight(strip, planes), coverage(strip, planes)
    {}
    [[nodiscard]] compute::StripOutput output()
    {
        return {science.view(), weight.view(), coverage.view()};
    }
};

/// Makes strips from windows that are read here (pull route).
class PullStrip
{
  public:
    PullStrip(CoaddJob const& job, Team const& team, std::size_t batch, CoaddStatistics& statistics)
        : job_(job), team_(team), batch_(std::max<std::size_t>(1, batch)), statistics_(statistics)
    {}

    [[nodiscard]] StripPixels make(core::Box const& strip) const
    {
        StripPixels result(strip, job_.planes);
        auto const inputs = inputs_over(job_, strip);
        if (job_.recipe.combine.is_running_mean()) {
            add_in_batches(inputs, strip, result);
        } else {
            auto const loaded = load_windows(job_, inputs, strip, *team_.runner, statistics_);
            team_.backend->combine(windows_of(loaded), job_.recipe, result.output());
        }
        return result;
    }

  private:
    using Windows = std::vector<std::unique_ptr<LoadedWindow>>;

    static std::vector<compute::StripSource> windows_of(Windows const& loaded)
    {
        std::vector<compute::StripSource> sources;
        sources.reserve(loaded.size());
        for (auto const& window : loaded) {
            sources.emplace_back(window->window());
        }
        return sources;
    }

    /// Reads the next batch while the last one is added to the sums.
    void add_in_batches(std::span<CoaddInput const* const> inputs, core::Box const& strip,
                        StripPixels& result) const
    {
        compute::StripSums sums(strip, job_.planes);
        auto const load = [&](std::size_t first) {
            auto const part = inputs.subspan(std::min(first, inputs.size()));
            return load_windows(job_, part.first(std::min(batch_, part.size())), strip,
                                *team_.runner, statistics_);
        };
        Windows current = load(0);
        for (std::size_t next = batch_; !current.empty() || next < inputs.size(); next += batch_) {
            Windows following;
            TbbRunner::Background reading(*team_.runner, [&] { following = load(next); });
            team_.backend->accumulate(windows_of(current), job_.recipe, sums);
            reading.wait();
            current = std::move(following);
        }
        team_.backend->finish(sums, result.output());
    }

    CoaddJob const& job_;
    Team const& team_;
    std::size_t batch_;
    CoaddStatistics& statistics_;
};

/// Makes a strip from samples that have arrived (push route).
StripPixels make_from_blocks(CoaddJob const& job, Team const& team, PushRound const& round,
                             core::Box const& strip)
{
    StripPixels result(strip, job.planes);
    auto const blocks = round.blocks();
    if (job.recipe.combine.is_running_mean()) {
        compute::StripSums sums(strip, job.planes);
        team.backend->accumulate(blocks, job.recipe, sums);
        team.backend->finish(sums, result.output());
    } else {
        team.backend->combine(blocks, job.recipe, result.output());
    }
    return result;
}

/// Keeps the first exception of this rank until all ranks have reached a point where they can agree
/// to stop.
class FirstError
{
  public:
    template <class Work>
    void guard(Work&& work)
    {
        try {
            work();
        } catch (...) {
            if (!error_) {
                error_ = std::current_exception();
            }
        }
    }
    /// *Collective*.
    [[nodiscard]] bool any(comm::Communicator const& comm) const
    {
        return comm::all_reduce_max(comm, error_ ? 1 : 0) != 0;
    }
    void rethrow() const
    {
        if (error_) {
            std::rethrow_exception(error_);
        }
    }

  private:
    std::exception_ptr error_;
};

/// The rounds of one coadd. A failing rank goes on taking part in the collective calls until the
/// ranks have agreed to stop at the end of the round.
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
          sink_(sink)
    {}

    CoaddStatistics run()
    {
        std::size_t const rounds = decomposition_.rounds.size();
        prepare(0);
        for (std::size_t round = 0; round < rounds && !error_.any(team_.comm); ++round) {
            std::optional<PushRound> arrived = std::exchange(ready_, std::nullopt);
            prepare(round + 1);
            if (error_.any(team_.comm)) {
                break;
            }
            compute_and_write(round, arrived);
            if (ready_) {
                ready_->wait(statistics_);
            }
        }
        if (!error_.any(team_.comm)) {
            error_.guard([&] { write_finished(); });
        }
        // Asked before anybody throws: whoever left earlier would be waited for.
        bool const failed = error_.any(team_.comm);
        error_.rethrow();
        if (failed) {
            throw core::IoError("the coadd stopped because another rank failed");
        }
        statistics_.rounds = rounds;
        return statistics_;
    }

  private:
    /// Push route: resamples for the round and starts its messages.
    void prepare(std::size_t round)
    {
        if (route_ != Route::push || round >= decomposition_.rounds.size()) {
            return;
        }
        error_.guard([&] { ready_.emplace(job_, team_, decomposition_, round, statistics_); });
        if (!error_.any(team_.comm)) {
            ready_->start();
            if (round == 0) {
                ready_->wait(statistics_);
            }
        } else {
            ready_.reset();
        }
    }

    /// Computes this rank's strip of the round while the rows of the round before are written.
    void compute_and_write(std::size_t round, std::optional<PushRound> const& arrived)
    {
        core::Box const strip = decomposition_.strip_of(round, team_.comm.rank());
        StripPixels made;
        TbbRunner::Background computing(*team_.runner, [&] {
            if (strip.empty()) {
                return;
            }
            made = arrived
                       ? make_from_blocks(job_, team_, *arrived, strip)
                       : PullStrip(job_, team_, static_cast<std::size_t>(plan_.sources_per_batch),
                                   statistics_)
                             .make(strip);
        });
        error_.guard([&] { write_finished(); });
        error_.guard([&] { computing.wait(); });
        finished_ = std::move(made);
        has_finished_ = true;
    }

    void write_finished()
    {
        if (has_finished_) {
            has_finished_ = false;
            sink_.write(finished_.box, finished_.output());
            finished_ = {};
        }
    }

    CoaddJob const& job_;
    Team const& team_;
    plan::ParallelPlan const& plan_;
    plan::Decomposition const& decomposition_;
    Route route_;
    StripSink& sink_;
    CoaddStatistics statistics_;
    FirstError error_;
    std::optional<PushRound> ready_;
    StripPixels finished_;
    bool has_finished_ = false;
};
}  // namespace

CoaddStatistics coadd(CoaddJob const& job, Team const& team, plan::ParallelPlan const& plan,
                      plan::Decomposition const& decomposition, Route route, StripSink& sink)
{
    return Rounds(job, team, plan, decomposition, route, sink).run();
}
}  // namespace sectile::engine
