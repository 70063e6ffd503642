// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "sectile/compute/backend.hpp"
#include "sectile/machine/machine_options.hpp"
#include "sectile/machine/tbb_runner.hpp"
#include "sectile/plan/capabilities.hpp"
#include "sectile/plan/parallel_plan.hpp"

namespace sectile::machine
{
/// Is told what a crew does. advance() from any thread, the others on the main thread.
class CrewWatcher
{
  public:
    virtual ~CrewWatcher() = default;
    virtual void begin(std::string const& phase, std::int64_t items) = 0;
    virtual void advance(std::int64_t items) = 0;
    virtual void end() = 0;
    /// Something had to be done in another way than planned.
    virtual void note(std::string const& text) = 0;
};

/// Who works on this rank: its share of the node, the threads, the backend, and the parallel plan
/// in force, with the memory budget that the plan grants.
class Crew
{
  public:
    /// `scratch`: folder for stacks that do not fit into memory. `watcher` may be null; it outlives
    /// the crew.
    Crew(plan::Capabilities const& node, plan::ParallelOptions const& options,
         BackendChoice backend, std::string scratch, CrewWatcher* watcher = nullptr);

    [[nodiscard]] plan::Capabilities const& node() const { return node_; }
    [[nodiscard]] plan::ParallelOptions const& options() const { return options_; }
    [[nodiscard]] TbbRunner& runner() { return *runner_; }
    [[nodiscard]] compute::Backend& backend() { return *backend_; }
    [[nodiscard]] compute::Backend const& backend() const { return *backend_; }
    [[nodiscard]] std::string const& scratch() const { return scratch_; }

    /// What this rank has for the phase that begins now: its share, and what the process holds.
    [[nodiscard]] plan::Capabilities node_now();

    /// A phase begins: no plan is in force, and none of it is remembered.
    void begin_phase() { plan_in_force_.reset(); }
    /// Threads and memory budget as the plan says, until release_plan(); less what the process has
    /// grown by since the plan was made, but never less than the plan needs.
    void keep_to(plan::ParallelPlan const& plan);
    /// Ends a plan: no budget, and all threads, until the next one.
    void release_plan();
    /// The plan of the phase; of several jobs in a phase the one that needs most memory.
    [[nodiscard]] std::optional<plan::ParallelPlan> const& plan_in_force() const
    {
        return plan_in_force_;
    }

    /// Runs task(i) for every i < count with the workers of the phase. Those that ran out of memory
    /// are run again with half the workers, down to one. Shown as progress of `phase` unless that
    /// is empty. Throws what a task throws otherwise. Main thread.
    void for_each_item(std::string const& phase, std::size_t count,
                       std::function<void(std::size_t)> const& task);

    void note(std::string const& text);

  private:
    plan::Capabilities node_;
    plan::ParallelOptions options_;
    std::unique_ptr<TbbRunner> runner_;
    std::unique_ptr<compute::Backend> backend_;
    std::string scratch_;
    CrewWatcher* watcher_;
    std::optional<plan::ParallelPlan> plan_in_force_;
    int workers_;                        ///< between phases
    std::int64_t trimmed_resident_ = 0;  ///< when the heap was trimmed last
};
}  // namespace sectile::machine
