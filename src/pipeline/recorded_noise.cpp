// SPDX-License-Identifier: BSD-3-Clause
#include "pipeline/recorded_noise.hpp"

#include <algorithm>
#include <cstddef>

#include "sectile/engine/tile_noise.hpp"

namespace sectile::pipeline
{
namespace
{
constexpr int lags = compute::NoiseCovariance::lags;
}  // namespace

void record_tile_noise(sky::FrameHeader const& tile, std::vector<plan::PlaneMeasurement>& planes)
{
    auto const noise = engine::measure_tile_noise(*engine::make_tile_source(tile));
    for (std::size_t c = 0; noise && c < std::min(noise->size(), planes.size()); ++c) {
        planes[c].noise_covariance.clear();
        for (int k = 1; k < lags * lags; ++k) {
            planes[c].noise_covariance.push_back((*noise)[c].at[k / lags][k % lags]);
        }
    }
}

compute::NoiseCovariance recorded_noise(plan::PlaneMeasurement const& plane)
{
    bool const is_known = plane.noise_covariance.size() == std::size_t{lags} * lags - 1;
    compute::NoiseCovariance noise;
    for (int k = 1; k < lags * lags; ++k) {
        noise.at[k / lags][k % lags] =
            is_known ? plane.noise_covariance[static_cast<std::size_t>(k - 1)] : 1.0;
    }
    return noise;
}
}  // namespace sectile::pipeline
