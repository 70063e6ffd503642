// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "sectile/core/ids.hpp"
#include "sectile/sky/frame_header.hpp"

namespace sectile::plan
{
enum class FrameState : std::uint8_t
{
    accepted,
    quarantined
};

/// Whether a frame is used, and why not.
struct FrameVerdict
{
    FrameState state = FrameState::accepted;
    std::string reason;  ///< one sentence; empty for an accepted frame
    [[nodiscard]] bool accepted() const { return state == FrameState::accepted; }
};

/// What P1 measured on one plane of a frame, in the frame's own units.
struct PlaneMeasurement
{
    double background = 0.0;   ///< robust level of the sky
    double noise_sigma = 0.0;  ///< robust pixel-to-pixel noise of the sky
};

/// Sky geometry of an accepted frame, ICRS.
struct FrameFootprint
{
    sky::SkyCoord center;
    core::Angle radius;  ///< from the centre to the farthest corner
    core::Angle pixel_scale;
    core::Angle position_angle;
    /// Along the outer edges of the border pixels: 8 points a side, anticlockwise in pixels from
    /// (0,0).
    std::vector<sky::SkyCoord> edge;
};

/// One image HDU of the input: what P1 knows of it. Plain data; travels between ranks.
struct FrameRecord
{
    core::FrameId id;
    sky::FrameHeader header;
    FrameVerdict verdict;
    std::vector<PlaneMeasurement> planes;  ///< geometry.planes entries when measured
    double masked_fraction = 0.0;          ///< of the pixels
    FrameFootprint footprint;              ///< valid when accepted
};

/// Exact (bit for bit) round trip through bytes, for the travel between ranks.
[[nodiscard]] std::vector<std::byte> pack(std::vector<FrameRecord> const& records);
[[nodiscard]] std::vector<FrameRecord> unpack(std::span<std::byte const> bytes);
}  // namespace sectile::plan
