// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <vector>

#include "sectile/compute/noise_covariance.hpp"
#include "sectile/plan/frame_record.hpp"

namespace sectile::pipeline
{
/// Measures what neighbouring pixels of a finished tile share of their noise
/// (engine::measure_tile_noise()) and records it in noise_covariance of its planes. Thread-safe.
/// Throws core::IoError.
void record_tile_noise(sky::FrameHeader const& tile, std::vector<plan::PlaneMeasurement>& planes);

/// What was recorded; where nothing was, pixels count as fully correlated, and the weight becomes a
/// lower bound.
[[nodiscard]] compute::NoiseCovariance recorded_noise(plan::PlaneMeasurement const& plane);
}  // namespace sectile::pipeline
