// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>

#include "sectile/machine/machine_options.hpp"
#include "sectile/plan/capabilities.hpp"

namespace sectile::machine
{
/// The machine a plan is made for: equal nodes, ranks laid out node by node.
struct PlannedMachine
{
    int ranks = 1;
    int ranks_per_node = 1;
    int nodes = 1;
    int node_cores = 1;
    plan::Capabilities rank;  ///< what each rank owns
};

/// What the user said, and for the rest what there is: `here` is this rank's share of this node,
/// `ranks_here` the size of the job. Pure. Throws core::ConfigError when more ranks share a node
/// than there are.
[[nodiscard]] PlannedMachine planned_machine(MachineOptions const& options,
                                             plan::Capabilities const& here, int ranks_here);
}  // namespace sectile::machine
