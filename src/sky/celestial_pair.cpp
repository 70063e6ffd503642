// SPDX-License-Identifier: BSD-3-Clause
#include "sky/celestial_pair.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <cmath>
#include <mutex>
#include <string_view>
#include <utility>
#include <vector>

#include <wcslib/wcs.h>
#include <wcslib/wcsfix.h>
#include <wcslib/wcshdr.h>

#include "sectile/core/error.hpp"

#include "sky/header_cards.hpp"
#include "sky/pixel_distortion.hpp"

namespace sectile::sky
{
namespace
{
constexpr int max_axes = 9;  ///< of a header that is looked at card by card

/// WCSLIB's parsers and its set-up of units keep static state.
std::mutex& wcslib_lock()
{
    static std::mutex lock;
    return lock;
}

std::string lower_first(std::string text)
{
    while (!text.empty() && (text.back() == '.' || text.back() == '\n')) {
        text.pop_back();
    }
    if (text.size() > 1 && std::islower(static_cast<unsigned char>(text[1]))) {
        text[0] = static_cast<char>(std::tolower(static_cast<unsigned char>(text[0])));
    }
    return text;
}

OwnedWcs empty_wcs()
{
    OwnedWcs wcs(new wcsprm());
    wcs->flag = -1;
    return wcs;
}

/// What wcspih returns, freed at the end of the scope.
struct ParsedHeader
{
    int count = 0;
    wcsprm* all = nullptr;

