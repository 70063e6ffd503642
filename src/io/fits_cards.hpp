// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "sectile/io/fits_writer.hpp"

namespace sectile::io
{
/// A FITS header being written: fixed-format cards (FITS standard 4.0, section 4.2), long strings
/// by the CONTINUE convention with LONGSTRN before the first. Characters outside printable ASCII
/// become '?'.
class HeaderText
{
  public:
    void add(std::string_view keyword, bool value, std::string_view comment);
    void add(std::string_view keyword, std::int64_t value, std::string_view comment);
    /// A value that is not finite is written as undefined: FITS has no card for it.
    void add(std::string_view keyword, double value, std::string_view comment);
    void add(std::string_view keyword, std::string_view value, std::string_view comment);
    /// COMMENT and HISTORY take a string of any length and wrap it.
    void add(FitsCard const& card);
    /// An 80-character card as it is.
    void add_raw(std::string_view card);
    /// Writes `value` over the value of a card added before as a string of the same length.
    void replace_string(std::string_view keyword, std::string_view value);
    /// END and blanks up to a whole number of 2880-byte blocks.
    void finish();
    [[nodiscard]] std::string const& text() const { return text_; }

  private:
    void add_value(std::string_view keyword, std::string_view value, std::string_view comment);
    void add_long_string(std::string_view keyword, std::string_view value,
                         std::string_view comment);
    void add_commentary(std::string_view keyword, std::string_view text);

    std::string text_;
    bool long_strings_ = false;
};

inline constexpr std::size_t card_length = 80;
inline constexpr std::size_t block_length = 2880;

/// Keyword of a card: its first 8 characters without trailing blanks.
[[nodiscard]] std::string_view keyword_of(std::string_view card);
}  // namespace sectile::io
