// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cmath>

#include "sectile/compute/kernels/host_device.hpp"
#include "sectile/compute/kernels/trigonometry_kern.hpp"
#include "sectile/compute/recipe.hpp"

namespace sectile::compute::kernels
{
inline constexpr int max_taps = 8;

/// Taps of a kernel along one axis.
[[nodiscard]] SECTILE_HOST_DEVICE constexpr int kernel_taps(ResampleKernel kernel)
{
    switch (kernel) {
        case ResampleKernel::nearest:
            return 1;
        case ResampleKernel::bilinear:
            return 2;
        case ResampleKernel::bicubic:
        case ResampleKernel::lanczos2:
            return 4;
        case ResampleKernel::lanczos3:
            return 6;
        case ResampleKernel::lanczos4:
            return 8;
    }
    return 1;
}

/// Distance from floor(position) back to the first tap; 0 for nearest, whose tap is
/// floor(position + 1/2).
[[nodiscard]] SECTILE_HOST_DEVICE constexpr int taps_before(ResampleKernel kernel)
{
    int const taps = kernel_taps(kernel);
    return taps > 2 ? taps / 2 - 1 : 0;
}

/// Cubic convolution with a = -1/2 (Catmull-Rom), third-order exact; R. Keys 1981, IEEE Trans.
/// Acoustics, Speech, Signal Processing 29, 1153, equation 4.
[[nodiscard]] SECTILE_HOST_DEVICE inline double keys_cubic(double distance)
{
    double const d = std::fabs(distance);
    if (d < 1.0) {
        return (1.5 * d - 2.5) * d * d + 1.0;
    }
    if (d < 2.0) {
        return ((-0.5 * d + 2.5) * d - 4.0) * d + 2.0;
    }
    return 0.0;
}

/// sinc(x) sinc(x / lobes) inside |x| < lobes; C. Duchon 1979, J. Applied Meteorology 18, 1016, in
/// two dimensions the separable product as SWarp and LSST use it.
[[nodiscard]] SECTILE_HOST_DEVICE inline double lanczos(double distance, int lobes)
{
    if (distance == 0.0) {
        return 1.0;
    }
    if (std::fabs(distance) >= lobes) {
        return 0.0;
    }
    double const pi_x = 3.14159265358979323846 * distance;
    return lobes * sin_pi(distance) * sin_pi(distance / lobes) / (pi_x * pi_x);
}

/// Weights of the kernel_taps(kernel) taps for a position that lies `fraction` (0 <= fraction < 1)
/// beyond floor(position), normalised to sum 1 so that a constant image stays constant.
SECTILE_HOST_DEVICE inline void kernel_weights(ResampleKernel kernel, double fraction,
                                               double* weights)
{
    int const taps = kernel_taps(kernel);
    if (taps == 1) {
        weights[0] = 1.0;
        return;
    }
    if (taps == 2) {
        weights[0] = 1.0 - fraction;
        weights[1] = fraction;
        return;
    }
    int const before = taps_before(kernel);
    double sum = 0.0;
    for (int k = 0; k < taps; ++k) {
        double const distance = fraction + before - k;
        weights[k] =
            kernel == ResampleKernel::bicubic ? keys_cubic(distance) : lanczos(distance, taps / 2);
        sum += weights[k];
    }
    for (int k = 0; k < taps; ++k) {
        weights[k] /= sum;
    }
}
}  // namespace sectile::compute::kernels
