// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <tuple>

/// The one interface to the operating system about memory and processors: system_linux.cpp, and
/// system_generic.cpp with portable answers elsewhere. Nothing here throws.
namespace sectile::core
{
/// Memory of the node as this process may use it, bytes. 0 where the system does not say.
struct NodeMemory
{
    std::int64_t total = 0;  ///< of the machine
    /// That can be taken without swapping; the cgroup limit and the limit of the address space
    /// (ulimit -v) are honoured.
    std::int64_t available = 0;
    std::optional<std::int64_t>
        cgroup_limit;  ///< the tightest limit of this process's control groups
};
inline auto fields(NodeMemory& memory)
{
    return std::tie(memory.total, memory.available, memory.cgroup_limit);
}

/// What this process has used so far.
struct ProcessUsage
{
    double cpu_time = 0.0;           ///< seconds, all threads, user and system
    std::int64_t resident = 0;       ///< bytes in memory now
    std::int64_t peak_resident = 0;  ///< most since the start or reset_peak_resident()
    std::int64_t bytes_read = 0;     ///< by system calls, from files, 0 unknown
    std::int64_t bytes_written = 0;
};

/// Memory from /proc and the cgroup files (versions 2 and 1) below `root`. Page cache that the
/// kernel would drop (inactive_file) does not count as used. Without /proc the portable build
/// answers with the total of the machine as both numbers.
[[nodiscard]] NodeMemory read_node_memory(std::filesystem::path const& root = "/");

/// CPU quota of the control groups of this process (cpu.max, cpu.cfs_quota_us) below `root`.
[[nodiscard]] std::optional<double> read_cpu_quota(std::filesystem::path const& root = "/");

[[nodiscard]] ProcessUsage read_process_usage();

/// Starts the measurement of the peak anew; false where the system cannot.
bool reset_peak_resident();

/// Makes the heap keep its word: blocks of a quarter mebibyte and more come straight from the
/// system and go back to it at once, and few arenas are kept. Once, before other threads exist.
void tune_heap();

/// Gives memory that the heap holds for later back to the system.
void trim_heap();
}  // namespace sectile::core
