// SPDX-License-Identifier: BSD-3-Clause
// Systems without /proc and control groups: hwloc knows the memory of the machine, nobody says how
// much is free.
#include <hwloc.h>

#include "sectile/pipeline/node_probe.hpp"

namespace sectile::pipeline
{
NodeMemory read_node_memory(std::filesystem::path const& /*root*/)
{
    NodeMemory memory;
    hwloc_topology_t topology = nullptr;
    if (hwloc_topology_init(&topology) == 0) {
        if (hwloc_topology_load(topology) == 0) {
            memory.total = static_cast<std::int64_t>(hwloc_get_root_obj(topology)->total_memory);
        }
        hwloc_topology_destroy(topology);
    }
    memory.available = memory.total;
    return memory;
}

std::optional<double> read_cpu_quota(std::filesystem::path const& /*root*/)
{
    return std::nullopt;
}
}  // namespace sectile::pipeline
