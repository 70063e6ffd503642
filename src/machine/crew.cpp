// SPDX-License-Identifier: BSD-3-Clause
#include "sectile/machine/crew.hpp"

#include <algorithm>
#include <mutex>
#include <new>
#include <numeric>
#include <utility>
#include <vector>

#include "sectile/core/error.hpp"
#include "sectile/core/memory_budget.hpp"
#include "sectile/core/system.hpp"

namespace sectile::machine
{
namespace
{
/// Puts the number of workers back, whatever happens.
class WorkersRestored
{
  public:
    explicit WorkersRestored(TbbRunner& runner) : runner_(runner), workers_(runner.workers()) {}
    ~WorkersRestored()
    {
        if (runner_.workers() != workers_) {
            runner_.set_workers(workers_);
        }
    }
    WorkersRestored(WorkersRestored const&) = delete;
    WorkersRestored& operator=(WorkersRestored const&) = delete;

  private:
    TbbRunner& runner_;
    int workers_;
};
}  // namespace

Crew::Crew(plan::Capabilities const& node, plan::ParallelOptions const& options,
           BackendChoice backend, std::string scratch, CrewWatcher* watcher)
    : node_(node),
      options_(options),
      runner_(std::make_unique<TbbRunner>(plan::plan_workers(node.cores, options))),
      backend_(backend == BackendChoice::reference ? compute::make_reference_backend()
                                                   : compute::make_cpu_backend(*runner_)),
      scratch_(std::move(scratch)),
      watcher_(watcher),
      workers_(runner_->workers())
{}

plan::Capabilities Crew::node_now()
{
    // Trimming visits the whole heap: not for every one of thousands of small tiles.
    constexpr std::int64_t worth_trimming = std::int64_t{8} << 20;
    plan::Capabilities now = node_;
    now.resident = core::read_process_usage().resident;
    if (now.resident > trimmed_resident_ + worth_trimming) {
        core::trim_heap();
        now.resident = core::read_process_usage().resident;
        trimmed_resident_ = now.resident;
    }
    trimmed_resident_ = std::min(trimmed_resident_, now.resident);
    return now;
}

void Crew::keep_to(plan::ParallelPlan const& plan)
{
    if (!plan_in_force_ || plan_in_force_->predicted_peak_bytes < plan.predicted_peak_bytes) {
        plan_in_force_ = plan;
    }
    runner_->set_workers(plan.cpu_workers);
    // What the process has grown by since the plan was made is not there any more.
    std::int64_t const planned_with = plan.predicted_peak_bytes - plan.added_bytes;
    std::int64_t const grown = std::max<std::int64_t>(0, node_now().resident - planned_with);
    std::int64_t const left =
        std::max(std::min(plan.added_bytes, plan.budget_bytes), plan.budget_bytes - grown);
    core::MemoryBudget& budget = core::MemoryBudget::of_process();
    budget.set_limit(budget.in_use() + left);
}

void Crew::release_plan()
{
    core::MemoryBudget::of_process().set_limit(0);
    runner_->set_workers(workers_);
}

void Crew::note(std::string const& text)
{
    if (watcher_ != nullptr) {
        watcher_->note(text);
    }
}

void Crew::for_each_item(std::string const& phase, std::size_t count,
                         std::function<void(std::size_t)> const& task)
{
    CrewWatcher* const shown = phase.empty() ? nullptr : watcher_;
    if (shown != nullptr) {
        shown->begin(phase, static_cast<std::int64_t>(count));
    }
    std::vector<std::size_t> waiting(count);
    std::iota(waiting.begin(), waiting.end(), std::size_t{0});
    WorkersRestored const restored(*runner_);
    while (!waiting.empty()) {
        std::mutex mutex;
        std::vector<std::size_t> failed;
        std::string reason;
        runner_->for_each(waiting.size(), [&](std::size_t i, int /*worker*/) {
            try {
                task(waiting[i]);
                if (shown != nullptr) {
                    shown->advance(1);
                }
            } catch (std::bad_alloc const& error) {
                std::lock_guard const lock(mutex);
                failed.push_back(waiting[i]);
                reason = error.what();
            }
        });
        if (failed.size() == waiting.size() && runner_->workers() == 1) {
            throw core::IoError(core::sentence("memory ran out even with one worker", reason,
                                               "give the job more memory"));
        }
        if (!failed.empty()) {
            note(core::sentence("some items are done again with fewer workers", reason));
            runner_->set_workers(runner_->workers() / 2);
        }
        std::ranges::sort(failed);
        waiting = std::move(failed);
    }
    if (shown != nullptr) {
        shown->end();
    }
}
}  // namespace sectile::machine
