// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <optional>
#include <vector>

#include "sectile/image/noise_covariance.hpp"
#include "sectile/plan/frame_record.hpp"
#include "sectile/source/pixel_source.hpp"

namespace sectile::tile
{
/// What neighbouring pixels of a tile have in common of their noise, one entry per plane, in units
/// of the variance that its weight plane states. From bands of rows spread over the tile (up to
/// 16,000 pairs per lag and plane): cov(d) = 1 - s^2 / 2, where s is the robust scatter
/// (1.4826 MAD) of the differences of pixels d apart over the root of their mean variance. Stars
/// are outliers; a lag for which there are not 200 pairs counts as fully correlated. Nothing for a
/// tile without weights. Throws core::IoError. Thread-safe.
[[nodiscard]] std::optional<std::vector<image::NoiseCovariance>> measure_tile_noise(
    source::PixelSource const& tile);

/// Measures that of a finished tile and records it in its planes. Thread-safe. Throws
/// core::IoError.
void record_tile_noise(sky::FrameHeader const& tile, std::vector<plan::PlaneMeasurement>& planes);
}  // namespace sectile::tile