    explicit ParsedHeader(std::string& cards)
    {
        int rejected = 0;
        int const status = wcspih(cards.data(), static_cast<int>(cards.size() / 80), WCSHDR_all, 0,
                                  &rejected, &count, &all);
        if (status != 0) {
            refuse_wcs("WCSLIB cannot parse it");
        }
    }
    ~ParsedHeader() { wcsvfree(&count, &all); }
    ParsedHeader(ParsedHeader const&) = delete;
    ParsedHeader& operator=(ParsedHeader const&) = delete;
};

enum class AxisKind
{
    other,
    longitude,
    latitude
};

/// Kind of an axis from its CTYPE: RA, DEC, xLON, xLAT, xyLN, xyLT followed by a projection code.
AxisKind kind_of(std::string_view ctype)
{
    std::string_view const name = ctype.substr(0, ctype.find_first_of("- "));
    if (name == "RA" || (name.size() == 4 && (name.ends_with("LON") || name.ends_with("LN")))) {
        return AxisKind::longitude;
    }
    if (name == "DEC" || (name.size() == 4 && (name.ends_with("LAT") || name.ends_with("LT")))) {
        return AxisKind::latitude;
    }
    return AxisKind::other;
}

/// The three letters after the name of the axis; empty for a linear axis.
std::string projection_code(std::string_view ctype)
{
    return ctype.size() >= 8 && ctype[4] == '-' ? std::string(ctype.substr(5, 3)) : std::string();
}

/// Refuses what WCSLIB would pass over in silence: it leaves out a card whose value is no number
/// and takes the default of the standard, which puts the image at longitude 0 or gives it a pixel
/// of a degree; and it needs the tables of -TAB axes to parse anything.
void check_cards(HeaderCards const& cards)
{
    // WCSLIB allocates the square of the number of axes before it looks any further.
    constexpr double most_axes = 99;
    for (std::string const& name : cards.names()) {
        if ((name == "NAXIS" || name.starts_with("WCSAXES")) &&
            cards.number(name).value_or(0.0) > most_axes) {
            refuse_wcs(name + " is beyond what FITS allows");
        }
    }
    for (int axis = 1; axis <= max_axes; ++axis) {
        std::string const number = std::to_string(axis);
        std::string const ctype = cards.text("CTYPE" + number).value_or("");
        if (kind_of(ctype) == AxisKind::other) {
            continue;
        }
        if (projection_code(ctype) == "TAB") {
            refuse_wcs("its celestial coordinates are given by a table, -TAB");
        }
        if (!cards.has("CRVAL" + number)) {
            refuse_wcs("CRVAL" + number + " is missing");
        }
        std::vector<std::string> numeric{"CRVAL" + number, "CRPIX" + number, "CDELT" + number,
                                         "CROTA" + number};
        for (int other = 1; other <= max_axes; ++other) {
            std::string const pair = number + "_" + std::to_string(other);
            numeric.insert(numeric.end(), {"CD" + pair, "PC" + pair});
        }
        for (std::string const& name : numeric) {
            if (cards.has(name) && !cards.number(name)) {
                refuse_wcs(name + " is not a number");
            }
        }
    }
}

struct CelestialAxes
{
    int longitude = -1;
    int latitude = -1;
};

CelestialAxes find_axes(wcsprm const& wcs)
{
    CelestialAxes axes;
    for (int i = 0; i < wcs.naxis; ++i) {
        AxisKind const kind = kind_of(wcs.ctype[i]);
        if (kind == AxisKind::longitude && axes.longitude < 0) {
            axes.longitude = i;
        } else if (kind == AxisKind::latitude && axes.latitude < 0) {
            axes.latitude = i;
        }
    }
    if (axes.longitude < 0 || axes.latitude < 0) {
        refuse_wcs("its CTYPE cards name no pair of celestial axes");
    }
    std::string const code = projection_code(wcs.ctype[axes.longitude]);
    if (code.empty()) {
        refuse_wcs("its celestial axes are linear, without a projection");
    }
    if (code == "TAB" || projection_code(wcs.ctype[axes.latitude]) == "TAB") {
        refuse_wcs("its celestial coordinates are given by a table, -TAB");
    }
    return axes;
}

/// The celestial pair of `wcs` alone, in the order in which the axes stand in the header.
OwnedWcs axes_alone(wcsprm const& wcs, CelestialAxes const& axes)
{
    OwnedWcs pair = empty_wcs();
    int count = 2;
    std::array<int, 2> kept{std::min(axes.longitude, axes.latitude) + 1,
                            std::max(axes.longitude, axes.latitude) + 1};
    int const status = wcssub(1, &wcs, &count, kept.data(), pair.get());
    if (status != 0 || pair->naxis != 2) {
        refuse_wcs("its celestial axes cannot be separated from the others");
    }
    return pair;
}

bool is_tangent(wcsprm const& wcs, int axis)
{
    return projection_code(wcs.ctype[axis]) == "TAN";
}

/// TAN knows PV terms only on the longitude axis and only up to 4. More of them are the polynomial
/// of SCAMP before TPV had its name; with SIP they are a second form of the same distortion and are
/// dropped, as astropy does.
void settle_tangent_polynomial(wcsprm& wcs, CelestialAxes const& axes, bool has_sip)
{
    if (!is_tangent(wcs, axes.longitude) || !is_tangent(wcs, axes.latitude)) {
        return;
    }
    bool polynomial = false;
    for (int k = 0; k < wcs.npv; ++k) {
        polynomial = polynomial || wcs.pv[k].m > 4 || wcs.pv[k].i == axes.latitude + 1;
    }
    if (!polynomial) {
        return;
    }
    if (has_sip) {
        wcs.npv = 0;
        return;
    }
    std::copy_n("TPV", 3, wcs.ctype[axes.longitude] + 5);
    std::copy_n("TPV", 3, wcs.ctype[axes.latitude] + 5);
}

/// SIP is evaluated before WCSLIB; the name of it would only make WCSLIB look for its cards.
void drop_sip_suffix(wcsprm& wcs, int axis)
{
    char* const ctype = wcs.ctype[axis];
    if (std::string_view(ctype).substr(0, 12).ends_with("-SIP")) {
        std::fill(ctype + 8, ctype + 12, '\0');
    }
}

/// Refuses a singular matrix before WCSLIB meets it: wcsfix would replace an empty row and column
/// of a CD matrix by a pixel of one degree, and linset leaks what it allocated.
void check_matrix(wcsprm const& wcs)
{
    constexpr int has_cd = 2;
    bool const by_cd = (wcs.altlin & has_cd) != 0;
    double const* const m = by_cd ? wcs.cd : wcs.pc;
    double const scale = by_cd ? 1.0 : wcs.cdelt[0] * wcs.cdelt[1];
    if (!(std::fabs((m[0] * m[3] - m[1] * m[2]) * scale) > 0.0)) {
        refuse_wcs("its linear matrix is singular");
    }
}

void set_or_refuse(wcsprm& wcs)
{
    int const status = wcsset(&wcs);
    if (status == 0) {
        return;
    }
    std::string const why = status < 14 ? lower_first(wcs_errmsg[status]) : "WCSLIB refuses it";
    refuse_wcs(why);
}

}  // namespace

void ReleaseWcs::operator()(wcsprm* wcs) const
{
    wcsfree(wcs);
    delete wcs;
}

void refuse_wcs(std::string const& why)
{
    throw core::InputError(core::sentence("the header holds no usable celestial WCS", why,
                                          "solve the frame or give a .wcs file"));
}

CelestialPair read_celestial_pair(HeaderCards const& cards, PixelDistortion const& distortion)
{
    check_cards(cards);
    std::lock_guard const guard(wcslib_lock());
    std::string text =
        cards.without([&distortion](std::string_view name) { return distortion.handles(name); });
    ParsedHeader const parsed(text);
    wcsprm const* primary = nullptr;
    for (int i = 0; i < parsed.count && primary == nullptr; ++i) {
        if (parsed.all[i].alt[0] == ' ' || parsed.all[i].alt[0] == '\0') {
            primary = parsed.all + i;
        }
    }
    if (primary == nullptr) {
        refuse_wcs("it has no primary WCS");
    }
    OwnedWcs wcs = axes_alone(*primary, find_axes(*primary));
    CelestialAxes const axes = find_axes(*wcs);
    drop_sip_suffix(*wcs, 0);
    drop_sip_suffix(*wcs, 1);
    settle_tangent_polynomial(*wcs, axes, distortion.has_sip());
    std::string projection = projection_code(wcs->ctype[axes.longitude]);

    check_matrix(*wcs);
    // Repairs of dates, units and old AIPS names; what cannot be repaired shows in wcsset.
    std::array<int, NWCSFIX> outcome{};
    wcsfix(7, nullptr, wcs.get(), outcome.data());
    set_or_refuse(*wcs);
    return {std::move(wcs), std::move(projection)};
}

OwnedWcs copy_of(wcsprm const& wcs)
{
    OwnedWcs copy = empty_wcs();
    std::lock_guard const guard(wcslib_lock());
    if (wcssub(1, &wcs, nullptr, nullptr, copy.get()) != 0) {
        throw core::InternalError("WCSLIB cannot copy a WCS");
    }
    set_or_refuse(*copy);
    return copy;
}
}  // namespace sectile::sky
