// SPDX-License-Identifier: BSD-3-Clause
#include "sky/header_cards.hpp"

#include <algorithm>

namespace sectile::sky
{
namespace
{
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
        std::string const name(card_name(record));
        if (name == "END") {
            break;
        }
        if (record[8] == '=') {
            values_[name] = parse_card_text(std::string_view(record).substr(9));
        }
        records_.push_back(std::move(record));
    }
}

std::optional<std::string> HeaderCards::text(std::string const& name) const
{
    auto const found = values_.find(name);
    return found == values_.end() ? std::nullopt : std::optional(found->second);
}

std::optional<double> HeaderCards::number(std::string const& name) const
{
    auto const found = values_.find(name);
    return found == values_.end() ? std::nullopt : parse_card_number(found->second);
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
