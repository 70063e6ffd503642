// SPDX-License-Identifier: BSD-3-Clause
#include "io/fits_cards.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include "sectile/core/error.hpp"

namespace sectile::io
{
namespace
{
std::string printable(std::string_view text)
{
    std::string result(text);
    std::replace_if(
        result.begin(), result.end(), [](char c) { return c < ' ' || c > '~'; }, '?');
    return result;
}

/// Quotes are doubled inside a FITS string.
std::string with_doubled_quotes(std::string_view text)
{
    std::string result;
    for (char const c : printable(text)) {
        result.append(c == '\'' ? 2 : 1, c);
    }
    return result;
}

/// Shortest text that reads back as the same number, always with a point or an exponent.
std::string text_of(double value)
{
    std::array<char, 40> buffer = {};
    auto const [end, error] = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value);
    core::require(error == std::errc{}, "a double has at most 40 characters");
    std::string text(buffer.data(), end);
    std::transform(text.begin(), text.end(), text.begin(),
                   [](char c) { return c == 'e' ? 'E' : c; });
    if (text.find_first_of(".E") == std::string::npos) {
        text += ".0";
    }
    return text;
}

bool is_standard_keyword(std::string_view keyword)
{
    auto const allowed = [](char c) {
        return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
    };
    return !keyword.empty() && keyword.size() <= 8 &&
           std::all_of(keyword.begin(), keyword.end(), allowed);
}

/// "KEYWORD = " in 10 characters, or the HIERARCH convention for names that do not fit.
std::string start_of_card(std::string_view keyword)
{
    if (is_standard_keyword(keyword)) {
        std::string start(keyword);
        start.resize(8, ' ');
        return start + "= ";
    }
    return "HIERARCH " + printable(keyword) + " = ";
}
}  // namespace

std::string_view keyword_of(std::string_view card)
{
    std::string_view const field = card.substr(0, 8);
    return field.substr(0, field.find_last_not_of(' ') + 1);
}

void HeaderText::add_raw(std::string_view card)
{
    std::string line = printable(card.substr(0, card_length));
    line.resize(card_length, ' ');
    text_ += line;
}

void HeaderText::add_value(std::string_view keyword, std::string_view value,
                           std::string_view comment)
{
    std::string card = start_of_card(keyword);
    card += value;
    core::require(card.size() <= card_length, "a header value fits its card");
    if (!comment.empty() && card.size() + 4 <= card_length) {
        card.append(" / ").append(comment);
    }
    add_raw(card);
}

void HeaderText::add(std::string_view keyword, bool value, std::string_view comment)
{
    add_value(keyword, std::string(19, ' ') + (value ? "T" : "F"), comment);
}

void HeaderText::add(std::string_view keyword, std::int64_t value, std::string_view comment)
{
    std::string const text = std::to_string(value);
    add_value(keyword, std::string(20 - std::min<std::size_t>(20, text.size()), ' ') + text,
              comment);
}

void HeaderText::add(std::string_view keyword, double value, std::string_view comment)
{
    std::string const text = std::isfinite(value) ? text_of(value) : std::string();
    std::size_t const padding = 20 - std::min<std::size_t>(20, text.size());
    add_value(keyword, std::string(padding, ' ') + text, comment);
}

void HeaderText::add(std::string_view keyword, std::string_view value, std::string_view comment)
{
    std::string content = with_doubled_quotes(value);
    if (start_of_card(keyword).size() + content.size() + 2 > card_length) {
        add_long_string(keyword, value, comment);
        return;
    }
    content.resize(std::max<std::size_t>(content.size(), 8), ' ');
    std::string quoted = "'" + content + "'";
    quoted.resize(std::max<std::size_t>(quoted.size(), 20), ' ');
    add_value(keyword, quoted, comment);
}

void HeaderText::add_long_string(std::string_view keyword, std::string_view value,
                                 std::string_view comment)
{
    if (!long_strings_) {
        long_strings_ = true;
        add("LONGSTRN", std::string_view("OGIP 1.0"), "The HEASARC long string convention");
    }
    std::string const content = with_doubled_quotes(value);
    std::string start = start_of_card(keyword);
    std::size_t position = 0;
    while (true) {
        // The two quotes and, in all but the last piece, the ampersand take 3 characters.
        std::size_t const room = card_length - start.size() - 3;
        std::size_t take = std::min(room, content.size() - position);
        std::size_t quotes = 0;
        while (quotes < take && content[position + take - 1 - quotes] == '\'') {
            ++quotes;
        }
        if (quotes % 2 == 1 && position + take < content.size()) {
            --take;  // never between the two halves of a doubled quote
        }
        bool const is_last = position + take == content.size();
        std::string card = start + "'" + content.substr(position, take) + (is_last ? "'" : "&'");
        if (is_last && !comment.empty() && card.size() + 4 <= card_length) {
            card.append(" / ").append(comment);
        }
        add_raw(card);
        if (is_last) {
            return;
        }
        position += take;
        start = "CONTINUE  ";
    }
}

void HeaderText::add_commentary(std::string_view keyword, std::string_view text)
{
    std::string start(keyword);
    start.resize(8, ' ');
    std::size_t const room = card_length - start.size();
    do {
        add_raw(start + std::string(text.substr(0, room)));
        text.remove_prefix(std::min(room, text.size()));
    } while (!text.empty());
}

void HeaderText::add(FitsCard const& card)
{
    if (auto const* text = std::get_if<std::string>(&card.value)) {
        if (card.keyword == "COMMENT" || card.keyword == "HISTORY") {
            add_commentary(card.keyword, *text);
        } else {
            add(card.keyword, std::string_view(*text), card.comment);
        }
    } else if (auto const* number = std::get_if<double>(&card.value)) {
        add(card.keyword, *number, card.comment);
    } else if (auto const* integer = std::get_if<std::int64_t>(&card.value)) {
        add(card.keyword, *integer, card.comment);
    } else {
        add(card.keyword, std::get<bool>(card.value), card.comment);
    }
}

void HeaderText::replace_string(std::string_view keyword, std::string_view value)
{
    for (std::size_t at = 0; at < text_.size(); at += card_length) {
        if (keyword_of(std::string_view(text_).substr(at, card_length)) == keyword) {
            text_.replace(at + 11, value.size(), value);
            return;
        }
    }
    throw core::InternalError("a header card to be replaced is missing: " + std::string(keyword));
}

void HeaderText::finish()
{
    add_raw("END");
    std::size_t const blocks = (text_.size() + block_length - 1) / block_length;
    text_.resize(blocks * block_length, ' ');
}
}  // namespace sectile::io
