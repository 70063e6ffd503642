// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "sectile/image/noise_covariance.hpp"
#include "sectile/plan/frame_record.hpp"

/// What a record keeps of the noise of a tile is written and read here.
namespace sectile::plan
{
/// Keeps what neighbouring pixels of a plane share of their noise.
void record_noise(image::NoiseCovariance const& noise, PlaneMeasurement& plane);

/// What was recorded; where nothing was, pixels count as fully correlated, and the weight becomes a
/// lower bound.
[[nodiscard]] image::NoiseCovariance recorded_noise(PlaneMeasurement const& plane);
}  // namespace sectile::plan
