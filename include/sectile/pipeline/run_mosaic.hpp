// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <optional>

#include "sectile/comm/communicator.hpp"
#include "sectile/core/error.hpp"
#include "sectile/pipeline/plan_overview.hpp"
#include "sectile/pipeline/run_config.hpp"

namespace sectile::pipeline
{
/// The mosaic, from files to products. *Collective* over `world`. Returns the exit code for the
/// user; throws what the ranks agreed on (core::StageFailed) and internal errors.
[[nodiscard]] core::ExitCode run_mosaic(RunConfig const& config, comm::Communicator const& world);

/// Everything up to and without pixel work, for config.machine, on rank 0; nothing elsewhere.
/// *Collective*; throws as run_mosaic(), core::ConfigError on all ranks where the machine has not
/// enough memory. Writes nothing.
[[nodiscard]] std::optional<PlanOverview> plan_mosaic(RunConfig const& config,
                                                      comm::Communicator const& world);
}  // namespace sectile::pipeline
