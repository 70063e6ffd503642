// SPDX-License-Identifier: BSD-3-Clause
#include "app/command_line.hpp"

#include <algorithm>
#include <sstream>

#include <boost/program_options.hpp>

#include "app/later_keys.hpp"
#include "app/plan_options.hpp"
#include "app/suggestion.hpp"

namespace sectile::app
{
namespace
{
namespace po = boost::program_options;

std::string underscored(std::string key)
{
    std::replace(key.begin(), key.end(), '-', '_');
    return key;
}

/// Values are kept as text and may be missing, so that one problem does not hide the next.
po::options_description describe(std::vector<OptionInfo> const& table)
{
    po::options_description description;
    auto const add = [&](std::string const& name, bool many) {
        auto* const value = po::value<std::vector<std::string>>()->implicit_value({}, "");
        description.add(boost::shared_ptr<po::option_description>(
            new po::option_description(name.c_str(), many ? value->multitoken() : value)));
    };
    for (OptionInfo const& info : table) {
        add(dashed(info.key).substr(2), info.arity == Arity::list);
    }
    add("config", false);
    description.add_options()("print-config", "")("help", "");
    return description;
}

OptionInfo const* find_info(std::vector<OptionInfo> const& table, std::string const& key)
{
    auto const found = std::find_if(table.begin(), table.end(),
                                    [&](OptionInfo const& info) { return info.key == key; });
    return found == table.end() ? nullptr : &*found;
}

void add_setting(OptionInfo const& info, po::option const& option, CommandLine& line,
                 Problems& problems)
{
    std::vector<std::string> values = option.value;
    if (values.empty()) {
        if (info.arity != Arity::flag) {
            problems.add(dashed(info.key) + " needs a value: " + info.value_name);
            return;
        }
        values.emplace_back("true");
    }
    auto const earlier = std::find_if(line.settings.begin(), line.settings.end(),
                                      [&](Setting const& s) { return s.key == info.key; });
    if (earlier == line.settings.end()) {
        line.settings.push_back({info.key, values, {}});
    } else if (info.arity == Arity::list) {
        earlier->values.insert(earlier->values.end(), values.begin(), values.end());
    } else {
        problems.add(dashed(info.key) + " is given more than once; keep one of them");
    }
}

void add_positional(std::string const& word, std::vector<OptionInfo> const& table,
                    std::size_t allowed, CommandLine& line, Problems& problems)
{
    if (line.positionals.size() < allowed) {
        line.positionals.push_back(word);
        return;
    }
    bool const has_input = find_info(table, "input") != nullptr;
    problems.add("the argument '" + word + "' belongs to no option" +
                 (has_input ? "; give files and directories as --input " + word : ""));
}

/// "  --name VALUE" in the first column, the text wrapped in the second.
void write_entry(std::ostream& out, std::string const& head, std::string const& text)
{
    constexpr std::size_t column = 32;
    constexpr std::size_t width = 98;
    std::string line = "  " + head;
    if (line.size() + 2 > column) {
        out << line << '\n';
        line.clear();
    }
    line.resize(column, ' ');
    std::istringstream words(text);
    std::string word;
    while (words >> word) {
        if (line.size() + 1 + word.size() > width && line.size() > column) {
            out << line << '\n';
            line.assign(column, ' ');
        }
        line += (line.size() > column ? " " : "") + word;
    }
    out << line << '\n';
}
}  // namespace

CommandLine parse_command_line(std::vector<std::string> const& words,
                               std::vector<OptionInfo> const& table, std::size_t positionals,
                               Problems& problems)
{
    std::vector<std::string> arguments = words;
    std::replace(arguments.begin(), arguments.end(), std::string("-h"), std::string("--help"));
    po::options_description const description = describe(table);
    CommandLine line;
    std::vector<po::option> options;
    try {
        namespace style = po::command_line_style;
        options =
            po::command_line_parser(arguments)
                .options(description)
                .style(style::allow_long | style::long_allow_adjacent | style::long_allow_next)
                .allow_unregistered()
                .run()
                .options;
    } catch (po::error const& error) {
        problems.add(error.what());
        return line;
    }
    bool after_unknown = false;
    for (po::option const& option : options) {
        // The word after an unknown option is most likely its value: one complaint is enough.
        bool const value_of_unknown = option.string_key.empty() && after_unknown;
        after_unknown = false;
        if (value_of_unknown) {
            continue;
        }
        if (option.string_key.empty()) {
            add_positional(option.value.front(), table, positionals, line, problems);
        } else if (option.string_key == "help") {
            line.help = true;
        } else if (option.string_key == "print-config") {
            line.print_config = true;
        } else if (option.string_key == "config") {
            if (option.value.empty() || !line.config_file.empty()) {
                problems.add("--config needs one value: FILE");
            } else {
                line.config_file = option.value.front();
            }
        } else if (auto const* info = find_info(table, underscored(option.string_key));
                   info != nullptr && !option.unregistered) {
            add_setting(*info, option, line, problems);
        } else {
            problems.add(unknown_key_problem(underscored(option.string_key),
                                             "--" + option.string_key, table, true));
            after_unknown = true;
        }
    }
    return line;
}

std::string help_text(std::vector<OptionInfo> const& table)
{
    std::ostringstream out;
    std::string section;
    for (OptionInfo const& info : table) {
        if (info.section != section) {
            section = info.section;
            out << '\n' << section << ":\n";
        }
        std::string const head =
            dashed(info.key) + (info.arity == Arity::flag ? "" : " " + info.value_name);
        bool const shows_default = !info.default_text.empty() &&
                                   !(info.arity == Arity::flag && info.default_text == "false");
        write_entry(out, head,
                    info.help + (shows_default ? " (default " + info.default_text + ")" : ""));
    }
    out << "\nConfiguration:\n";
    write_entry(out, "--config FILE",
                "INI file of these options (underscores for dashes), or a "
                "ZeMosaic JSON file; the command line wins");
    write_entry(out, "--print-config", "print the configuration as INI and end");
    write_entry(out, "--help, -h", "print this and end");
    return out.str();
}

std::string unknown_key_problem(std::string const& key, std::string const& shown,
                                std::vector<OptionInfo> const& table, bool dashes)
{
    if (is_later_key(key)) {
        return "the option " + shown + " is planned for a later version and not offered yet";
    }
    if (is_machine_key(key)) {
        return "the option " + shown + " belongs to sectile plan only";
    }
    std::vector<std::string> keys;
    keys.reserve(table.size());
    for (OptionInfo const& info : table) {
        keys.push_back(info.key);
    }
    std::string const nearest = nearest_word(key, keys);
    std::string const problem = "unknown option " + shown;
    if (nearest.empty()) {
        return problem + "; see --help";
    }
    return problem + "; did you mean " + (dashes ? dashed(nearest) : nearest) + "?";
}
}  // namespace sectile::app
