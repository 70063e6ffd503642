// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <array>

#include "sectile/compute/debayer.hpp"
#include "sectile/image/noise_covariance.hpp"

namespace sectile::compute
{
/// Noise of the planes R, G, B of a debayered frame in units of the variance of a raw pixel, found
/// by debayering noise (to 0.5 %). With superpixels the levels are measured after debayering:
/// white.
[[nodiscard]] std::array<image::NoiseCovariance, 3> debayered_noise(DebayerMethod method);
}  // namespace sectile::compute
