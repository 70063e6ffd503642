// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <vector>

#include "sectile/engine/frame_preparation.hpp"
#include "sectile/plan/frame_record.hpp"
#include "sectile/sky/frame_header.hpp"

namespace sectile::pipeline
{
/// What one pass over the raw pixels of a frame tells.
struct FrameMeasurement
{
    std::vector<plan::PlaneMeasurement> planes;  ///< of the debayered frame
    double masked_fraction = 0.0;
    double lowest = 0.0;  ///< of the valid pixels
    double highest = 0.0;
};

/// Background and noise of every plane from a lattice of at most about 40,000 pixels each, extremes
/// and masks from all pixels; reads `rows` rows at a time, which do not change the
/// result. Background: median after clipping at 3 robust
/// sigma about the median. Noise: the scaled median absolute difference of pixels two columns apart
/// (the same colour of a mosaic, hardly correlated in a resampled image), 1.4826 / sqrt(2).
/// Of the raw pixels, calibrated and masked; of superpixels where a mosaic becomes such.
/// Thread-safe. Throws core::IoError.
[[nodiscard]] FrameMeasurement measure_frame(sky::FrameHeader const& header,
                                             engine::FramePreparation preparation,
                                             std::int64_t rows);
}  // namespace sectile::pipeline
