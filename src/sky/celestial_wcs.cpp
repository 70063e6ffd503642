// SPDX-License-Identifier: BSD-3-Clause
#include "sky/celestial_wcs.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <mutex>
#include <string_view>

#include <wcslib/dis.h>
#include <wcslib/wcs.h>
#include <wcslib/wcsfix.h>
#include <wcslib/wcshdr.h>
#include <wcslib/wcsmath.h>

#include "sectile/core/error.hpp"

#include "sky/header_cards.hpp"
#include "sky/newton_inverse.hpp"

namespace sectile::sky
{
namespace
{
constexpr double nan = std::numeric_limits<double>::quiet_NaN();

/// WCSLIB's parsers and its set-up of units keep static state.
std::mutex& wcslib_lock()
{
    static std::mutex lock;
    return lock;
}

[[noreturn]] void refuse(std::string const& why)
{
    throw core::InputError(core::sentence("the header holds no usable celestial WCS", why,
                                          "solve the frame or give a .wcs file"));
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

constexpr int max_axes = 9;  ///< of a header that is looked at card by card

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
            refuse("WCSLIB cannot parse it");
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
            refuse(name + " is beyond what FITS allows");
        }
    }
    for (int axis = 1; axis <= max_axes; ++axis) {
        std::string const number = std::to_string(axis);
        std::string const ctype = cards.text("CTYPE" + number).value_or("");
        if (kind_of(ctype) == AxisKind::other) {
            continue;
        }
        if (projection_code(ctype) == "TAB") {
            refuse("its celestial coordinates are given by a table, -TAB");
        }
        if (!cards.has("CRVAL" + number)) {
            refuse("CRVAL" + number + " is missing");
        }
        std::vector<std::string> numeric{"CRVAL" + number, "CRPIX" + number, "CDELT" + number,
                                         "CROTA" + number};
        for (int other = 1; other <= max_axes; ++other) {
            std::string const pair = number + "_" + std::to_string(other);
            numeric.insert(numeric.end(), {"CD" + pair, "PC" + pair});
        }
        for (std::string const& name : numeric) {
            if (cards.has(name) && !cards.number(name)) {
                refuse(name + " is not a number");
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
        refuse("its CTYPE cards name no pair of celestial axes");
    }
    std::string const code = projection_code(wcs.ctype[axes.longitude]);
    if (code.empty()) {
        refuse("its celestial axes are linear, without a projection");
    }
    if (code == "TAB" || projection_code(wcs.ctype[axes.latitude]) == "TAB") {
        refuse("its celestial coordinates are given by a table, -TAB");
    }
    return axes;
}

/// The celestial pair of `wcs` alone, in the order in which the axes stand in the header.
OwnedWcs celestial_pair(wcsprm const& wcs, CelestialAxes const& axes)
{
    OwnedWcs pair = empty_wcs();
    int count = 2;
    std::array<int, 2> kept{std::min(axes.longitude, axes.latitude) + 1,
                            std::max(axes.longitude, axes.latitude) + 1};
    int const status = wcssub(1, &wcs, &count, kept.data(), pair.get());
    if (status != 0 || pair->naxis != 2) {
        refuse("its celestial axes cannot be separated from the others");
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
        refuse("its linear matrix is singular");
    }
}

void set_or_refuse(wcsprm& wcs)
{
    int const status = wcsset(&wcs);
    if (status == 0) {
        return;
    }
    std::string const why = status < 14 ? lower_first(wcs_errmsg[status]) : "WCSLIB refuses it";
    refuse(why);
}

std::optional<double> stated(double value)
{
    return value == UNDEFINED || !std::isfinite(value) ? std::nullopt : std::optional(value);
}

Pair linear(std::array<double, 4> const& m, Pair const& v)
{
    return {m[0] * v[0] + m[1] * v[1], m[2] * v[0] + m[3] * v[1]};
}
}  // namespace

void ReleaseWcs::operator()(wcsprm* wcs) const
{
    wcsfree(wcs);
    delete wcs;
}

CelestialWcs::CelestialWcs(HeaderCards const& cards, PixelDistortion const& distortion)
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
        refuse("it has no primary WCS");
    }
    wcs_ = celestial_pair(*primary, find_axes(*primary));
    CelestialAxes const axes = find_axes(*wcs_);
    drop_sip_suffix(*wcs_, 0);
    drop_sip_suffix(*wcs_, 1);
    settle_tangent_polynomial(*wcs_, axes, distortion.has_sip());
    projection_ = projection_code(wcs_->ctype[axes.longitude]);

    check_matrix(*wcs_);
    // Repairs of dates, units and old AIPS names; what cannot be repaired shows in wcsset.
    std::array<int, NWCSFIX> outcome{};
    wcsfix(7, nullptr, wcs_.get(), outcome.data());
    set_or_refuse(*wcs_);
    set_up();
}

