// SPDX-License-Identifier: BSD-3-Clause
#include "sectile/ingest/partner_search.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <filesystem>
#include <set>
#include <utility>

namespace sectile::ingest
{
namespace
{
bool ends_with_no_case(std::string_view text, std::string_view ending)
{
    return text.size() >= ending.size() &&
           std::ranges::equal(
               text.substr(text.size() - ending.size()), ending,
               [](unsigned char a, unsigned char b) { return std::tolower(a) == std::tolower(b); });
}

/// Length of the ending of a FITS file at the end of `name`, compression included; 0: none.
std::size_t ending_length(std::string_view name)
{
    std::size_t packed = 0;
    for (std::string_view const compression : {".gz", ".fz"}) {
        packed = ends_with_no_case(name, compression) ? compression.size() : packed;
    }
    std::string_view const plain = name.substr(0, name.size() - packed);
    for (std::string_view const ending : {".fits", ".fit", ".fts"}) {
        if (ends_with_no_case(plain, ending)) {
            return ending.size() + packed;
        }
    }
    return 0;
}

bool is_packed(std::string_view name)
{
    return ends_with_no_case(name, ".gz") || ends_with_no_case(name, ".fz");
}

/// Name of the partner with the compression of the file itself; empty where the rule does not
/// apply.
std::string partner_name(std::string const& name, std::string_view rule)
{
    if (std::size_t const equals = rule.find('='); equals != std::string_view::npos) {
        std::string_view const before = rule.substr(0, equals);
        std::size_t const at = name.rfind(before);
        if (at == std::string::npos) {
            return {};
        }
        std::string changed = name;
        return changed.replace(at, before.size(), rule.substr(equals + 1));
    }
    std::size_t const ending = ending_length(name);
    std::string const stem = name.substr(0, name.size() - ending);
    std::string const suffix(rule);
    return ending_length(rule) > 0 ? stem + suffix
                                   : stem + suffix + name.substr(name.size() - ending);
}
}  // namespace

std::string reason_bad_partner_rule(std::string_view rule)
{
    bool const is_extension = !extension_of_rule(rule).empty();
    std::size_t const equals = rule.find('=');
    bool const is_replacement = equals != std::string_view::npos;
    bool const changes =
        is_replacement && equals > 0 && rule.substr(0, equals) != rule.substr(equals + 1);
    bool const is_path = rule.find('/') != std::string_view::npos;
    bool const is_bracket = rule.find_first_of("[]") != std::string_view::npos;
    if (rule.empty() || is_extension ||
        (!is_path && !is_bracket && (is_replacement ? changes : true))) {
        return {};
    }
    return "it must be a suffix such as .weight, a replacement OLD=NEW in the file name, or an "
           "extension such as [DQ]";
}

std::string extension_of_rule(std::string_view rule)
{
    bool const is_extension = rule.size() > 2 && rule.front() == '[' && rule.back() == ']' &&
                              rule.find_first_of("[]", 1) == rule.size() - 1;
    return is_extension ? std::string(rule.substr(1, rule.size() - 2)) : std::string{};
}

std::vector<std::string> partner_paths(std::string const& path, std::string_view rule)
{
    if (rule.empty() || !extension_of_rule(rule).empty()) {
        return {};
    }
    std::filesystem::path const whole(path);
    std::string const name = partner_name(whole.filename().string(), rule);
    if (name.empty() || name == whole.filename()) {
        return {};
    }
    std::vector<std::string> names{name};
    std::string const plain = is_packed(name) ? name.substr(0, name.size() - 3) : name;
    for (char const* const compression : {"", ".fz", ".gz"}) {
        if (plain + compression != name) {
            names.push_back(plain + compression);
        }
    }
    for (std::string& each : names) {
        each = (whole.parent_path() / each).string();
    }
    return names;
}

std::string existing_partner(std::string const& path, std::string_view rule)
{
    for (std::string& candidate : partner_paths(path, rule)) {
        std::error_code ignored;
        if (std::filesystem::is_regular_file(candidate, ignored)) {
            return std::move(candidate);
        }
    }
    return {};
}

std::vector<std::string> without_partners(std::vector<std::string> files,
                                          std::vector<std::string> const& rules,
                                          std::vector<std::string>& partners)
{
    std::set<std::string> const listed(files.begin(), files.end());
    std::set<std::string> found;
    for (std::string const& file : files) {
        for (std::string const& rule : rules) {
            // The first of the list, as the first that exists is taken.
            auto const candidates = partner_paths(file, rule);
            auto const partner = std::ranges::find_if(
                candidates, [&](std::string const& name) { return listed.contains(name); });
            if (partner != candidates.end()) {
                found.insert(*partner);
            }
        }
    }
    std::erase_if(files, [&](std::string const& file) { return found.contains(file); });
    partners.insert(partners.end(), found.begin(), found.end());
    return files;
}
}  // namespace sectile::ingest
