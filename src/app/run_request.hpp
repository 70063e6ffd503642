// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <string>
#include <vector>

#include "sectile/pipeline/run_config.hpp"

#include "app/read_options.hpp"

namespace sectile::app
{
using RunRequest = Request<pipeline::RunConfig>;

/// The request of `run` (or of `plan`: `dry_run`, which takes plan_options()). Throws
/// core::ConfigError with everything that is wrong.
[[nodiscard]] RunRequest read_run_request(std::vector<std::string> const& words, bool dry_run);

/// The configuration that a text of --print-config describes; for the ranks that did not read the
/// command line. Throws core::ConfigError.
[[nodiscard]] pipeline::RunConfig run_config_from_text(std::string const& text);
}  // namespace sectile::app
