// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "sectile/machine/planned_machine.hpp"
#include "sectile/pipeline/planned_phases.hpp"
#include "sectile/pipeline/run_config.hpp"
#include "sectile/plan/mosaic_plan.hpp"

namespace sectile::pipeline
{
/// Everything `sectile plan` says, as plain data.
struct PlanOverview
{
    std::shared_ptr<plan::MosaicPlan const> mosaic;
    std::int64_t accepted = 0;
    std::int64_t input_bytes = 0;    ///< pixels of the accepted frames as stored
    std::int64_t largest_group = 0;  ///< frames
    std::int64_t smallest_group = 0;
    char const* mode = "";
    machine::PlannedMachine machine;
    LocalPlan plan;               ///< of the rank that holds most, where it holds most
    std::int64_t rank_bytes = 0;  ///< largest predicted peak
    std::int64_t node_bytes = 0;  ///< of all ranks of a node
    std::int64_t node_limit = 0;  ///< what they may take together
};

/// The figures around a plan that was made for `machine`.
[[nodiscard]] PlanOverview overview_of(std::shared_ptr<plan::MosaicPlan const> mosaic,
                                       RunConfig const& config,
                                       machine::PlannedMachine const& machine, LocalPlan plan);
}  // namespace sectile::pipeline
