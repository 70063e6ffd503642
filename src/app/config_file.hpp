// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <string>
#include <vector>

#include "app/option_table.hpp"

namespace sectile::app
{
/// What a configuration file says.
struct ConfigFile
{
    std::vector<Setting> settings;
    std::vector<std::string> notes;  ///< sentences for the user about keys that were not used
};

/// Reads a configuration file: ZeMosaic JSON when the name ends in .json or the text begins with
/// '{', INI otherwise. Unusable content becomes problems.
[[nodiscard]] ConfigFile read_config_file(std::string const& path,
                                          std::vector<OptionInfo> const& table, Problems& problems);

/// INI text (Boost.Program_options; section names do not matter; "value" in quotes is taken as it
/// stands). Unknown keys become problems with the nearest known key. `origin` names the text in
/// messages.
[[nodiscard]] ConfigFile parse_ini(std::string const& text, std::string const& origin,
                                   std::vector<OptionInfo> const& table, Problems& problems);

/// JSON object of ZeMosaic (METHODS.md, section 16), which also takes this program's own keys. Keys
/// without a counterpart are named in the notes.
[[nodiscard]] ConfigFile parse_json(std::string const& text, std::string const& origin,
                                    std::vector<OptionInfo> const& table, Problems& problems);
}  // namespace sectile::app
