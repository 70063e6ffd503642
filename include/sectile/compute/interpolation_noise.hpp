// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <array>

#include "sectile/compute/debayer.hpp"
#include "sectile/compute/noise_covariance.hpp"
#include "sectile/compute/recipe.hpp"

/// What interpolation does to white noise. Pure, deterministic, thread-safe.
namespace sectile::compute
{
/// Noise of the planes R, G, B of a debayered frame in units of the variance of a raw pixel, found
/// by debayering noise (to 0.5 %). With superpixels the levels are measured after debayering:
/// white.
[[nodiscard]] std::array<NoiseCovariance, 3> debayered_noise(DebayerMethod method);

/// Noise of an image that was resampled with `kernel` from pixels with noise `source`, at scale 1
/// and all fractions of a pixel equally, in units of its own variance.
[[nodiscard]] NoiseCovariance resampled_noise(NoiseCovariance const& source, ResampleKernel kernel);
}  // namespace sectile::compute
