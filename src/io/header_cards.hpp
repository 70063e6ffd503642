// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sectile::io
{
/// A FITS header taken apart. Lenient as headers of small cameras need: any case and padding of
/// strings, numbers in quotes, Fortran exponents (D).
class HeaderCards
{
  public:
    /// 80-character cards without separators, or lines (ASTAP writes such files); stops at END.
    explicit HeaderCards(std::string_view text);

    [[nodiscard]] std::vector<std::string> const& cards() const { return cards_; }
    [[nodiscard]] bool has(std::string_view keyword) const;
    /// Value of the first of the keywords that is there and not empty: the content of a string
    /// (with its continuations) without trailing blanks, else the text before the comment.
    [[nodiscard]] std::optional<std::string> text(
        std::initializer_list<std::string_view> keywords) const;
    /// First of the keywords that is a finite number.
    [[nodiscard]] std::optional<double> number(
        std::initializer_list<std::string_view> keywords) const;
    [[nodiscard]] std::optional<std::int64_t> integer(std::string_view keyword) const;
    /// Values of a keyword that occurs many times (records of distortion parameters).
    [[nodiscard]] std::vector<std::string> all_texts(std::string_view keyword) const;

  private:
    [[nodiscard]] std::string value_of(std::size_t index) const;

    std::vector<std::string> cards_;  ///< without END
};

/// The whole of the text as a finite number; Fortran exponents allowed.
[[nodiscard]] std::optional<double> parse_number(std::string_view text);

[[nodiscard]] std::string trimmed(std::string_view text);
[[nodiscard]] std::string upper_case(std::string_view text);
}  // namespace sectile::io
