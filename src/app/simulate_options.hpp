// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <string>
#include <vector>

#include "sectile/pipeline/simulate.hpp"

#include "app/read_options.hpp"

namespace sectile::app
{
/// The options of `simulate`.
[[nodiscard]] std::vector<Option<pipeline::SimulateConfig>> const& simulate_options();

/// The request of `simulate`. Throws core::ConfigError with everything that is wrong.
[[nodiscard]] Request<pipeline::SimulateConfig> read_simulate_request(
    std::vector<std::string> const& words);
}  // namespace sectile::app
