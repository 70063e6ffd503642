// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "sectile/comm/communicator.hpp"
#include "sectile/compute/backend.hpp"
#include "sectile/engine/coadd.hpp"
#include "sectile/engine/tbb_runner.hpp"
#include "sectile/pipeline/run_config.hpp"
#include "sectile/plan/capabilities.hpp"
#include "sectile/report/progress.hpp"
#include "sectile/report/run_report.hpp"

#include "pipeline/preparations.hpp"

namespace sectile::pipeline
{
/// What there is: ranks, this rank's share of the node, threads, backend, report. Made once per
/// run.
struct Context
{
    /// *Collective*: learns the node, opens master frames, starts the threads, chooses the backend.
    Context(RunConfig const& config, comm::Communicator const& members);

    comm::Communicator world;
    plan::Capabilities node;
    bool spans_nodes = false;   ///< ranks live on more than one node
    Preparations preparations;  ///< of the raw pixels of frames
    std::unique_ptr<engine::TbbRunner> runner;
    std::unique_ptr<compute::Backend> backend;
    report::RunReport report;
    report::Progress progress;  ///< speaks on rank 0 only

    /// The plan of the phase that runs; of several jobs in a phase the one that needs most memory.
    std::optional<plan::ParallelPlan> plan_in_force;
    std::string scratch;  ///< folder for stacks that do not fit into memory

    /// What this rank has for the phase that begins now: `node`, and what the process holds.
    [[nodiscard]] plan::Capabilities node_now();
    /// Threads and memory budget as the plan says, until the next phase.
    void keep_to(plan::ParallelPlan const& plan);

    /// Ends the plan of a phase: no budget until the next one.
    void release_plan();
    /// Runs task(i) for every i < count with the workers of the phase. Those that ran out of memory
    /// are run again with half the workers, down to one. Shown as progress of `phase` unless that
    /// is empty. Throws what a task throws otherwise.
    void for_each_item(std::string const& phase, std::size_t count,
                       std::function<void(std::size_t)> const& task);

    [[nodiscard]] engine::Team team(comm::Communicator const& members)
    {
        return {members, backend.get(), runner.get(), nullptr, scratch};
    }

  private:
    int workers_ = 1;                    ///< between phases
    std::int64_t trimmed_resident_ = 0;  ///< when the heap was trimmed last
};

/// Where intermediate files live.
[[nodiscard]] inline std::string scratch_directory(RunConfig const& config)
{
    return config.output + "/.sectile";
}
}  // namespace sectile::pipeline
