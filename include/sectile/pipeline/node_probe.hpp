// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "sectile/comm/communicator.hpp"
#include "sectile/plan/capabilities.hpp"

namespace sectile::pipeline
{
/// Memory of the node as this process may use it, bytes. 0 where the system does not say.
struct NodeMemory
{
    std::int64_t total = 0;  ///< of the machine
    std::int64_t available =
        0;  ///< that can be taken without swapping; the cgroup limit is honoured
    std::optional<std::int64_t>
        cgroup_limit;  ///< the tightest limit of this process's control groups
};

/// What this process may use of its node.
struct NodeFacts
{
    std::vector<int> cpus;            ///< logical processors in the affinity mask, ascending
    int physical_cores = 0;           ///< cores behind them
    int numa_nodes = 1;               ///< of the machine
    std::optional<double> cpu_quota;  ///< processors that the cgroup grants; none: no quota
    NodeMemory memory;
};

/// Memory from /proc and the cgroup files (versions 2 and 1) below `root`. Page cache that the
/// kernel would drop (inactive_file) does not count as used. Without /proc the portable build
/// answers with the total of the machine as both numbers. Never throws.
[[nodiscard]] NodeMemory read_node_memory(std::filesystem::path const& root = "/");

/// CPU quota of the control groups of this process (cpu.max, cpu.cfs_quota_us) below `root`.
[[nodiscard]] std::optional<double> read_cpu_quota(std::filesystem::path const& root = "/");

/// Affinity by hwloc, memory and quota as above.
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
}  // namespace sectile::pipeline
