// SPDX-License-Identifier: BSD-3-Clause
#include "io/wcs_cards.hpp"

#include <algorithm>
#include <array>
#include <filesystem>
#include <string_view>
#include <utility>

#include "sectile/io/wcs_file.hpp"

#include "io/fits_cards.hpp"

namespace sectile::io
{
namespace
{
namespace fs = std::filesystem;

bool is_longitude(std::string_view type)
{
    return type.starts_with("RA--") || (type.size() > 4 && type[4] == '-' &&
                                        (type.substr(1, 3) == "LON" || type.substr(2, 2) == "LN"));
}

bool is_latitude(std::string_view type)
{
    return type.starts_with("DEC-") || (type.size() > 4 && type[4] == '-' &&
                                        (type.substr(1, 3) == "LAT" || type.substr(2, 2) == "LT"));
}

bool is_number(std::string_view text)
{
    return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

/// "3_12"
bool is_index_pair(std::string_view text)
{
    std::size_t const middle = text.find('_');
    return middle != std::string_view::npos && is_number(text.substr(0, middle)) &&
           is_number(text.substr(middle + 1));
}

bool is_wcs_keyword(std::string_view keyword)
{
    static constexpr std::array<std::string_view, 22> whole = {
        "WCSAXES",  "WCSNAME", "LONPOLE", "LATPOLE", "RADESYS",  "RADECSYS", "EQUINOX",  "EPOCH",
        "DATE-OBS", "MJD-OBS", "A_ORDER", "B_ORDER", "AP_ORDER", "BP_ORDER", "AXISCORR", "VELREF",
        "RESTFRQ",  "RESTWAV", "SPECSYS", "PLATEID", "XPIXELSZ", "YPIXELSZ"};
    static constexpr std::array<std::string_view, 23> numbered = {
        "CD",      "PC",      "PROJP", "CTYPE", "CRVAL", "CRPIX", "CDELT", "CROTA",
        "CUNIT",   "CPDIS",   "CQDIS", "CPERR", "CQERR", "DP",    "DQ",    "D2IM",
        "D2IMDIS", "D2IMERR", "AMDX",  "AMDY",  "PPO",   "CRDER", "CSYER"};
    static constexpr std::array<std::string_view, 9> paired = {"CD", "PC",  "PV",  "PS", "A_",
                                                               "B_", "AP_", "BP_", "WAT"};
    static constexpr std::array<std::string_view, 3> begins = {"PLT", "OBJCT", "CNPIX"};
    auto const begins_with = [&](std::string_view start) { return keyword.starts_with(start); };
    if (std::find(whole.begin(), whole.end(), keyword) != whole.end() ||
        std::any_of(begins.begin(), begins.end(), begins_with)) {
        return true;
    }
    return std::any_of(numbered.begin(), numbered.end(),
                       [&](std::string_view start) {
                           return begins_with(start) && is_number(keyword.substr(start.size()));
                       }) ||
           std::any_of(paired.begin(), paired.end(), [&](std::string_view start) {
               return begins_with(start) && is_index_pair(keyword.substr(start.size()));
           });
}

/// The comment begins at the first slash outside a string. Nobody reads those of a WCS, and every
/// frame would hold them.
std::string without_comment(std::string card)
{
    constexpr std::size_t value_field = 9;
    bool is_in_string = false;
    for (std::size_t i = value_field; i < card.size() && card[value_field - 1] == '='; ++i) {
        is_in_string = is_in_string != (card[i] == '\'');
        if (card[i] == '/' && !is_in_string) {
            std::fill(card.begin() + static_cast<std::ptrdiff_t>(i), card.end(), ' ');
        }
    }
    return card;
}

fs::path find_sidecar(std::string const& fits_path)
{
    fs::path stem(fits_path);
    std::string const last = upper_case(stem.extension().string());
    if (last == ".GZ" || last == ".FZ") {
        stem.replace_extension();
    }
    for (char const* extension : {".wcs", ".WCS"}) {
        fs::path candidate = stem;
        candidate.replace_extension(extension);
        std::error_code error;
        if (fs::is_regular_file(candidate, error)) {
            return candidate;
        }
    }
    return {};
}
}  // namespace

bool has_celestial_wcs(HeaderCards const& header)
{
    bool longitude = false;
    bool latitude = false;
    for (char const* keyword : {"CTYPE1", "CTYPE2", "CTYPE3", "CTYPE4"}) {
        std::string const type = upper_case(header.text({keyword}).value_or(""));
        longitude = longitude || is_longitude(type);
        latitude = latitude || is_latitude(type);
    }
    bool const is_plate_scan = header.has("AMDX1") && header.has("AMDY1") && header.has("PPO3");
    return (longitude && latitude) || is_plate_scan;
}

std::string select_wcs_cards(HeaderCards const& header, std::vector<std::int64_t> const& axes)
{
    HeaderText selected;
    selected.add("NAXIS", static_cast<std::int64_t>(axes.size()), "");
    for (std::size_t i = 0; i < axes.size(); ++i) {
        selected.add("NAXIS" + std::to_string(i + 1), axes[i], "");
    }
    bool continues = false;
    for (std::string const& card : header.cards()) {
        std::string_view const keyword = keyword_of(card);
        continues = keyword == "CONTINUE" ? continues : is_wcs_keyword(keyword);
        if (continues) {
            selected.add_raw(without_comment(card));
        }
    }
    return selected.text();
}

Sidecar read_sidecar(std::string const& fits_path, sky::FrameGeometry const& geometry)
{
    Sidecar sidecar;
    fs::path const path = find_sidecar(fits_path);
    if (path.empty()) {
        return sidecar;
    }
    sidecar.path = path.string();
    // A frame whose planes are its last axis was solved as another image than its own.
    WcsFile file =
        read_wcs_file(sidecar.path, geometry.width, geometry.height,
                      geometry.planes_last ? StatedSize::ignored : StatedSize::must_agree);
    sidecar.cards = std::move(file.wcs.cards);
    sidecar.reason = std::move(file.reason);
    return sidecar;
}
}  // namespace sectile::io
