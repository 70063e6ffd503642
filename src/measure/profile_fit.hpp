// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <limits>

#include "measure/sep_plane.hpp"

namespace sectile::measure
{
/// Exponent of the Moffat profile that is a Gaussian.
inline constexpr double gaussian = std::numeric_limits<double>::infinity();

struct ProfileFit
{
    bool good = false;
    double x = 0.0;  ///< pixels of the plane
    double y = 0.0;
    double peak = 0.0;  ///< of the profile, not of a pixel
    double fwhm = 0.0;  ///< geometric mean of both axes
    double ellipticity = 0.0;
    double theta = 0.0;
    double misfit = 0.0;  ///< rms of the residuals over the peak
};

/// Least squares of an elliptical Moffat profile peak * (1 + r^2)^-beta to the unmasked pixels
/// within `radius` of (x, y) in a sky-subtracted plane. Gauss-Newton from a round profile of
/// `fwhm`; the profile is written as (1 + q/beta)^-beta with q a quadratic form of the position,
/// whose six coefficients are the unknowns: they are nearly linear, and beta -> infinity is
/// exp(-q), a Gaussian. Not good when it does not converge to a peak inside the circle. Pure.
[[nodiscard]] ProfileFit fit_profile(WorkingPlane const& plane, double x, double y, double peak,
                                     double fwhm, double radius, double beta);
}  // namespace sectile::measure
