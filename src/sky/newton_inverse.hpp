// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cmath>
#include <limits>

#include "sky/pair.hpp"

namespace sectile::sky
{
/// Solves forward(p) = target for two coordinates by Newton's method, with the derivatives taken by
/// central differences of length `step`; stops when both residuals are below `tolerance` (or the
/// rounding of a far-off target, whichever is larger). Distortions
/// are close to the identity, so that `target` itself is the start. The step is halved up to a few
/// times while it makes the residual worse. NaN when there is no convergence. Depends on `target`
/// alone, so that equal positions have equal inverses wherever they are asked for.
template <class Forward>
Pair newton_inverse(Forward const& forward, Pair const& target, double step, double tolerance)
{
    constexpr int max_iterations = 40;
    constexpr int max_halvings = 6;
    double const nan = std::numeric_limits<double>::quiet_NaN();
    auto const residual_at = [&](Pair const& p) {
        Pair const f = forward(p);
        return Pair{f[0] - target[0], f[1] - target[1]};
    };
    auto const size_of = [](Pair const& r) { return std::fmax(std::fabs(r[0]), std::fabs(r[1])); };
    double const rounding = 1e-13 * size_of(target);
    double const close = std::fmax(tolerance, rounding);
    Pair p = target;
    Pair r = residual_at(p);
    for (int iteration = 0; iteration < max_iterations; ++iteration) {
        double const size = std::fabs(r[0]) + std::fabs(r[1]);
        if (!std::isfinite(size)) {
            return {nan, nan};
        }
        if (size_of(r) < close) {
            return p;
        }
        Pair const right = forward({p[0] + step, p[1]});
        Pair const left = forward({p[0] - step, p[1]});
        Pair const above = forward({p[0], p[1] + step});
        Pair const below = forward({p[0], p[1] - step});
        double const half = 0.5 / step;
        double const xx = (right[0] - left[0]) * half;
        double const yx = (right[1] - left[1]) * half;
        double const xy = (above[0] - below[0]) * half;
        double const yy = (above[1] - below[1]) * half;
        double const det = xx * yy - xy * yx;
        Pair const change{(yy * r[0] - xy * r[1]) / det, (xx * r[1] - yx * r[0]) / det};
        double part = 1.0;
        Pair next = {p[0] - change[0], p[1] - change[1]};
        Pair next_r = residual_at(next);
        for (int k = 0; k < max_halvings && !(size_of(next_r) < size_of(r)); ++k) {
            part *= 0.5;
            next = {p[0] - part * change[0], p[1] - part * change[1]};
            next_r = residual_at(next);
        }
        p = next;
        r = next_r;
    }
    return {nan, nan};
}
}  // namespace sectile::sky
