// SPDX-License-Identifier: BSD-3-Clause
#include "sectile/sky/card_value.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>

namespace sectile::sky
{
namespace
{
std::string_view without_blanks(std::string_view text)
{
    std::size_t const first = text.find_first_not_of(' ');
    return first == std::string_view::npos
               ? std::string_view()
               : text.substr(first, text.find_last_not_of(' ') - first + 1);
}
}  // namespace

std::string_view card_name(std::string_view card)
{
    return without_blanks(card.substr(0, 8));
}

std::string parse_card_text(std::string_view field)
{
    field = without_blanks(field);
    if (!field.starts_with('\'')) {
        return std::string(without_blanks(field.substr(0, field.find('/'))));
    }
    std::string content;
    for (std::size_t i = 1; i < field.size(); ++i) {
        if (field[i] == '\'') {
            if (i + 1 == field.size() || field[i + 1] != '\'') {
                break;
            }
            ++i;
        }
        content += field[i];
    }
    return std::string(without_blanks(content));
}

std::optional<double> parse_card_number(std::string_view text)
{
    // from_chars knows neither the exponent letter D nor a leading plus sign.
    std::string digits(text.substr(text.starts_with('+') ? 1 : 0));
    std::replace_if(
        digits.begin(), digits.end(), [](char c) { return c == 'D' || c == 'd'; }, 'E');
    char const* const end = digits.data() + digits.size();
    double number = 0.0;
    auto const [stop, failure] = std::from_chars(digits.data(), end, number);
    if (failure != std::errc{} || stop != end || !std::isfinite(number)) {
        return std::nullopt;
    }
    return number;
}
}  // namespace sectile::sky
