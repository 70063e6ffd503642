// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "sectile/comm/communicator.hpp"

namespace sectile::pipeline
{
/// *Collective*: what `make` returns on rank 0, on every rank. If it throws there, every rank
/// throws alike.
[[nodiscard]] std::string broadcast_text(comm::Communicator const& comm, std::string const& stage,
                                         std::function<std::string()> const& make);
[[nodiscard]] std::vector<std::string> broadcast_strings(
    comm::Communicator const& comm, std::function<std::vector<std::string>()> const& make);
}  // namespace sectile::pipeline