CelestialWcs::CelestialWcs(CelestialWcs const& other)
    : wcs_(empty_wcs()),
      frame_(other.frame_),
      projection_(other.projection_),
      matrix_(other.matrix_),
      inverse_(other.inverse_),
      reference_(other.reference_),
      distorted_scale_(other.distorted_scale_),
      plane_step_(other.plane_step_),
      full_turn_(other.full_turn_),
      turn_centre_(other.turn_centre_),
      lng_(other.lng_)
{
    std::lock_guard const guard(wcslib_lock());
    if (wcssub(1, other.wcs_.get(), nullptr, nullptr, wcs_.get()) != 0) {
        throw core::InternalError("WCSLIB cannot copy a WCS");
    }
    set_or_refuse(*wcs_);
}

void CelestialWcs::set_up()
{
    if (wcs_->lng < 0 || wcs_->lat < 0) {
        refuse("its celestial axes do not belong together");
    }
    lng_ = static_cast<std::size_t>(wcs_->lng);
    std::string_view const ctype = wcs_->ctype[wcs_->lng];
    frame_.longitude_type = ctype.substr(0, ctype.find('-'));
    frame_.radesys = wcs_->radesys;
    frame_.equinox = stated(wcs_->equinox);
    frame_.mjd_obs = stated(wcs_->mjdobs);

    linprm const& lin = wcs_->lin;
    for (std::size_t i = 0; i < 2; ++i) {
        reference_[i] = lin.crpix[i];
        for (std::size_t j = 0; j < 2; ++j) {
            matrix_[2 * i + j] = lin.pc[2 * i + j];
        }
        // As in linset: CDELT acts behind a distortion of the plane, otherwise within the matrix.
        distorted_scale_[i] = lin.cdelt[i];
        if (lin.disseq == nullptr) {
            matrix_[2 * i] *= lin.cdelt[i];
            matrix_[2 * i + 1] *= lin.cdelt[i];
        }
    }
    double const determinant = matrix_[0] * matrix_[3] - matrix_[1] * matrix_[2];
    bool const finite = std::all_of(matrix_.begin(), matrix_.end(),
                                    [](double value) { return std::isfinite(value); }) &&
                        std::isfinite(reference_[0]) && std::isfinite(reference_[1]) &&
                        std::isfinite(wcs_->crval[0]) && std::isfinite(wcs_->crval[1]);
    if (!finite) {
        refuse("a reference value or the linear matrix is not finite");
    }
    if (!(std::fabs(determinant) > 0.0) || !std::isfinite(1.0 / determinant) ||
        distorted_scale_[0] == 0.0 || distorted_scale_[1] == 0.0) {
        refuse("its linear matrix is singular");
    }
    inverse_ = {matrix_[3] / determinant, -matrix_[1] / determinant, -matrix_[2] / determinant,
                matrix_[0] / determinant};
    plane_step_ = std::sqrt(std::fabs(determinant));

    prjprm& projection = wcs_->cel.prj;
    if (projection.category == CYLINDRICAL) {
        double const phi = 90.0;
        double const theta = 0.0;
        double x = 0.0;
        double y = 0.0;
        int status = 0;
        prjs2x(&projection, 1, 1, 1, 1, &phi, &theta, &x, &y, &status);
        turn_centre_ = -projection.x0;
        full_turn_ = std::isfinite(x) ? 4.0 * std::fabs(x - turn_centre_) : 0.0;
    }
}

Pair CelestialWcs::plane_at(Pair const& pixel) const
{
    Pair corrected = pixel;
    if (wcs_->lin.dispre != nullptr) {
        if (disp2x(wcs_->lin.dispre, pixel.data(), corrected.data()) != 0) {
            return {nan, nan};
        }
    }
    Pair plane = linear(matrix_, {corrected[0] - reference_[0], corrected[1] - reference_[1]});
    if (wcs_->lin.disseq != nullptr) {
        Pair const raw = plane;
        if (disp2x(wcs_->lin.disseq, raw.data(), plane.data()) != 0) {
            return {nan, nan};
        }
        plane[0] *= distorted_scale_[0];
        plane[1] *= distorted_scale_[1];
    }
    return plane;
}

/// Inverse of the distortion that acts in the plane (TPV, TNX, ZPX, TPD).
Pair CelestialWcs::undistorted(Pair const& plane) const
{
    if (wcs_->lin.disseq == nullptr) {
        return plane;
    }
    auto const distort = [this](Pair const& raw) {
        Pair out{nan, nan};
        return disp2x(wcs_->lin.disseq, raw.data(), out.data()) == 0 ? out : Pair{nan, nan};
    };
    Pair const distorted{plane[0] / distorted_scale_[0], plane[1] / distorted_scale_[1]};
    return newton_inverse(distort, distorted, plane_step_, 1e-9 * plane_step_);
}

