// SPDX-License-Identifier: BSD-3-Clause
#include "app/option_value.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <string_view>

#include "app/suggestion.hpp"

namespace sectile::app
{
namespace
{
/// The whole text as a number of type T, a leading plus sign allowed.
template <class T>
bool read_whole(std::string_view text, T& value)
{
    if (text.size() > 1 && text.front() == '+' && text[1] != '-') {
        text.remove_prefix(1);
    }
    auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    return error == std::errc() && end == text.data() + text.size() && !text.empty();
}

struct ByteUnit
{
    std::string_view name;
    double size;
};
constexpr double kibi = 1024.0;
constexpr std::array<ByteUnit, 9> byte_units{{{"KiB", kibi},
                                              {"MiB", kibi* kibi},
                                              {"GiB", kibi* kibi* kibi},
                                              {"TiB", kibi* kibi* kibi* kibi},
                                              {"KB", 1e3},
                                              {"MB", 1e6},
                                              {"GB", 1e9},
                                              {"TB", 1e12},
                                              {"B", 1.0}}};

/// "12", "12.5" or "12:30:45.6" in units of the first field; the sign holds for all fields.
bool read_sexagesimal(std::string const& text, double& value)
{
    bool const negative = !text.empty() && text.front() == '-';
    std::string_view rest = text;
    if (!rest.empty() && (rest.front() == '-' || rest.front() == '+')) {
        rest.remove_prefix(1);
    }
    value = 0.0;
    double unit = 1.0;
    for (int field = 0; field < 3; ++field) {
        std::size_t const colon = rest.find(':');
        double part = 0.0;
        if (!read_whole(rest.substr(0, colon), part) || !(part >= 0.0) || std::isinf(part) ||
            (field > 0 && part >= 60.0)) {
            return false;
        }
        value += part * unit;
        unit /= 60.0;
        if (colon == std::string_view::npos) {
            value = negative ? -value : value;
            return true;
        }
        rest.remove_prefix(colon + 1);
    }
    return false;
}
}  // namespace

void check_range(double value, Range const& range)
{
    bool const low_ok = range.above_low ? value > range.low : value >= range.low;
    if (low_ok && value <= range.high) {
        return;
    }
    std::string const low = (range.above_low ? "more than " : "") + format_real(range.low);
    if (std::isinf(range.high)) {
        throw BadValue("it must be " + low + (range.above_low ? "" : " or more"));
    }
    if (std::isinf(range.low)) {
        throw BadValue("it must be " + format_real(range.high) + " or less");
    }
    throw BadValue(range.above_low
                       ? "it must be " + low + " and at most " + format_real(range.high)
                       : "it must lie between " + low + " and " + format_real(range.high));
}

double parse_real(std::string const& text)
{
    double value = 0.0;
    if (!read_whole(trimmed(text), value) || !std::isfinite(value)) {
        throw BadValue("it must be a number");
    }
    return value;
}

std::int64_t parse_integer(std::string const& text)
{
    std::int64_t value = 0;
    if (!read_whole(trimmed(text), value)) {
        throw BadValue("it must be a whole number");
    }
    return value;
}

std::uint64_t parse_count(std::string const& text)
{
    std::uint64_t value = 0;
    if (!read_whole(trimmed(text), value)) {
        throw BadValue("it must be a whole number, 0 or more");
    }
    return value;
}

bool parse_switch(std::string const& text)
{
    std::string word = trimmed(text);
    std::transform(word.begin(), word.end(), word.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    if (word == "true" || word == "on" || word == "yes" || word == "1") {
        return true;
    }
    if (word == "false" || word == "off" || word == "no" || word == "0") {
        return false;
    }
    throw BadValue("it must be true or false");
}

std::int64_t parse_bytes(std::string const& text)
{
    std::string const word = trimmed(text);
    std::size_t const digits = word.find_first_not_of("+-0123456789.eE");
    std::string const suffix = digits == std::string::npos ? "" : trimmed(word.substr(digits));
    double factor = 1.0;
    if (!suffix.empty()) {
        auto const unit = std::find_if(byte_units.begin(), byte_units.end(),
                                       [&](ByteUnit const& u) { return u.name == suffix; });
        if (unit == byte_units.end()) {
            throw BadValue(
                "its unit must be KiB, MiB, GiB, TiB (powers of 1024), KB, MB, GB or TB");
        }
        factor = unit->size;
    }
    double value = 0.0;
    if (!read_whole(trimmed(word.substr(0, digits)), value) || !(value >= 0.0)) {
        throw BadValue("it must be a size such as 8GiB or 500MB");
    }
    double const bytes = value * factor;
    if (!(bytes <= 9e18)) {
        throw BadValue("it must be less than 9e18 bytes");
    }
    return static_cast<std::int64_t>(std::llround(bytes));
}

std::pair<double, double> parse_real_pair(std::string const& text)
{
    std::size_t const comma = text.find(',');
    if (comma == std::string::npos) {
        throw BadValue("it must be two numbers with a comma between them");
    }
    return {parse_real(text.substr(0, comma)), parse_real(text.substr(comma + 1))};
}

sky::SkyCoord parse_position(std::string const& text)
{
    char const* const form = "it must be RA,DEC in degrees or hh:mm:ss,+dd:mm:ss";
    std::size_t const comma = text.find(',');
    if (comma == std::string::npos) {
        throw BadValue(form);
    }
    std::string const first = trimmed(text.substr(0, comma));
    double ra = 0.0;
    double dec = 0.0;
    if (!read_sexagesimal(first, ra) || !read_sexagesimal(trimmed(text.substr(comma + 1)), dec)) {
        throw BadValue(form);
    }
    ra *= first.find(':') == std::string::npos ? 1.0 : 15.0;
    if (!(ra >= 0.0 && ra < 360.0) || std::abs(dec) > 90.0) {
        throw BadValue("right ascension must lie in 0 to 360 degrees, declination in -90 to 90");
    }
    return {core::Angle::from_degrees(ra), core::Angle::from_degrees(dec)};
}

std::string format_real(double value)
{
    std::array<char, 40> buffer;
    auto const [end, error] = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value);
    return error == std::errc() ? std::string(buffer.data(), end) : std::to_string(value);
}

std::string format_angle(double value)
{
    std::array<char, 40> buffer;
    auto const [end, error] = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value,
                                            std::chars_format::general, 15);
    return error == std::errc() ? std::string(buffer.data(), end) : std::to_string(value);
}

