// SPDX-License-Identifier: BSD-3-Clause
#include "sectile/sky/card_text.hpp"

#include <algorithm>
#include <string_view>
#include <utility>

namespace sectile::sky
{
namespace
{
constexpr unsigned is_run = 0x80;  // the other bits are the number of blanks
constexpr std::size_t longest_run = 0x7f;
constexpr char is_as_written = 1;  // first byte of a text that is not packed

bool is_packable(std::string const& text)
{
    return std::ranges::all_of(text, [](char c) { return c >= ' ' && c <= '~'; });
}

std::string without_blanks(std::string_view text)
{
    std::string packed;
    while (!text.empty()) {
        std::size_t const blanks =
            std::min({text.find_first_not_of(' '), text.size(), longest_run});
        if (blanks > 1) {
            packed.push_back(static_cast<char>(is_run | static_cast<unsigned>(blanks)));
            text.remove_prefix(blanks);
        } else {
            packed.push_back(text.front());
            text.remove_prefix(1);
        }
    }
    return packed;
}
}  // namespace

CardText::CardText(std::string const& text)
{
    if (!text.empty()) {
        std::string packed = is_packable(text) ? without_blanks(text) : is_as_written + text;
        packed.shrink_to_fit();
        packed_ = std::move(packed);
    }
}

std::string CardText::text() const
{
    if (packed_->starts_with(is_as_written)) {
        return packed_->substr(1);
    }
    std::string text;
    for (char const c : *packed_) {
        unsigned const byte = static_cast<unsigned char>(c);
        if ((byte & is_run) != 0) {
            text.append(byte & longest_run, ' ');
        } else {
            text.push_back(c);
        }
    }
    return text;
}
}  // namespace sectile::sky
