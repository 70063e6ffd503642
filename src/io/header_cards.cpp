// SPDX-License-Identifier: BSD-3-Clause
#include "io/header_cards.hpp"

#include <algorithm>
#include <cmath>

#include "sectile/sky/card_value.hpp"

#include "io/fits_cards.hpp"

namespace sectile::io
{
namespace
{
/// Content of a quoted string that starts at the first quote of `field`; doubled quotes become one.
std::string quoted_content(std::string_view field)
{
    std::string content;
    for (std::size_t i = field.find('\'') + 1; i < field.size(); ++i) {
        if (field[i] == '\'') {
            if (i + 1 >= field.size() || field[i + 1] != '\'') {
                break;
            }
            ++i;
        }
        content += field[i];
    }
    return content.substr(0, content.find_last_not_of(' ') + 1);
}

bool is_quoted(std::string_view field)
{
    std::size_t const first = field.find_first_not_of(' ');
    return first != std::string_view::npos && field[first] == '\'';
}

struct SplitCard
{
    std::string_view keyword;
    std::string_view value;  ///< with its comment
};

/// Also keywords of more than 8 characters: after HIERARCH, or written against the standard.
SplitCard split(std::string_view card)
{
    if (card[8] == '=') {
        return {keyword_of(card), card.substr(9)};
    }
    std::string_view name = card;
    if (name.starts_with("HIERARCH ")) {
        name.remove_prefix(9);
    }
    std::size_t const sign = name.find('=');
    if (sign == std::string_view::npos) {
        return {keyword_of(card), {}};
    }
    std::string_view const keyword = name.substr(0, name.substr(0, sign).find_last_not_of(' ') + 1);
    return {keyword, name.substr(sign + 1)};
}
}  // namespace

std::string trimmed(std::string_view text)
{
    constexpr std::string_view blanks = " \t\r\n";
    std::size_t const first = text.find_first_not_of(blanks);
    if (first == std::string_view::npos) {
        return {};
    }
    return std::string(text.substr(first, text.find_last_not_of(blanks) - first + 1));
}

std::string upper_case(std::string_view text)
{
    std::string result(text);
    std::transform(result.begin(), result.end(), result.begin(),
                   [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; });
    return result;
}

std::optional<double> parse_number(std::string_view text)
{
    return sky::parse_card_number(trimmed(text));
}

HeaderCards::HeaderCards(std::string_view text)
{
    bool const in_lines = text.substr(0, 4 * card_length).find('\n') != std::string_view::npos;
    while (!text.empty()) {
        std::size_t const end = in_lines ? text.find('\n') : card_length;
        std::string card(text.substr(0, end));
        text.remove_prefix(
            std::min(text.size(), end == std::string_view::npos ? end : end + in_lines));
        if (card.ends_with('\r')) {
            card.pop_back();
        }
        card.resize(card_length, ' ');
        if (keyword_of(card) == "END") {
            break;
        }
        cards_.push_back(std::move(card));
    }
}

bool HeaderCards::has(std::string_view keyword) const
{
    return std::any_of(cards_.begin(), cards_.end(),
                       [&](std::string const& card) { return keyword_of(card) == keyword; });
}

std::string HeaderCards::value_of(std::size_t index) const
{
    std::string_view const field = split(cards_[index]).value;
    if (!is_quoted(field)) {
        return trimmed(field.substr(0, field.find('/')));
    }
    std::string content = quoted_content(field);
    for (std::size_t next = index + 1;
         content.ends_with('&') && next < cards_.size() && keyword_of(cards_[next]) == "CONTINUE";
         ++next) {
        content.pop_back();
        content += quoted_content(std::string_view(cards_[next]).substr(8));
    }
    return content;
}

std::optional<std::string> HeaderCards::text(std::initializer_list<std::string_view> keywords) const
{
    for (std::string_view const keyword : keywords) {
        for (std::string const& value : all_texts(keyword)) {
            if (!value.empty()) {
                return value;
            }
        }
    }
    return std::nullopt;
}

std::optional<double> HeaderCards::number(std::initializer_list<std::string_view> keywords) const
{
    for (std::string_view const keyword : keywords) {
        for (std::string const& value : all_texts(keyword)) {
            if (auto const parsed = parse_number(value)) {
                return parsed;
            }
        }
    }
    return std::nullopt;
}

std::optional<std::int64_t> HeaderCards::integer(std::string_view keyword) const
{
    constexpr double largest = 9.0e15;  // integers beyond are not exact in double
    auto const value = number({keyword});
    if (!value || std::abs(*value) > largest) {
        return std::nullopt;
    }
    return std::llround(*value);
}

std::vector<std::string> HeaderCards::all_texts(std::string_view keyword) const
{
    std::vector<std::string> values;
    for (std::size_t i = 0; i < cards_.size(); ++i) {
        if (split(cards_[i]).keyword == keyword) {
            values.push_back(value_of(i));
        }
    }
    return values;
}
}  // namespace sectile::io
