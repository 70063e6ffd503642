// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

#include "pipeline/context.hpp"

namespace sectile::pipeline
{
/// What became of one frame in a round of solving; travels between ranks.
struct Finding
{
    std::size_t frame = 0;
    std::string cards;  ///< of the WCS; empty: none
    std::string origin;
    std::string reason;              ///< why there is none
    bool is_solver_missing = false;  ///< see SolveOutcome
};

/// task(i) for every i in `work`: each rank computes an even share with its workers, and every rank
/// gets all, in the order of `work`. *Collective*; throws core::StageFailed when a task throws.
[[nodiscard]] std::vector<Finding> deal_findings(
    Context& context, std::string const& phase, std::vector<std::size_t> const& work,
    std::function<Finding(std::size_t frame)> const& task);
}  // namespace sectile::pipeline
