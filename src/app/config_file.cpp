// SPDX-License-Identifier: BSD-3-Clause
#include "app/config_file.hpp"

#include <algorithm>
#include <fstream>
#include <sstream>

#include <boost/program_options.hpp>

#include "app/command_line.hpp"

namespace sectile::app
{
namespace
{
namespace po = boost::program_options;

/// Boost cuts lines at '#'; inside quotes the sign travels as a control character, which no value
/// may hold.
constexpr char hash_in_quotes = '\x01';

std::string with_hashes_protected(std::string const& text)
{
    std::istringstream lines(text);
    std::string result;
    std::string line;
    while (std::getline(lines, line)) {
        std::size_t const equals = line.find('=');
        std::size_t const open =
            equals == std::string::npos ? equals : line.find_first_not_of(" \t", equals + 1);
        std::size_t const close = line.rfind('"');
        if (open != std::string::npos && line[open] == '"' && close > open &&
            line.find('#') > equals) {
            std::replace(line.begin() + static_cast<std::ptrdiff_t>(open),
                         line.begin() + static_cast<std::ptrdiff_t>(close), '#', hash_in_quotes);
        }
        result += line + "\n";
    }
    return result;
}

std::string unquoted(std::string text)
{
    if (text.size() >= 2 && text.front() == '"' && text.back() == '"') {
        text = text.substr(1, text.size() - 2);
        std::replace(text.begin(), text.end(), hash_in_quotes, '#');
    }
    return text;
}
}  // namespace

ConfigFile parse_ini(std::string const& text, std::string const& origin,
                     std::vector<OptionInfo> const& table, Problems& problems)
{
    ConfigFile file;
    std::vector<po::option> options;
    try {
        std::istringstream stream(with_hashes_protected(text));
        options = po::parse_config_file(stream, po::options_description(), true).options;
    } catch (po::error const& error) {
        problems.add(core::sentence("cannot read the configuration file " + origin, error.what(),
                                    "write lines of the form key = value"));
        return file;
    }
    for (po::option const& option : options) {
        std::string const key = option.string_key.substr(option.string_key.rfind('.') + 1);
        auto const info = std::find_if(table.begin(), table.end(),
                                       [&](OptionInfo const& i) { return i.key == key; });
        if (info == table.end()) {
            problems.add(unknown_key_problem(key, shown_name({key, {}, origin}), table, false));
            continue;
        }
        std::string const value = unquoted(option.value.empty() ? "" : option.value.front());
        auto const earlier = std::find_if(file.settings.begin(), file.settings.end(),
                                          [&](Setting const& s) { return s.key == key; });
        if (earlier == file.settings.end()) {
            file.settings.push_back({key, {value}, origin});
        } else if (info->arity == Arity::list) {
            earlier->values.push_back(value);
        } else {
            problems.add(
                shown_name({key, {}, origin}).append(" is given more than once; keep one of them"));
        }
    }
    return file;
}

ConfigFile read_config_file(std::string const& path, std::vector<OptionInfo> const& table,
                            Problems& problems)
{
    std::ifstream stream(path, std::ios::binary);
    std::ostringstream text;
    // Reading a directory opens and then fails.
    if (!stream ||
        !(stream.peek() == std::ifstream::traits_type::eof() || text << stream.rdbuf()) ||
        stream.bad()) {
        problems.add(core::sentence("cannot read the configuration file " + path,
                                    "it is missing or not readable", "check the path of --config"));
        return {};
    }
    std::string const content = text.str();
    bool const json = path.ends_with(".json") || trimmed(content.substr(0, 4096)).starts_with('{');
    return json ? parse_json(content, path, table, problems)
                : parse_ini(content, path, table, problems);
}
}  // namespace sectile::app
