// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <limits>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "sectile/sky/sky_wcs.hpp"

namespace sectile::app
{
/// The text of a value cannot be used; what() says why, as "it must be …", without naming the
/// option.
struct BadValue : std::runtime_error
{
    using std::runtime_error::runtime_error;
};

/// Values an option takes; both ends belong to it unless `above_low`.
struct Range
{
    double low = -std::numeric_limits<double>::infinity();
    double high = std::numeric_limits<double>::infinity();
    bool above_low = false;  ///< `low` itself is not allowed
};

/// Throws BadValue unless `value` lies in the range.
void check_range(double value, Range const& range);

/// Text to value and back; parsers throw BadValue, formats are read back to the same value.
/// Independent of the locale, finite numbers only, blanks around a value do not count.
[[nodiscard]] double parse_real(std::string const& text);
[[nodiscard]] std::int64_t parse_integer(std::string const& text);
[[nodiscard]] std::uint64_t parse_count(std::string const& text);
[[nodiscard]] bool parse_switch(std::string const& text);
/// Bytes with an optional suffix KiB MiB GiB TiB (powers of 1024) or KB MB GB TB (powers of 1000).
[[nodiscard]] std::int64_t parse_bytes(std::string const& text);
/// "low,high"
[[nodiscard]] std::pair<double, double> parse_real_pair(std::string const& text);
/// "RA,DEC" in degrees, or sexagesimal "hh:mm:ss,±dd:mm:ss".
[[nodiscard]] sky::SkyCoord parse_position(std::string const& text);

[[nodiscard]] std::string format_real(double value);
/// Degrees or arcseconds of an angle with 15 digits: what came from a text of at most 15 digits
/// comes back as that text.
[[nodiscard]] std::string format_angle(double value);
[[nodiscard]] std::string format_switch(bool value);
[[nodiscard]] std::string format_bytes(std::int64_t bytes);

/// "a, b, c"
[[nodiscard]] std::string joined(std::vector<std::string> const& words);
[[nodiscard]] std::string trimmed(std::string const& text);

/// Throws the BadValue for a word that is not among `choices`: says what this version offers, and
/// whether the word is one of `later`.
[[noreturn]] void reject_choice(std::string const& word, std::vector<std::string> const& choices,
                                std::vector<std::string> const& later);
}  // namespace sectile::app
