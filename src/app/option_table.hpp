// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "app/option_value.hpp"
#include "app/problems.hpp"

namespace sectile::app
{
enum class Arity : std::uint8_t
{
    flag,
    single,
    list
};
/// Whether the option may change the picture, or only how it is made and where it goes.
enum class Effect : std::uint8_t
{
    picture,
    execution
};

/// What the command line, the configuration files and the help say about an option, whatever it
/// sets.
struct OptionInfo
{
    std::string key;      ///< snake_case; on the command line with dashes
    std::string section;  ///< pipeline phase, heading of the help
    std::string value_name;
    std::string help;
    std::string default_text;  ///< empty: none
    Arity arity = Arity::single;
    Effect effect = Effect::picture;
};

/// One row of the option table of a configuration type.
template <class Config>
struct Option
{
    OptionInfo info;
    /// Puts one value, as text, into the configuration; throws BadValue. Lists get a call per
    /// value.
    std::function<void(Config&, std::string const&)> set;
    /// Values as text that `set` reads back; empty when there is none.
    std::function<std::vector<std::string>(Config const&)> get;
};

/// What the user said about one option, and where.
struct Setting
{
    std::string key;
    std::vector<std::string> values;
    std::string origin;  ///< file; empty: the command line
};

/// How a message names an option: "--stacking-kappa-low", or "stacking_kappa_low in FILE".
[[nodiscard]] std::string shown_name(Setting const& setting);
/// "--stacking-kappa-low"
[[nodiscard]] std::string dashed(std::string const& key);

/// Settings of `first`, and those of `second` whose key `first` does not have.
[[nodiscard]] std::vector<Setting> merged(std::vector<Setting> first,
                                          std::vector<Setting> const& second);

/// Throws BadValue for control characters, which a line of a configuration file cannot carry.
void check_characters(std::string const& value);

/// One line of an INI file; values that INI would change (comment signs, outer blanks) are quoted.
[[nodiscard]] std::string ini_line(std::string const& key, std::string const& value);

/// The rows of a table without their types.
template <class Config>
[[nodiscard]] std::vector<OptionInfo> infos_of(std::vector<Option<Config>> const& table)
{
    Config const defaults{};
    std::vector<OptionInfo> infos;
    for (Option<Config> const& option : table) {
        infos.push_back(option.info);
        for (std::string const& value : option.get(defaults)) {
            infos.back().default_text += (infos.back().default_text.empty() ? "" : " ") + value;
        }
    }
    return infos;
}

/// Puts the settings, whose keys are all in the table, into `config`; what cannot be used becomes a
/// problem.
template <class Config>
void apply(std::vector<Option<Config>> const& table, std::vector<Setting> const& settings,
           Config& config, Problems& problems)
{
    for (Setting const& setting : settings) {
        for (Option<Config> const& option : table) {
            if (option.info.key != setting.key) {
                continue;
            }
            for (std::string const& value : setting.values) {
                try {
                    check_characters(value);
                    option.set(config, value);
                } catch (BadValue const& bad) {
                    problems.add(core::sentence(shown_name(setting) + " cannot be '" + value + "'",
                                                bad.what()));
                }
            }
        }
    }
}

/// The configuration as INI text that reads back to the same configuration; options without a value
/// stand as comments. With `only_picture`, the options that may change the picture, without
/// headings.
template <class Config>
[[nodiscard]] std::string to_ini(std::vector<Option<Config>> const& table, Config const& config,
                                 bool only_picture = false)
{
    std::string text;
    std::string section;
    for (Option<Config> const& option : table) {
        if (only_picture && option.info.effect != Effect::picture) {
            continue;
        }
        if (!only_picture && option.info.section != section) {
            section = option.info.section;
            text += (text.empty() ? "# " : "\n# ") + section + "\n";
        }
        auto const values = option.get(config);
        for (std::string const& value : values) {
            text += ini_line(option.info.key, value) + "\n";
        }
        if (values.empty() && !only_picture) {
            text += "# " + option.info.key + " =\n";
        }
    }
    return text;
}
}  // namespace sectile::app
