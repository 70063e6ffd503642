// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "sectile/comm/communicator.hpp"
#include "sectile/core/system.hpp"
#include "sectile/plan/capabilities.hpp"

namespace sectile::machine
{
/// What this process may use of its node.
struct NodeFacts
{
    std::vector<int> cpus;            ///< logical processors in the affinity mask, ascending
    int physical_cores = 0;           ///< cores behind them
    int numa_nodes = 1;               ///< of the machine
    std::optional<double> cpu_quota;  ///< processors that the cgroup grants; none: no quota
    core::NodeMemory memory;
};

/// Affinity by hwloc, memory and quota by core/system.hpp.
[[nodiscard]] NodeFacts read_node_facts();

/// Shares logical processors among the ranks of a node: every processor goes to the rank that may
/// use it and has the fewest so far (the lower rank on a tie), so that nobody plans with a
/// neighbour's. Then a quota, if any, scales all shares. Every rank gets at least 1. `masks` is by
/// rank on the node. Pure.
[[nodiscard]] std::vector<int> share_cores(std::vector<std::vector<int>> const& masks,
                                           std::optional<double> quota);

/// What this rank owns of its node: cores by share_cores() over the ranks of the node, RAM as the
/// tightest view of any of them. *Collective* over `comm`.
[[nodiscard]] plan::Capabilities detect_capabilities(comm::Communicator const& comm);

/// Text of `sectile probe`: one block per node, made on rank 0 (elsewhere empty). *Collective*.
[[nodiscard]] std::string describe_nodes(comm::Communicator const& comm);
}  // namespace sectile::machine
