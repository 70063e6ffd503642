// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <string>
#include <vector>

#include "sectile/pipeline/run_config.hpp"

#include "app/option_table.hpp"

namespace sectile::app
{
/// The options of `run` and `plan`, in the order of the help: the one table behind command line,
/// INI, JSON, help and
/// --print-config.
[[nodiscard]] std::vector<Option<pipeline::RunConfig>> const& run_options();

/// Derived members after all options were put in: thresholds that several coadds share, and what
/// the planner must know of options that are not its own.
void complete(pipeline::RunConfig& config);

/// What the options say together: required ones, contradictions, a device that is not there. Adds
/// problems.
void check_run(pipeline::RunConfig const& config, Problems& problems);

/// Texts of the configuration for the report and for products.
void describe_options(pipeline::RunConfig& config);
}  // namespace sectile::app
