// SPDX-License-Identifier: BSD-3-Clause
#include "plan/grid_cards.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include "sectile/core/error.hpp"

namespace sectile::plan
{
namespace
{
constexpr std::size_t value_column = 10;  ///< 0-based column where a value begins
constexpr std::size_t fixed_width = 20;   ///< of a number in fixed format

std::string padded(std::string card)
{
    core::require(card.size() <= card_length, "a header card has at most 80 characters");
    card.resize(card_length, ' ');
    return card;
}

std::string keyword_field(std::string_view keyword)
{
    core::require(keyword.size() <= 8, "a header keyword has at most 8 characters");
    std::string field(keyword);
    field.resize(8, ' ');
    return field + "= ";
}

/// A thousandth of a nano-degree is far below any pixel and makes what users wrote in degrees come
/// out as they wrote it.
double tidy_degrees(core::Angle const& angle)
{
    constexpr double steps = 1e12;
    return std::round(angle.degrees() * steps) / steps;
}
}  // namespace

std::string_view trimmed(std::string_view text)
{
    constexpr std::string_view blanks = " \t\r\n";
    std::size_t const first = text.find_first_not_of(blanks);
    if (first == std::string_view::npos) {
        return {};
    }
    return text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

std::string card_number(double value)
{
    core::require(std::isfinite(value), "a header card holds a finite number");
    std::array<char, 40> buffer{};
    auto const [end, error] =
        std::to_chars(buffer.data(), buffer.data() + buffer.size(), value == 0.0 ? 0.0 : value,
                      std::chars_format::general, 15);
    core::require(error == std::errc{}, "a number fits a header card");
    std::string text(buffer.data(), end);
    std::replace(text.begin(), text.end(), 'e', 'E');
    if (text.find('.') == std::string::npos) {
        std::size_t const exponent = text.find('E');
        text.insert(exponent == std::string::npos ? text.size() : exponent, ".0");
    }
    return text;
}

std::string literal_card(std::string_view keyword, std::string_view value)
{
    std::string card = keyword_field(keyword);
    if (value.size() < fixed_width && !value.starts_with('\'')) {
        card.append(fixed_width - value.size(), ' ');
    }
    return padded(card.append(value));
}

std::string number_card(std::string_view keyword, double value)
{
    return literal_card(keyword, card_number(value));
}

std::string integer_card(std::string_view keyword, long value)
{
    return literal_card(keyword, std::to_string(value));
}

std::string text_card(std::string_view keyword, std::string_view text)
{
    std::string quoted = "'";
    for (char const c : text) {
        quoted.append(c == '\'' ? 2 : 1, c);
    }
    // FITS asks for at least eight characters between the quotes.
    quoted.resize(std::max<std::size_t>(quoted.size(), 9), ' ');
    quoted.push_back('\'');
    return padded(keyword_field(keyword).append(quoted, 0, card_length - value_column));
}

bool is_whole_sky_projection(std::string_view projection)
{
    constexpr std::array names{"CAR", "AIT", "MER", "MOL", "SFL", "CEA"};
    return std::find(names.begin(), names.end(), projection) != names.end();
}

std::string cards_of(GridPlacement const& placement)
{
    double const scale = placement.pixel_scale.degrees();
    double const sine = std::sin(placement.position_angle.radians());
    double const cosine = std::cos(placement.position_angle.radians());
    double const handed = placement.mirrored ? 1.0 : -1.0;
    bool const whole_sky = is_whole_sky_projection(placement.projection);
    std::string cards;
    cards += integer_card("WCSAXES", 2);
    cards += text_card("CTYPE1", "RA---" + placement.projection);
    cards += text_card("CTYPE2", "DEC--" + placement.projection);
    cards += text_card("CUNIT1", "deg");
    cards += text_card("CUNIT2", "deg");
    cards += number_card("CRVAL1", tidy_degrees(placement.reference.lon));
    cards += number_card("CRVAL2", tidy_degrees(placement.reference.lat));
    cards += number_card("CRPIX1", placement.crpix_x);
    cards += number_card("CRPIX2", placement.crpix_y);
    cards += number_card("CD1_1", handed * scale * cosine);
    cards += number_card("CD1_2", scale * sine);
    cards += number_card("CD2_1", -handed * scale * sine);
    cards += number_card("CD2_2", scale * cosine);
    cards += number_card("LONPOLE", whole_sky ? 0.0 : 180.0);
    cards += text_card("RADESYS", "ICRS");
    return cards;
}
}  // namespace sectile::plan
