// SPDX-License-Identifier: BSD-3-Clause
#include "app/plan_options.hpp"

#include <algorithm>
#include <limits>

#include "app/run_options.hpp"
#include "app/table_builder.hpp"

namespace sectile::app
{
namespace
{
using machine::MachineOptions;
using pipeline::RunConfig;
using Builder = TableBuilder<RunConfig>;
using Words = std::vector<std::string>;

/// A whole number that is not set unless the user says so.
void add_number(Builder& table, std::string key, std::string help, int low,
                std::optional<int> MachineOptions::*field)
{
    table.add(
        std::move(key), "INTEGER", std::move(help),
        [=](RunConfig& config, std::string const& text) {
            std::int64_t const value = parse_integer(text);
            constexpr double most = std::numeric_limits<int>::max();
            check_range(static_cast<double>(value), {static_cast<double>(low), most});
            config.machine.*field = static_cast<int>(value);
        },
        [=](RunConfig const& config) {
            auto const& value = config.machine.*field;
            return value ? Words{std::to_string(*value)} : Words{};
        });
}

std::vector<Option<RunConfig>> machine_options()
{
    Builder table;
    table.section("Machine to plan for (default: this one)", Effect::execution);
    add_number(table, "ranks", "ranks of the job", 1, &MachineOptions::ranks);
    add_number(table, "ranks_per_node", "ranks that share a node (default: as many as here)", 1,
               &MachineOptions::ranks_per_node);
    table.add(
        "node_ram", "BYTES", "memory of a node for the job, such as 256GiB",
        [](RunConfig& config, std::string const& text) {
            std::int64_t const bytes = parse_bytes(text);
            if (bytes < 1) {
                throw BadValue("it must be more than 0");
            }
            config.machine.node_ram = bytes;
        },
        [](RunConfig const& config) {
            auto const& bytes = config.machine.node_ram;
            return bytes ? Words{format_bytes(*bytes)} : Words{};
        });
    add_number(table, "node_cores", "cores of a node for the job", 1, &MachineOptions::node_cores);
    add_number(table, "gpus", "GPUs of a node", 0, &MachineOptions::gpus);
    table.add(
        "gpu_vram", "BYTES", "free memory of each GPU, such as 24GiB",
        [](RunConfig& config, std::string const& text) {
            config.machine.gpu_vram = parse_bytes(text);
        },
        [](RunConfig const& config) {
            auto const& bytes = config.machine.gpu_vram;
            return bytes ? Words{format_bytes(*bytes)} : Words{};
        });
    table.flag(
        "json", "print the plan as JSON",
        [](auto& config) -> auto& { return config.machine.json; });
    return table.take();
}
}  // namespace

std::vector<Option<RunConfig>> const& plan_options()
{
    static std::vector<Option<RunConfig>> const table = [] {
        std::vector<Option<RunConfig>> all = machine_options();
        all.insert(all.end(), run_options().begin(), run_options().end());
        return all;
    }();
    return table;
}

bool is_machine_key(std::string const& key)
{
    static std::vector<Option<RunConfig>> const own = machine_options();
    return std::any_of(own.begin(), own.end(), [&](auto const& o) { return o.info.key == key; });
}

void check_machine(MachineOptions const& machine, Problems& problems)
{
    if (machine.ranks && machine.ranks_per_node && *machine.ranks_per_node > *machine.ranks) {
        problems.add("ranks_per_node must not be more than ranks (" +
                     std::to_string(*machine.ranks_per_node) + " and " +
                     std::to_string(*machine.ranks) + ")");
    }
}
}  // namespace sectile::app
