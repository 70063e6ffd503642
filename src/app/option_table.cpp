// SPDX-License-Identifier: BSD-3-Clause
#include "app/option_table.hpp"

#include <algorithm>

namespace sectile::app
{
std::string dashed(std::string const& key)
{
    std::string name = "--" + key;
    std::replace(name.begin(), name.end(), '_', '-');
    return name;
}

std::string shown_name(Setting const& setting)
{
    return setting.origin.empty() ? dashed(setting.key) : setting.key + " in " + setting.origin;
}

std::vector<Setting> merged(std::vector<Setting> first, std::vector<Setting> const& second)
{
    std::size_t const own = first.size();
    for (Setting const& setting : second) {
        bool const overruled =
            std::any_of(first.begin(), first.begin() + static_cast<std::ptrdiff_t>(own),
                        [&](Setting const& stronger) { return stronger.key == setting.key; });
        if (!overruled) {
            first.push_back(setting);
        }
    }
    return first;
}

void check_characters(std::string const& value)
{
    bool const control = std::any_of(value.begin(), value.end(),
                                     [](unsigned char c) { return c < 0x20 || c == 0x7f; });
    if (control) {
        throw BadValue("it must not hold control characters");
    }
}

std::string ini_line(std::string const& key, std::string const& value)
{
    bool const changed =
        value.empty() || value.find_first_of("#\"") != std::string::npos || trimmed(value) != value;
    return key + " = " + (changed ? '"' + value + '"' : value);
}
}  // namespace sectile::app
