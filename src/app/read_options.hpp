// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "app/command_line.hpp"
#include "app/config_file.hpp"
#include "app/option_table.hpp"

namespace sectile::app
{
/// What the words after a subcommand ask for.
template <class Config>
struct Request
{
    Config config;
    bool help = false;          ///< then nothing else was looked at
    bool print_config = false;  ///< then required options may be missing
    std::vector<std::string> notes;
};

/// Command line over configuration file over defaults. Values are checked one by one; what options
/// say together is for the caller to check.
template <class Config>
[[nodiscard]] Request<Config> read_options(std::vector<std::string> const& words,
                                           std::vector<Option<Config>> const& table,
                                           Problems& problems)
{
    std::vector<OptionInfo> const infos = infos_of(table);
    CommandLine line = parse_command_line(words, infos, 0, problems);
    Request<Config> request;
    request.help = line.help;
    request.print_config = line.print_config;
    if (line.help) {
        return request;
    }
    ConfigFile file;
    if (!line.config_file.empty()) {
        file = read_config_file(line.config_file, infos, problems);
    }
    request.notes = std::move(file.notes);
    apply(table, merged(std::move(line.settings), file.settings), request.config, problems);
    return request;
}
}  // namespace sectile::app
