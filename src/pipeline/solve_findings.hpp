// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

#include "sectile/astrometry/wcs_search.hpp"

#include "pipeline/context.hpp"

namespace sectile::pipeline
{
/// task(i) for every i < `count`: each rank computes an even share with its workers, and every rank
/// gets all, in order. *Collective*; throws core::StageFailed when a task throws.
[[nodiscard]] std::vector<astrometry::Finding> deal_findings(
    Context& context, std::string const& phase, std::size_t count,
    std::function<astrometry::Finding(std::size_t task)> const& task);
}  // namespace sectile::pipeline
