// SPDX-License-Identifier: BSD-3-Clause
#include "sectile/plan/recorded_noise.hpp"

#include <cstddef>

namespace sectile::plan
{
namespace
{
constexpr int lags = image::NoiseCovariance::lags;
}  // namespace

void record_noise(image::NoiseCovariance const& noise, PlaneMeasurement& plane)
{
    plane.noise_covariance.clear();
    for (int k = 1; k < lags * lags; ++k) {
        plane.noise_covariance.push_back(noise.at[k / lags][k % lags]);
    }
}

image::NoiseCovariance recorded_noise(PlaneMeasurement const& plane)
{
    bool const is_known = plane.noise_covariance.size() == std::size_t{lags} * lags - 1;
    image::NoiseCovariance noise;
    for (int k = 1; k < lags * lags; ++k) {
        noise.at[k / lags][k % lags] =
            is_known ? plane.noise_covariance[static_cast<std::size_t>(k - 1)] : 1.0;
    }
    return noise;
}
}  // namespace sectile::plan
