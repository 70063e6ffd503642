// SPDX-License-Identifier: BSD-3-Clause
#include "sectile/machine/planned_machine.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "sectile/core/error.hpp"

namespace sectile::machine
{
PlannedMachine planned_machine(MachineOptions const& options, plan::Capabilities const& here,
                               int ranks_here)
{
    PlannedMachine machine;
    machine.ranks = options.ranks.value_or(ranks_here);
    if (options.ranks_per_node.value_or(1) > machine.ranks) {
        throw core::ConfigError(core::sentence(
            "ranks_per_node must not be more than ranks",
            fmt::format("{} and {}", *options.ranks_per_node, machine.ranks), "give --ranks too"));
    }
    machine.ranks_per_node =
        options.ranks_per_node.value_or(std::min(here.ranks_on_node, machine.ranks));
    machine.nodes = (machine.ranks + machine.ranks_per_node - 1) / machine.ranks_per_node;
    machine.node_cores = options.node_cores.value_or(here.cores * here.ranks_on_node);
    machine.rank = here;
    machine.rank.ranks_on_node = machine.ranks_per_node;
    // More ranks than cores take turns: each still plans with one.
    machine.rank.cores = std::max(1, machine.node_cores / machine.ranks_per_node);
    if (options.node_ram) {
        machine.rank.ram_total = *options.node_ram;
        machine.rank.ram_available = *options.node_ram;
    }
    machine.rank.gpus = options.gpus.value_or(here.gpus);
    machine.rank.vram_free = options.gpu_vram.value_or(here.vram_free);
    return machine;
}
}  // namespace sectile::machine
