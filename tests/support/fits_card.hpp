// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <array>
#include <cstdio>
#include <string>

namespace sectile::test
{
/// A card of a FITS header: the text up to 80 characters.
inline std::string card(std::string text)
{
    text.resize(80, ' ');
    return text;
}

inline std::string card(std::string const& name, std::string const& value)
{
    std::string text = name;
    text.resize(8, ' ');
    text += "= " + value;
    return card(text);
}

/// A number that reads back as the same double.
inline std::string card(std::string const& name, double value)
{
    std::array<char, 32> number{};
    std::snprintf(number.data(), number.size(), "%.17G", value);
    return card(name, std::string(number.data()));
}
}  // namespace sectile::test
