// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <vector>

#include "sectile/compute/hot_pixels.hpp"
#include "sectile/ingest/frame_levels.hpp"
#include "sectile/source/frame_preparation.hpp"

namespace sectile::ingest
{
/// What P1 looks for beside the levels.
struct MeasureRequest
{
    bool stars = true;
    bool hot_pixels = true;  ///< in raw camera frames only, see is_camera_frame()
};

/// What one pass over the raw pixels of a frame tells.
struct FrameMeasurement
{
    FrameLevels levels;
    plan::FrameQuality quality;
    std::vector<plan::FrameStar> stars;                 ///< brightest first
    std::vector<compute::HotCandidate> hot_candidates;  ///< ascending y, x
};

/// Whether the pixels come straight from a detector, so that hot pixels can be told from stars: one
/// plane of integers. Floating point images were worked on before.
[[nodiscard]] bool is_camera_frame(sky::FrameGeometry const& geometry);

/// Levels, stars, quality and hot pixel candidates of a raw frame, calibrated and masked as
/// `preparation` says. Stars are detected on the mean of all planes; before that a camera frame is
/// freed of its own hot pixels, if these are looked for, and a mosaic debayered, by superpixels if
/// they are wanted. Fluxes are sums in a circle above the median of a ring around it, plane by
/// plane. Large frames are worked on in blocks of about 2048 x 2048 pixels, so that memory is
/// bounded; the blocks are always the same. Sky, width of the stars and with it the circle are
/// those of a block, the saturation level is that of the frame: where the header does not state it,
/// a frame of several blocks is read twice. Thread-safe. Throws core::IoError.
[[nodiscard]] FrameMeasurement measure_frame(sky::FrameHeader const& header,
                                             source::FramePreparation preparation,
                                             MeasureRequest const& request);

/// Bytes that measure_frame() holds for a frame of this shape.
[[nodiscard]] std::int64_t measure_frame_bytes(sky::FrameGeometry const& geometry);
}  // namespace sectile::ingest
