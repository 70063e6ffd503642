// SPDX-License-Identifier: BSD-3-Clause
#include "measure/profile_fit.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>

namespace sectile::measure
{
namespace
{
constexpr std::size_t unknowns = 6;
using Coefficients = std::array<double, unknowns>;  ///< of 1, x, y, x^2, xy, y^2
using Matrix = std::array<Coefficients, unknowns>;

struct Equations
{
    Matrix normal{};
    Coefficients right{};
    double squares = 0.0;  ///< of the residuals
    int pixels = 0;
};

/// By Gauss elimination with the pivots of a positive definite matrix; false when it is not.
bool solve(Matrix a, Coefficients b, Coefficients& x)
{
    for (std::size_t k = 0; k < unknowns; ++k) {
        if (!(a[k][k] > 0.0)) {
            return false;
        }
        for (std::size_t i = k + 1; i < unknowns; ++i) {
            double const factor = a[i][k] / a[k][k];
            for (std::size_t j = k; j < unknowns; ++j) {
                a[i][j] -= factor * a[k][j];
            }
            b[i] -= factor * b[k];
        }
    }
    for (std::size_t k = unknowns; k-- > 0;) {
        double sum = b[k];
        for (std::size_t j = k + 1; j < unknowns; ++j) {
            sum -= a[k][j] * x[j];
        }
        x[k] = sum / a[k][k];
    }
    return true;
}

/// log of the profile at q, and minus its derivative over the profile.
struct Profile
{
    double value;
    double slope;
};
Profile profile_at(double q, double beta)
{
    if (beta == gaussian) {
        double const value = std::exp(-std::max(q, -3.0));
        return {value, -value};
    }
    double const base = std::max(1.0 + q / beta, 0.2);
    double const value = std::exp(-beta * std::log(base));
    return {value, -value / base};
}

/// Pixels of the circle, positions from its centre in units of its radius, values over `scale`.
struct Circle
{
    WorkingPlane const& plane;
    double x, y, radius, scale;

    template <class Function>
    void for_each(Function const& function) const
    {
        int const x0 = std::max(0, static_cast<int>(std::ceil(x - radius)));
        int const x1 = std::min(plane.width() - 1, static_cast<int>(std::floor(x + radius)));
        int const y0 = std::max(0, static_cast<int>(std::ceil(y - radius)));
        int const y1 = std::min(plane.height() - 1, static_cast<int>(std::floor(y + radius)));
        for (int iy = y0; iy <= y1; ++iy) {
            for (int ix = x0; ix <= x1; ++ix) {
                double const dx = (ix - x) / radius;
                double const dy = (iy - y) / radius;
                if (dx * dx + dy * dy <= 1.0 && plane.mark(iy)[ix] != masked) {
                    function(dx, dy, plane.row(iy)[ix] / scale);
                }
            }
        }
    }
};

Equations equations_at(Circle const& circle, Coefficients const& c, double beta)
{
    Equations e;
    circle.for_each([&](double dx, double dy, double value) {
        Coefficients const basis{1.0, dx, dy, dx * dx, dx * dy, dy * dy};
        double q = 0.0;
        for (std::size_t i = 0; i < unknowns; ++i) {
            q += c[i] * basis[i];
        }
        Profile const p = profile_at(q, beta);
        double const residual = value - p.value;
        for (std::size_t i = 0; i < unknowns; ++i) {
            double const gi = p.slope * basis[i];
            e.right[i] += gi * residual;
            for (std::size_t j = i; j < unknowns; ++j) {
                e.normal[i][j] += gi * p.slope * basis[j];
            }
        }
        e.squares += residual * residual;
        ++e.pixels;
    });
    for (std::size_t i = 0; i < unknowns; ++i) {
        for (std::size_t j = 0; j < i; ++j) {
            e.normal[i][j] = e.normal[j][i];
        }
    }
    return e;
}

/// q at half the peak, above q at the peak.
double half_peak(double q_peak, double beta)
{
    return beta == gaussian ? std::log(2.0) : (beta + q_peak) * (std::exp2(1.0 / beta) - 1.0);
}

ProfileFit shape_of(Circle const& circle, Coefficients const& c, double beta)
{
    ProfileFit fit;
    double const mean = 0.5 * (c[3] + c[5]);
    double const half_difference = 0.5 * (c[3] - c[5]);
    double const root = std::hypot(half_difference, 0.5 * c[4]);
    double const small = mean - root;
    double const large = mean + root;
    double const determinant = c[3] * c[5] - 0.25 * c[4] * c[4];
    if (!(small > 0.0) || !(determinant > 0.0)) {
        return fit;
    }
    double const dx = (-0.5 * c[1] * c[5] + 0.25 * c[2] * c[4]) / determinant;
    double const dy = (-0.5 * c[2] * c[3] + 0.25 * c[1] * c[4]) / determinant;
    double const q_peak = c[0] + 0.5 * (c[1] * dx + c[2] * dy);
    double const q_half = half_peak(q_peak, beta);
    if (!(q_half > 0.0) || !(dx * dx + dy * dy < 0.5)) {
        return fit;
    }
    fit.x = circle.x + dx * circle.radius;
    fit.y = circle.y + dy * circle.radius;
    fit.peak = profile_at(q_peak, beta).value * circle.scale;
    fit.fwhm = 2.0 * circle.radius * std::sqrt(q_half / std::sqrt(small * large));
    fit.ellipticity = 1.0 - std::sqrt(small / large);
    // The major axis is where q rises slowly.
    fit.theta = 0.5 * std::atan2(-c[4], -(c[3] - c[5]));
    fit.good = std::isfinite(fit.fwhm) && std::isfinite(fit.peak);
    return fit;
}
}  // namespace

ProfileFit fit_profile(WorkingPlane const& plane, double x, double y, double peak, double fwhm,
                       double radius, double beta)
{
    Circle const circle{plane, x, y, radius, peak};
    double const half = 0.5 * fwhm / radius;
    double const curvature = half_peak(0.0, beta) / (half * half);
    Coefficients c{0.0, 0.0, 0.0, curvature, 0.0, curvature};
    Equations now = equations_at(circle, c, beta);
    constexpr int most_steps = 20;
    constexpr double enough = 1e-4;  // of the squares: a fraction of the FWHM's error
    double damping = 1e-3;
    bool converged = false;
    for (int step = 0; step < most_steps && !converged; ++step) {
        Matrix damped = now.normal;
        for (std::size_t i = 0; i < unknowns; ++i) {
            damped[i][i] *= 1.0 + damping;
        }
        Coefficients change{};
        if (now.pixels < 9 || !solve(damped, now.right, change)) {
            return {};
        }
        Coefficients next = c;
        for (std::size_t i = 0; i < unknowns; ++i) {
            next[i] += change[i];
        }
        Equations const then = equations_at(circle, next, beta);
        if (then.squares <= now.squares) {
            converged = now.squares - then.squares <= enough * now.squares;
            c = next;
            now = then;
            damping *= 0.1;
        } else {
            damping *= 10.0;
            converged = damping > 1e6;
        }
    }
    ProfileFit fit = shape_of(circle, c, beta);
    fit.good = fit.good && converged;
    if (fit.good) {
        fit.misfit = std::sqrt(now.squares / now.pixels) * peak / fit.peak;
    }
    return fit;
}
}  // namespace sectile::measure
