// SPDX-License-Identifier: BSD-3-Clause
// Systems without /proc and control groups: what the language itself knows, which is little.
#include <ctime>

#include "sectile/core/system.hpp"

namespace sectile::core
{
NodeMemory read_node_memory(std::filesystem::path const& /*root*/)
{
    return {};
}

std::optional<double> read_cpu_quota(std::filesystem::path const& /*root*/)
{
    return std::nullopt;
}

ProcessUsage read_process_usage()
{
    ProcessUsage usage;
    usage.cpu_time = static_cast<double>(std::clock()) / CLOCKS_PER_SEC;
    return usage;
}

bool reset_peak_resident()
{
    return false;
}

void tune_heap() {}

void trim_heap() {}
}  // namespace sectile::core
