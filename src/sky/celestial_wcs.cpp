// SPDX-License-Identifier: BSD-3-Clause
#include "sky/celestial_wcs.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <optional>
#include <string_view>
#include <utility>

#include <wcslib/dis.h>
#include <wcslib/wcs.h>
#include <wcslib/wcsmath.h>

#include "sectile/core/error.hpp"

#include "sky/newton_inverse.hpp"

namespace sectile::sky
{
namespace
{
constexpr double nan = std::numeric_limits<double>::quiet_NaN();

std::optional<double> stated(double value)
{
    return value == UNDEFINED || !std::isfinite(value) ? std::nullopt : std::optional(value);
}

Pair linear(std::array<double, 4> const& m, Pair const& v)
{
    return {m[0] * v[0] + m[1] * v[1], m[2] * v[0] + m[3] * v[1]};
}
}  // namespace

CelestialWcs::CelestialWcs(HeaderCards const& cards, PixelDistortion const& distortion)
{
    CelestialPair pair = read_celestial_pair(cards, distortion);
    wcs_ = std::move(pair.wcs);
    projection_ = std::move(pair.projection);
    set_up();
}

CelestialWcs::CelestialWcs(CelestialWcs const& other)
    : wcs_(copy_of(*other.wcs_)),
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
{}

void CelestialWcs::set_up()
{
    if (wcs_->lng < 0 || wcs_->lat < 0) {
        refuse_wcs("its celestial axes do not belong together");
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
        refuse_wcs("a reference value or the linear matrix is not finite");
    }
    if (!(std::fabs(determinant) > 0.0) || !std::isfinite(1.0 / determinant) ||
        distorted_scale_[0] == 0.0 || distorted_scale_[1] == 0.0) {
        refuse_wcs("its linear matrix is singular");
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
