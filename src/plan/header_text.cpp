// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <optional>
#include <string_view>
#include <vector>

#include "sectile/core/error.hpp"
#include "sectile/plan/canvas_grid.hpp"

#include "plan/grid_cards.hpp"

namespace sectile::plan
{
namespace
{
/// Keyword and value of one line, comment removed; text values keep their quotes.
struct HeaderEntry
{
    std::string keyword;
    std::string value;
};

[[noreturn]] void refuse(std::string const& why)
{
    throw core::InputError(core::sentence(
        "the reference grid cannot be read", why,
        "give a FITS image, or a text header such as Montage's .hdr or SWarp's .head"));
}

/// Cards without separators, or lines of any length.
std::vector<std::string_view> lines_of(std::string_view text)
{
    std::vector<std::string_view> lines;
    bool const has_lines =
        text.find('\n') != std::string_view::npos || (text.find('\r') != std::string_view::npos);
    while (!text.empty()) {
        std::size_t const end = has_lines ? text.find_first_of("\r\n") : card_length;
        lines.push_back(text.substr(0, end));
        text.remove_prefix(std::min(text.size(), has_lines && end != std::string_view::npos
                                                     ? end + 1
                                                     : std::min(end, text.size())));
    }
    return lines;
}

/// The value in front of the comment, if it is well formed.
std::optional<std::string> value_in(std::string_view field)
{
    field = trimmed(field);
    if (field.empty()) {
        return std::nullopt;
    }
    if (field.front() != '\'') {
        return std::string(trimmed(field.substr(0, field.find('/'))));
    }
    for (std::size_t at = 1; at < field.size(); ++at) {
        if (field[at] != '\'') {
            continue;
        }
        if (at + 1 < field.size() && field[at + 1] == '\'') {
            ++at;
        } else {
            return std::string(field.substr(0, at + 1));
        }
    }
    return std::nullopt;
}

std::vector<HeaderEntry> entries_of(std::string_view text)
{
    std::vector<HeaderEntry> entries;
    for (std::string_view const line : lines_of(text)) {
        if (trimmed(line) == "END") {
            break;
        }
        std::size_t const equals = line.find('=');
        std::string_view const keyword = trimmed(line.substr(0, equals));
        bool const is_entry = equals != std::string_view::npos && !keyword.empty() &&
                              keyword.size() <= 8 && keyword.find(' ') == std::string_view::npos;
        if (!is_entry || keyword == "COMMENT" || keyword == "HISTORY") {
            continue;
        }
        if (auto value = value_in(line.substr(equals + 1))) {
            entries.push_back({std::string(keyword), std::move(*value)});
        }
    }
    return entries;
}

/// "CRVAL" + "1" and the like: a name with its axis, 1 or 2.
bool is_axis_keyword(std::string_view keyword)
{
    constexpr std::array names{"CTYPE", "CUNIT", "CRVAL", "CRPIX", "CDELT", "CROTA"};
    return keyword.size() == 6 && (keyword.back() == '1' || keyword.back() == '2') &&
           std::find(names.begin(), names.end(), keyword.substr(0, 5)) != names.end();
}

bool is_matrix_keyword(std::string_view keyword)
{
    constexpr std::array names{"CD1_1", "CD1_2", "CD2_1",    "CD2_2",    "PC1_1",    "PC1_2",
                               "PC2_1", "PC2_2", "PC001001", "PC001002", "PC002001", "PC002002"};
    return std::find(names.begin(), names.end(), keyword) != names.end();
}

/// Celestial keywords of the first two axes; everything else in a reference header (history,
/// structure, other axes, observation) must not reach the product.
bool is_grid_keyword(std::string_view keyword)
{
    constexpr std::array names{"LONPOLE", "LATPOLE", "RADESYS", "RADECSYS", "EQUINOX", "EPOCH"};
    constexpr std::array prefixes{"PV1_", "PV2_", "PS1_", "PS2_", "A_", "B_", "AP_", "BP_"};
    return is_axis_keyword(keyword) || is_matrix_keyword(keyword) ||
           std::find(names.begin(), names.end(), keyword) != names.end() ||
           std::any_of(prefixes.begin(), prefixes.end(),
                       [&](std::string_view prefix) { return keyword.starts_with(prefix); });
}

std::int64_t size_from(std::vector<HeaderEntry> const& entries, std::string_view keyword)
{
    auto const found = std::find_if(entries.begin(), entries.end(), [&](HeaderEntry const& entry) {
        return entry.keyword == keyword;
    });
    if (found == entries.end()) {
        refuse("it has no " + std::string(keyword));
    }
    std::int64_t size = 0;
    char const* const end = found->value.data() + found->value.size();
    auto const [stop, error] = std::from_chars(found->value.data(), end, size);
    // Some programs write sizes as "512." or "512.0".
    bool const whole = stop == end || std::string_view(stop, end).find_first_not_of(".0") ==
                                          std::string_view::npos;
    if (error != std::errc{} || !whole || size < 1) {
        refuse(std::string(keyword) + " is " + found->value);
    }
    return size;
}
}  // namespace

CanvasGrid grid_from_header_text(std::string const& text)
{
    std::vector<HeaderEntry> const entries = entries_of(text);
    bool const is_header =
        std::any_of(entries.begin(), entries.end(),
                    [](HeaderEntry const& entry) { return entry.keyword == "CTYPE1"; });
    if (!is_header) {
        refuse("it is no header with a celestial coordinate system");
    }
    CanvasGrid grid;
    grid.wcs.width = size_from(entries, "NAXIS1");
    grid.wcs.height = size_from(entries, "NAXIS2");
    std::string cards = integer_card("WCSAXES", 2);
    for (HeaderEntry const& entry : entries) {
        if (entry.keyword.starts_with("CPDIS") || entry.keyword.starts_with("D2IMDIS")) {
            refuse("its distortion is kept in look-up tables");
        }
        if (is_grid_keyword(entry.keyword)) {
            cards += literal_card(entry.keyword, entry.value);
        }
    }
    grid.wcs.cards = cards;
    sky::SkyWcs const wcs(grid.wcs);
    grid.projection = wcs.projection();
    grid.pixel_scale = wcs.pixel_scale();
    grid.center = wcs.pixel_to_sky(sky::PixelPos{0.5 * static_cast<double>(grid.wcs.width - 1),
                                                 0.5 * static_cast<double>(grid.wcs.height - 1)});
    if (!(grid.pixel_scale.radians() > 0.0) || !std::isfinite(grid.pixel_scale.radians())) {
        refuse("its pixels have no size");
    }
    return grid;
}
}  // namespace sectile::plan
