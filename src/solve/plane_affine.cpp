// SPDX-License-Identifier: BSD-3-Clause
#include <cmath>
#include <limits>

#include "sectile/core/error.hpp"
#include "sectile/solve/star_match.hpp"

namespace sectile::solve
{
PlaneAffine PlaneAffine::inverse() const
{
    double const d = determinant();
    if (!(std::fabs(d) > 0.0) || !std::isfinite(1.0 / d) || !std::isfinite(x0) ||
        !std::isfinite(y0)) {
        throw core::InputError(
            core::sentence("an affine map cannot be inverted", "it is singular"));
    }
    PlaneAffine back{yy / d, -xy / d, 0.0, -yx / d, xx / d, 0.0};
    back.x0 = -(back.xx * x0 + back.xy * y0);
    back.y0 = -(back.yx * x0 + back.yy * y0);
    return back;
}

PlaneAffine PlaneAffine::compose(PlaneAffine const& inner) const
{
    sky::PixelPos const origin = apply({inner.x0, inner.y0});
    return {xx * inner.xx + xy * inner.yx, xx * inner.xy + xy * inner.yy, origin.x,
            yx * inner.xx + yy * inner.yx, yx * inner.xy + yy * inner.yy, origin.y};
}

double PlaneAffine::scale() const
{
    return std::sqrt(std::fabs(determinant()));
}

double PlaneAffine::anisotropy() const
{
    // Singular values of a 2 x 2 matrix are h1 + h2 and |h1 - h2|, the lengths of its parts that
    // keep and that mirror the handedness.
    double const h1 = 0.5 * std::hypot(xx + yy, yx - xy);
    double const h2 = 0.5 * std::hypot(xx - yy, yx + xy);
    double const small = std::fabs(h1 - h2);
    return small > 0.0 ? (h1 + h2) / small : std::numeric_limits<double>::infinity();
}
}  // namespace sectile::solve
