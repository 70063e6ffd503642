// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <string>

#include "sectile/pipeline/plan_overview.hpp"

namespace sectile::app
{
/// For people: aligned, one screen.
[[nodiscard]] std::string plan_text(pipeline::PlanOverview const& overview);
/// For programs: keys stay, new ones may come.
[[nodiscard]] std::string plan_json(pipeline::PlanOverview const& overview);
}  // namespace sectile::app
