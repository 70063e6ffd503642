// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cmath>

#include "sectile/compute/kernels/host_device.hpp"

namespace sectile::compute::kernels
{
/// sin(pi * f) for |f| <= 1/2: the Taylor series to the 21st power, truncation below 3e-16.
/// Plain multiplications and additions: unlike a library's sin it gives the same bits on every
/// machine, with every instruction set and on a device.
SECTILE_HOST_DEVICE inline double sin_pi_reduced(double f)
{
    double const x = 3.14159265358979323846 * f;
    double const z = x * x;
    double p = 1.0 / 51090942171709440000.0;
    p = p * z - 1.0 / 121645100408832000.0;
    p = p * z + 1.0 / 355687428096000.0;
    p = p * z - 1.0 / 1307674368000.0;
    p = p * z + 1.0 / 6227020800.0;
    p = p * z - 1.0 / 39916800.0;
    p = p * z + 1.0 / 362880.0;
    p = p * z - 1.0 / 5040.0;
    p = p * z + 1.0 / 120.0;
    p = p * z - 1.0 / 6.0;
    return x + x * z * p;
}

/// sin(pi * x), exactly 0 at whole x.
SECTILE_HOST_DEVICE inline double sin_pi(double x)
{
    double const whole = std::floor(x + 0.5);
    double const half = 0.5 * whole;
    double const sine = sin_pi_reduced(x - whole);
    return half == std::floor(half) ? sine : -sine;
}
}  // namespace sectile::compute::kernels
