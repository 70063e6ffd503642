// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <string>
#include <vector>

#include "app/option_table.hpp"

namespace sectile::app
{
/// Words after the subcommand, sorted by what they are.
struct CommandLine
{
    std::vector<Setting> settings;         ///< options of the table
    std::vector<std::string> positionals;  ///< at most as many as were allowed
    std::string config_file;               ///< --config
    bool print_config = false;             ///< --print-config
    bool help = false;                     ///< --help, -h
};

/// Sorts the words by the table (Boost.Program_options, long names only, no abbreviations). Unknown
/// options, missing values and more than `positionals` loose words become problems.
[[nodiscard]] CommandLine parse_command_line(std::vector<std::string> const& words,
                                             std::vector<OptionInfo> const& table,
                                             std::size_t positionals, Problems& problems);

/// Help text of the options, grouped by pipeline phase.
[[nodiscard]] std::string help_text(std::vector<OptionInfo> const& table);

/// What to say about a key that is in no table: that it is planned for a later version, or what may
/// have been meant. `shown` is the key as the user wrote it, `dashes` whether keys are shown in
/// command line form.
[[nodiscard]] std::string unknown_key_problem(std::string const& key, std::string const& shown,
                                              std::vector<OptionInfo> const& table, bool dashes);
}  // namespace sectile::app
