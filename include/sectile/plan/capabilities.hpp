// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>

namespace sectile::plan
{
/// What one rank owns of its node: shares of all ranks of the node together are the node's. Plain
/// numbers, so that plans can be made for machines that do not exist.
struct Capabilities
{
    int cores = 1;               ///< cores this rank may use
    std::int64_t ram_total = 0;  ///< bytes of the node
    /// Bytes of the node that can still be taken (cgroup limits honoured).
    std::int64_t ram_available = 0;
    int ranks_on_node = 1;
    /// Bytes this rank holds already when a phase is planned (program, libraries, manifest).
    std::int64_t resident = 0;
    int gpus = 0;
    std::int64_t vram_free = 0;  ///< bytes of one device that can still be taken
};
}  // namespace sectile::plan
