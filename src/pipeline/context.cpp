// SPDX-License-Identifier: BSD-3-Clause
#include "pipeline/context.hpp"

#include "sectile/machine/node.hpp"

namespace sectile::pipeline
{
Context::Context(RunConfig const& config, comm::Communicator const& members)
    : world(members),
      progress(report::make_progress(members.rank())),
      watcher(report, progress),
      crew(machine::detect_capabilities(members), config.parallel, config.backend,
           scratch_directory(config), &watcher),
      spans_nodes(comm::all_reduce_max(members, members.size() - crew.node().ranks_on_node) > 0),
      preparations(config.preparation_in_force(), members)
{}
}  // namespace sectile::pipeline
