// SPDX-License-Identifier: BSD-3-Clause
#include "pipeline/context.hpp"

#include <algorithm>
#include <mutex>
#include <new>
#include <numeric>
#include <utility>
#include <vector>

#include "sectile/core/error.hpp"
#include "sectile/core/memory_budget.hpp"
#include "sectile/core/system.hpp"
#include "sectile/pipeline/node_probe.hpp"

namespace sectile::pipeline
{
Context::Context(RunConfig const& config, comm::Communicator const& members)
    : world(members),
      node(detect_capabilities(members)),
      spans_nodes(comm::all_reduce_max(members, members.size() - node.ranks_on_node) > 0),
      preparations(config, members),
      runner(std::make_unique<engine::TbbRunner>(plan::plan_workers(node.cores, config.parallel))),
      backend(config.backend == BackendChoice::reference ? compute::make_reference_backend()
                                                         : compute::make_cpu_backend(*runner)),
      progress(report::make_progress(members.rank())),
      scratch(scratch_directory(config)),
      workers_(runner->workers())
{}

plan::Capabilities Context::node_now()
{
    // Trimming visits the whole heap: not for every one of thousands of small tiles.
    constexpr std::int64_t worth_trimming = std::int64_t{8} << 20;
    plan::Capabilities now = node;
    now.resident = core::read_process_usage().resident;
    if (now.resident > trimmed_resident_ + worth_trimming) {
        core::trim_heap();
        now.resident = core::read_process_usage().resident;
        trimmed_resident_ = now.resident;
    }
    trimmed_resident_ = std::min(trimmed_resident_, now.resident);
    return now;
}

void Context::keep_to(plan::ParallelPlan const& plan)
{
    if (!plan_in_force || plan_in_force->predicted_peak_bytes < plan.predicted_peak_bytes) {
        plan_in_force = plan;
    }
    runner->set_workers(plan.cpu_workers);
    core::MemoryBudget& budget = core::MemoryBudget::of_process();
    budget.set_limit(budget.in_use() + plan.budget_bytes);
}

void Context::release_plan()
{
    core::MemoryBudget::of_process().set_limit(0);
    runner->set_workers(workers_);
}

void Context::for_each_item(std::string const& phase, std::size_t count,
                            std::function<void(std::size_t)> const& task)
{
    bool const is_shown = !phase.empty();
    if (is_shown) {
        progress.begin(phase, static_cast<std::int64_t>(count));
    }
    std::vector<std::size_t> waiting(count);
    std::iota(waiting.begin(), waiting.end(), std::size_t{0});
    int const workers = runner->workers();
    while (!waiting.empty()) {
        std::mutex mutex;
        std::vector<std::size_t> failed;
        std::string reason;
        runner->for_each(waiting.size(), [&](std::size_t i, int /*worker*/) {
            try {
                task(waiting[i]);
                progress.advance(is_shown ? 1 : 0);
            } catch (std::bad_alloc const& error) {
                std::lock_guard const lock(mutex);
                failed.push_back(waiting[i]);
                reason = error.what();
            }
        });
        if (failed.size() == waiting.size() && runner->workers() == 1) {
            throw core::IoError(core::sentence("memory ran out even with one worker", reason,
                                               "give the job more memory"));
        }
        if (!failed.empty()) {
            report.note(core::sentence("some items are done again with fewer workers", reason));
            runner->set_workers(runner->workers() / 2);
        }
        std::ranges::sort(failed);
        waiting = std::move(failed);
    }
    runner->set_workers(workers);
    if (is_shown) {
        progress.end();
    }
}
}  // namespace sectile::pipeline
