// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <optional>

namespace sectile::machine
{
enum class BackendChoice : std::uint8_t
{
    cpu,
    reference
};
/// automatic takes a device where one can be used; on is an error where none can.
enum class UseGpu : std::uint8_t
{
    automatic,
    on,
    off
};

/// The machine that `sectile plan` plans for, as far as it is not this one: a member that is not
/// set stands for what there is here. Never read by a run.
struct MachineOptions
{
    std::optional<int> ranks;
    std::optional<int> ranks_per_node;
    std::optional<std::int64_t> node_ram;  ///< bytes that the job may use on each node
    std::optional<int> node_cores;         ///< that the job may use on each node
    std::optional<int> gpus;               ///< per node
    std::optional<std::int64_t> gpu_vram;  ///< bytes free on each of them
    bool json = false;                     ///< the plan as JSON instead of text
};
}  // namespace sectile::machine
