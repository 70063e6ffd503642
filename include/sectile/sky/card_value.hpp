// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace sectile::sky
{
/// Name of a card of 80 characters: the first eight, without blanks at both ends. A view of `card`.
[[nodiscard]] std::string_view card_name(std::string_view card);

/// Content of the value field of a FITS card, which is what follows its '=': a string without its
/// quotes ('' stands for one quote; a missing last quote is forgiven), else the text in front of
/// the comment. Without blanks at both ends. FITS standard 4.0, section 4.2. Thread-safe.
[[nodiscard]] std::string parse_card_text(std::string_view field);

/// The whole of the text as a finite number, or nothing: a plus sign and the exponent letter D are
/// FITS, NaN and Inf are not. Thread-safe.
[[nodiscard]] std::optional<double> parse_card_number(std::string_view text);
}  // namespace sectile::sky
