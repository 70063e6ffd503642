// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <string>
#include <vector>

#include "sectile/pipeline/run_config.hpp"

#include "app/option_table.hpp"

namespace sectile::app
{
/// The options of `plan`: those of `run`, and the machine to plan for.
[[nodiscard]] std::vector<Option<pipeline::RunConfig>> const& plan_options();

/// Whether a key is an option that only `plan` has.
[[nodiscard]] bool is_machine_key(std::string const& key);

/// What the options of the machine say together. Adds problems.
void check_machine(machine::MachineOptions const& machine, Problems& problems);
}  // namespace sectile::app
