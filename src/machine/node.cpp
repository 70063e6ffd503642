// SPDX-License-Identifier: BSD-3-Clause
#include "sectile/machine/node.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <memory>
#include <numeric>
#include <span>
#include <thread>

#include <hwloc.h>

#include "sectile/compute/backend.hpp"
#include "sectile/core/error.hpp"

namespace sectile::machine
{
namespace
{
struct TopologyDeleter
{
    void operator()(hwloc_topology* topology) const { hwloc_topology_destroy(topology); }
};
struct BitmapDeleter
{
    void operator()(hwloc_bitmap_s* bitmap) const { hwloc_bitmap_free(bitmap); }
};
using Topology = std::unique_ptr<hwloc_topology, TopologyDeleter>;
using Bitmap = std::unique_ptr<hwloc_bitmap_s, BitmapDeleter>;

Topology load_topology()
{
    hwloc_topology_t raw = nullptr;
    if (hwloc_topology_init(&raw) != 0) {
        return nullptr;
    }
    Topology topology(raw);
    return hwloc_topology_load(topology.get()) == 0 ? std::move(topology) : nullptr;
}

/// Without hwloc's answer: as many processors as the language sees.
void count_threads(NodeFacts& facts)
{
    facts.cpus.resize(std::max(1U, std::thread::hardware_concurrency()));
    std::iota(facts.cpus.begin(), facts.cpus.end(), 0);
    facts.physical_cores = static_cast<int>(facts.cpus.size());
}

void read_processors(hwloc_topology_t topology, NodeFacts& facts)
{
    Bitmap const mask(hwloc_bitmap_alloc());
    // Systems without a query for the binding (macOS) leave every allowed processor usable.
    if (hwloc_get_cpubind(topology, mask.get(), HWLOC_CPUBIND_PROCESS) != 0 ||
        hwloc_bitmap_iszero(mask.get()) != 0) {
        hwloc_bitmap_copy(mask.get(), hwloc_topology_get_allowed_cpuset(topology));
    }
    hwloc_bitmap_and(mask.get(), mask.get(), hwloc_topology_get_allowed_cpuset(topology));
    for (int cpu = hwloc_bitmap_first(mask.get()); cpu >= 0;
         cpu = hwloc_bitmap_next(mask.get(), cpu)) {
        facts.cpus.push_back(cpu);
    }
    int const cores = hwloc_get_nbobjs_by_type(topology, HWLOC_OBJ_CORE);
    for (int i = 0; i < cores; ++i) {
        hwloc_obj_t const core =
            hwloc_get_obj_by_type(topology, HWLOC_OBJ_CORE, static_cast<unsigned>(i));
        facts.physical_cores += hwloc_bitmap_intersects(core->cpuset, mask.get()) != 0 ? 1 : 0;
    }
    facts.numa_nodes = std::max(1, hwloc_get_nbobjs_by_type(topology, HWLOC_OBJ_NUMANODE));
}

/// For systems that say nothing about themselves: hwloc knows the memory, nobody how much is free.
std::int64_t memory_of_machine()
{
    Topology const topology = load_topology();
    return topology ? static_cast<std::int64_t>(hwloc_get_root_obj(topology.get())->total_memory)
                    : 0;
}

/// What travels between the ranks of a node: numbers first, then the mask.
struct FactsOnWire
{
    std::int64_t total = 0;
    std::int64_t available = 0;
    double quota = 0.0;  ///< 0: none
};

std::vector<std::byte> pack_facts(NodeFacts const& facts)
{
    FactsOnWire const wire{facts.memory.total, facts.memory.available,
                           facts.cpu_quota.value_or(0.0)};
    std::vector<std::byte> bytes(sizeof wire + facts.cpus.size() * sizeof(int));
    std::memcpy(bytes.data(), &wire, sizeof wire);
    std::memcpy(bytes.data() + sizeof wire, facts.cpus.data(), facts.cpus.size() * sizeof(int));
    return bytes;
}

std::pair<FactsOnWire, std::vector<int>> unpack_facts(std::span<std::byte const> bytes)
{
    FactsOnWire wire;
    core::require(bytes.size() >= sizeof wire, "facts of a node are complete");
    std::memcpy(&wire, bytes.data(), sizeof wire);
    std::vector<int> cpus((bytes.size() - sizeof wire) / sizeof(int));
    std::memcpy(cpus.data(), bytes.data() + sizeof wire, cpus.size() * sizeof(int));
    return {wire, std::move(cpus)};
}

std::string gibibytes(std::int64_t bytes)
{
    char text[32];
    std::snprintf(text, sizeof text, "%.1f GiB", static_cast<double>(bytes) / 1073741824.0);
    return text;
}

std::string describe_node(NodeFacts const& facts, plan::Capabilities const& capabilities)
{
    std::string text = "node " + comm::host_name() + "\n";
    text += "  ranks here           " + std::to_string(capabilities.ranks_on_node) + "\n";
    text += "  processors allowed   " + std::to_string(facts.cpus.size()) + " logical, " +
            std::to_string(facts.physical_cores) + " physical (affinity of its first rank)\n";
    if (facts.cpu_quota) {
        char quota[32];
        std::snprintf(quota, sizeof quota, "%.2f", *facts.cpu_quota);
        text += std::string("  processor quota      ") + quota + " (cgroup)\n";
    }
    text += "  cores of first rank  " + std::to_string(capabilities.cores) + "\n";
    text += "  NUMA nodes           " + std::to_string(facts.numa_nodes) + "\n";
    text += "  RAM                  " + gibibytes(facts.memory.total) + " total, " +
            gibibytes(capabilities.ram_available) + " available\n";
    text += "  cgroup memory limit  " +
            (facts.memory.cgroup_limit ? gibibytes(*facts.memory.cgroup_limit) : "none") + "\n";
    text += "  GPUs                 " + std::to_string(capabilities.gpus) + "\n";
    return text;
}
}  // namespace

NodeFacts read_node_facts()
{
    NodeFacts facts;
    if (Topology const topology = load_topology()) {
        read_processors(topology.get(), facts);
    }
    if (facts.cpus.empty()) {
        count_threads(facts);
    }
    facts.cpu_quota = core::read_cpu_quota();
    facts.memory = core::read_node_memory();
    if (facts.memory.total == 0) {
        facts.memory.total = facts.memory.available = memory_of_machine();
    }
    return facts;
}

std::vector<int> share_cores(std::vector<std::vector<int>> const& masks,
                             std::optional<double> quota)
{
    int last = -1;
    for (auto const& mask : masks) {
        for (int const cpu : mask) {
            last = std::max(last, cpu);
        }
    }
    std::vector<std::vector<std::size_t>> users(static_cast<std::size_t>(last + 1));
    for (std::size_t rank = 0; rank < masks.size(); ++rank) {
        for (int const cpu : masks[rank]) {
            users[static_cast<std::size_t>(cpu)].push_back(rank);
        }
    }
    std::vector<int> share(masks.size(), 0);
    for (auto const& ranks : users) {
        auto const poorest =
            std::min_element(ranks.begin(), ranks.end(),
                             [&](std::size_t a, std::size_t b) { return share[a] < share[b]; });
        if (poorest != ranks.end()) {
            ++share[*poorest];
        }
    }
    int const owned = std::accumulate(share.begin(), share.end(), 0);
    double const granted = quota ? std::min(1.0, *quota / std::max(1, owned)) : 1.0;
    for (int& cores : share) {
        cores = std::max(1, static_cast<int>(std::floor(cores * granted + 1e-9)));
    }
    return share;
}

plan::Capabilities detect_capabilities(comm::Communicator const& comm)
{
    comm::Communicator const node = comm.split_by_node();
    std::vector<std::vector<int>> masks;
    FactsOnWire tightest;
    for (auto const& bytes : comm::all_gather(node, pack_facts(read_node_facts()))) {
        auto [wire, cpus] = unpack_facts(bytes);
        bool const first = masks.empty();
        masks.push_back(std::move(cpus));
        tightest.total = first ? wire.total : std::min(tightest.total, wire.total);
        tightest.available = first ? wire.available : std::min(tightest.available, wire.available);
        if (wire.quota > 0.0) {
            tightest.quota =
                tightest.quota > 0.0 ? std::min(tightest.quota, wire.quota) : wire.quota;
        }
    }
    std::optional<double> quota;
    if (tightest.quota > 0.0) {
        quota = tightest.quota;
    }
    plan::Capabilities capabilities;
    capabilities.cores = share_cores(masks, quota)[static_cast<std::size_t>(node.rank())];
    capabilities.ram_total = tightest.total;
    capabilities.ram_available = tightest.available;
    capabilities.ranks_on_node = node.size();
    capabilities.gpus = compute::cuda_device_count();
    return capabilities;
}

std::string describe_nodes(comm::Communicator const& comm)
{
    plan::Capabilities const capabilities = detect_capabilities(comm);
    std::string mine;
    if (comm.split_by_node().is_root()) {
        mine = describe_node(read_node_facts(), capabilities);
    }
    std::string text;
    for (auto const& bytes : comm::gather(comm, std::as_bytes(std::span(mine)))) {
        text.append(reinterpret_cast<char const*>(bytes.data()), bytes.size());
    }
    return text;
}
}  // namespace sectile::machine
