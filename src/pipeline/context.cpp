// SPDX-License-Identifier: BSD-3-Clause
#include "pipeline/context.hpp"

#include "sectile/pipeline/node_probe.hpp"

namespace sectile::pipeline
{
Context::Context(RunConfig const& config, comm::Communicator const& members)
    : world(members),
      node(detect_capabilities(members)),
      spans_nodes(comm::all_reduce_max(members, members.size() - node.ranks_on_node) > 0),
      runner(std::make_unique<engine::TbbRunner>(plan::plan_workers(node.cores, config.parallel))),
      backend(config.backend == BackendChoice::reference ? compute::make_reference_backend()
                                                         : compute::make_cpu_backend(*runner))
{}
}  // namespace sectile::pipeline
