// SPDX-License-Identifier: BSD-3-Clause
#include "pipeline/context.hpp"

#include "sectile/core/memory_budget.hpp"
#include "sectile/core/system.hpp"
#include "sectile/pipeline/node_probe.hpp"

namespace sectile::pipeline
{
Context::Context(RunConfig const& config, comm::Communicator const& members)
    : world(members),
      node(detect_capabilities(members)),
      spans_nodes(comm::all_reduce_max(members, members.size() - node.ranks_on_node) > 0),
      runner(std::make_unique<engine::TbbRunner>(plan::plan_workers(node.cores, config.parallel))),
      backend(config.backend == BackendChoice::reference ? compute::make_reference_backend()
                                                         : compute::make_cpu_backend(*runner)),
      scratch(scratch_directory(config))
{}

plan::Capabilities Context::node_now() const
{
    core::trim_heap();
    plan::Capabilities now = node;
    now.resident = core::read_process_usage().resident;
    return now;
}

void Context::keep_to(plan::ParallelPlan const& plan)
{
    runner->set_workers(plan.cpu_workers);
    core::MemoryBudget& budget = core::MemoryBudget::of_process();
    budget.set_limit(budget.in_use() + plan.budget_bytes);
}
}  // namespace sectile::pipeline
