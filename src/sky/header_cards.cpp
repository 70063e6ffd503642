// SPDX-License-Identifier: BSD-3-Clause
#include "sky/header_cards.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>

namespace sectile::sky
{
namespace
{
std::string trimmed(std::string_view text)
{
    std::size_t const first = text.find_first_not_of(' ');
    if (first == std::string_view::npos) {
        return {};
    }
    return std::string(text.substr(first, text.find_last_not_of(' ') - first + 1));
}

/// The value field of a card: a quoted string ('' stands for one quote) or the text before '/'.
std::string value_of(std::string_view field)
{
    std::size_t const first = field.find_first_not_of(' ');
    if (first == std::string_view::npos || field[first] != '\'') {
        return trimmed(field.substr(0, field.find('/')));
    }
    std::string value;
    for (std::size_t i = first + 1; i < field.size(); ++i) {
        if (field[i] == '\'') {
            if (i + 1 == field.size() || field[i + 1] != '\'') {
                break;
            }
            ++i;
        }
        value += field[i];
    }
    return trimmed(value);
}
/// Closes a string that runs to the end of its card: WCSLIB 7.12 would read on into the next card
/// and end the program.
void close_string(std::string& record)
{
    constexpr std::size_t value_field = 9;
    std::size_t const first = record.find_first_not_of(' ', value_field);
    if (record[value_field - 1] != '=' || first == std::string::npos || record[first] != '\'') {
        return;
    }
    bool open = true;
    for (std::size_t i = first + 1; i < record.size(); ++i) {
        open = record[i] == '\'' ? !open : open;
        if (!open && (i + 1 == record.size() || record[i + 1] != '\'')) {
            return;
        }
    }
    std::size_t const last = record.find_last_not_of(' ');
    record[std::min(last + 1, record.size() - 1)] = '\'';
}
}  // namespace

HeaderCards::HeaderCards(std::string_view text)
{
    for (std::size_t at = 0; at < text.size(); at += record_length) {
        std::string record(text.substr(at, record_length));
        record.resize(record_length, ' ');
        std::replace_if(
            record.begin(), record.end(), [](char c) { return c < ' ' || c > '~'; }, ' ');
        close_string(record);
        std::string const name = name_of(record);
        if (name == "END") {
            break;
        }
        if (record[8] == '=') {
            values_[name] = value_of(std::string_view(record).substr(9));
        }
        records_.push_back(std::move(record));
    }
}

std::string HeaderCards::name_of(std::string_view record)
{
    return trimmed(record.substr(0, 8));
}

std::optional<std::string> HeaderCards::text(std::string const& name) const
{
    auto const found = values_.find(name);
    return found == values_.end() ? std::nullopt : std::optional(found->second);
}

std::optional<double> HeaderCards::number(std::string const& name) const
{
    std::optional<std::string> value = text(name);
    if (!value || value->empty()) {
        return std::nullopt;
    }
    // FITS allows D as the exponent letter and a leading plus sign; from_chars knows neither.
    std::replace_if(
        value->begin(), value->end(), [](char c) { return c == 'D' || c == 'd'; }, 'E');
    char const* const begin = value->data() + (value->front() == '+' ? 1 : 0);
    char const* const end = value->data() + value->size();
    double number = 0.0;
    auto const [stop, failure] = std::from_chars(begin, end, number);
    if (failure != std::errc{} || stop != end || !std::isfinite(number)) {
        return std::nullopt;
    }
    return number;
}

std::vector<std::string> HeaderCards::names() const
{
    std::vector<std::string> all;
    all.reserve(values_.size());
    for (auto const& [name, value] : values_) {
        all.push_back(name);
    }
    return all;
}
}  // namespace sectile::sky