/// WCSLIB refuses native longitudes beyond 180 degrees; in a cylindrical projection they are places
/// like any other.
double CelestialWcs::within_one_turn(double x) const
{
    constexpr double rounding = 1.0 + 1e-12;
    double const off = x - turn_centre_;
    if (full_turn_ == 0.0 || std::fabs(off) <= 0.5 * full_turn_ * rounding) {
        return x;
    }
    return x - full_turn_ * std::round(off / full_turn_);
}

Pair CelestialWcs::pixel_at(Pair const& plane) const
{
    Pair const offset = linear(inverse_, undistorted(plane));
    Pair const pixel{offset[0] + reference_[0], offset[1] + reference_[1]};
    if (wcs_->lin.dispre == nullptr) {
        return pixel;
    }
    auto const distort = [this](Pair const& raw) {
        Pair out{nan, nan};
        return disp2x(wcs_->lin.dispre, raw.data(), out.data()) == 0 ? out : Pair{nan, nan};
    };
    return newton_inverse(distort, pixel, 0.5, 1e-9);
}

namespace
{
constexpr std::size_t block = 128;  ///< positions per call of WCSLIB: scratch stays in L1

/// Scratch of one call of celx2s or cels2x.
struct Block
{
    std::array<double, block> x{}, y{}, phi{}, theta{}, lng{}, lat{};
    std::array<int, block> status{};
};
}  // namespace

void CelestialWcs::to_native(std::span<Pair const> pixels, std::span<Pair> native) const
{
    Block b;
    for (std::size_t begin = 0; begin < pixels.size(); begin += block) {
        std::size_t const count = std::min(block, pixels.size() - begin);
        for (std::size_t i = 0; i < count; ++i) {
            Pair const plane = plane_at(pixels[begin + i]);
            bool const finite = std::isfinite(plane[0]) && std::isfinite(plane[1]);
            b.x[i] = finite ? within_one_turn(plane[lng_]) : 0.0;
            b.y[i] = finite ? plane[1 - lng_] : 0.0;
            native[begin + i] = finite ? Pair{0.0, 0.0} : Pair{nan, nan};
        }
        int const n = static_cast<int>(count);
        int const status = celx2s(&wcs_->cel, n, 0, 1, 1, b.x.data(), b.y.data(), b.phi.data(),
                                  b.theta.data(), b.lng.data(), b.lat.data(), b.status.data());
        // Status 5 (CELERR_BAD_PIX) means that single positions failed; others that nothing is
        // valid.
        for (std::size_t i = 0; i < count; ++i) {
            bool const failed = status != 0 && (status != CELERR_BAD_PIX || b.status[i] != 0);
            if (failed || std::isnan(native[begin + i][0])) {
                native[begin + i] = {nan, nan};
            } else {
                native[begin + i] = {b.lng[i], b.lat[i]};
            }
        }
    }
}

void CelestialWcs::to_pixels(std::span<Pair const> native, Pair const& centre,
                             std::span<Pair> pixels) const
{
    double const middle = full_turn_ > 0.0 ? plane_at(centre)[lng_] : 0.0;
    Block b;
    for (std::size_t begin = 0; begin < native.size(); begin += block) {
        std::size_t const count = std::min(block, native.size() - begin);
        for (std::size_t i = 0; i < count; ++i) {
            Pair const& sky = native[begin + i];
            bool const finite = std::isfinite(sky[0]) && std::isfinite(sky[1]);
            b.lng[i] = finite ? sky[0] : 0.0;
            b.lat[i] = finite ? sky[1] : 0.0;
            pixels[begin + i] = finite ? Pair{0.0, 0.0} : Pair{nan, nan};
        }
        int const n = static_cast<int>(count);
        int const status = cels2x(&wcs_->cel, n, 0, 1, 1, b.lng.data(), b.lat.data(), b.phi.data(),
                                  b.theta.data(), b.x.data(), b.y.data(), b.status.data());
        for (std::size_t i = 0; i < count; ++i) {
            bool const failed = status != 0 && (status != CELERR_BAD_WORLD || b.status[i] != 0);
            if (failed || std::isnan(pixels[begin + i][0])) {
                pixels[begin + i] = {nan, nan};
                continue;
            }
            Pair plane{};
            plane[lng_] = b.x[i];
            plane[1 - lng_] = b.y[i];
            if (full_turn_ > 0.0 && std::isfinite(middle)) {
                plane[lng_] -= full_turn_ * std::round((plane[lng_] - middle) / full_turn_);
            }
            pixels[begin + i] = pixel_at(plane);
        }
    }
}
}  // namespace sectile::sky
