// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <string>
#include <vector>

#include "sectile/simulate/write_survey.hpp"

#include "app/read_options.hpp"

namespace sectile::app
{
/// The options of `simulate`.
[[nodiscard]] std::vector<Option<simulate::SimulateConfig>> const& simulate_options();

/// The request of `simulate`. Throws core::ConfigError with everything that is wrong.
[[nodiscard]] Request<simulate::SimulateConfig> read_simulate_request(
    std::vector<std::string> const& words);
}  // namespace sectile::app
