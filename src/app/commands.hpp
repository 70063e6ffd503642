// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <string>
#include <vector>

#include "sectile/comm/communicator.hpp"
#include "sectile/core/error.hpp"

namespace sectile::app
{
/// A subcommand: its name, one line for the overview, whether it runs under MPI, and what it does
/// with the words after its name. Serial subcommands get a null communicator. Texts for the user go
/// to standard output.
struct Command
{
    char const* name;
    char const* summary;
    bool uses_mpi;
    core::ExitCode (*execute)(std::vector<std::string> const& words,
                              comm::Communicator const& world);
};

/// All subcommands in the order of the overview.
[[nodiscard]] std::vector<Command> const& commands();

/// Whether the words ask for something that needs no ranks: --help or --print-config.
[[nodiscard]] bool asks_for_text_only(std::vector<std::string> const& words);

/// Overview of the subcommands.
[[nodiscard]] std::string usage_text();
}  // namespace sectile::app