std::string format_switch(bool value)
{
    return value ? "true" : "false";
}

std::string format_bytes(std::int64_t bytes)
{
    for (int i = 3; i >= 0; --i) {
        ByteUnit const& unit = byte_units[static_cast<std::size_t>(i)];
        auto const size = static_cast<std::int64_t>(unit.size);
        if (bytes >= size && bytes % size == 0) {
            return std::to_string(bytes / size).append(unit.name);
        }
    }
    return std::to_string(bytes);
}

std::string joined(std::vector<std::string> const& words)
{
    std::string text;
    for (std::string const& word : words) {
        text += (text.empty() ? "" : ", ") + word;
    }
    return text;
}

std::string trimmed(std::string const& text)
{
    std::size_t const first = text.find_first_not_of(" \t\r\n");
    if (first == std::string::npos) {
        return {};
    }
    return text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1);
}

void reject_choice(std::string const& word, std::vector<std::string> const& choices,
                   std::vector<std::string> const& later)
{
    std::string const offers = "this version offers " + joined(choices);
    if (std::find(later.begin(), later.end(), word) != later.end()) {
        throw BadValue("it is planned for a later version; " + offers);
    }
    std::string const nearest = nearest_word(word, choices);
    throw BadValue(offers + (nearest.empty() ? "" : "; did you mean " + nearest + "?"));
}
}  // namespace sectile::app
