// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <vector>

#include "sectile/core/ids.hpp"
#include "sectile/plan/frame_verdict.hpp"
#include "sectile/sky/frame_header.hpp"

namespace sectile::plan
{
/// What could not be measured.
inline constexpr double unmeasured = std::numeric_limits<double>::quiet_NaN();

/// What P1 measured on one plane of a frame, in the frame's own units.
struct PlaneMeasurement
{
    double background = 0.0;     ///< robust level of the sky
    double noise_sigma = 0.0;    ///< robust pixel-to-pixel noise of the sky
    double percentile_25 = 0.0;  ///< of the valid pixels
    double percentile_90 = 0.0;
    /// Flux of the group's reference over that of this frame, from common stars; NaN until known.
    double scale = unmeasured;
    /// Of a tile: covariance of the noise of pixels x columns and y rows apart (0 to 2) over the
    /// variance that its weights state, at [3 y + x - 1]. Empty: not known.
    std::vector<double> noise_covariance{};
};

/// A star of a frame that may serve registration and normalisation. Kept short: every rank holds
/// those of all frames until they are registered.
struct FrameStar
{
    float x = 0.0F;  ///< pixels of the debayered frame, 0-based
    float y = 0.0F;
    /// Above the local sky, in one aperture for all stars of a block of the frame, of each plane
    /// (of the first three); NaN where it cannot be measured.
    std::array<float, 3> flux{};
};

/// How good a frame is; NaN where it cannot be measured.
struct FrameQuality
{
    double fwhm = unmeasured;         ///< pixels, median of the good stars
    double ellipticity = unmeasured;  ///< median of the good stars
    double gradient = unmeasured;     ///< of the sky, units across the frame's diagonal
    double saturated_fraction = 0.0;  ///< of the valid pixels
    std::int64_t stars = 0;           ///< detected, before any selection
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

/// How a frame was tied to its group by stars.
struct FrameRegistration
{
    std::int64_t matches = 0;   ///< stars; 0: the WCS is the frame's own
    double rms = unmeasured;    ///< of the matched stars after the fit, pixels
    double shift = unmeasured;  ///< how far a fit moved the middle or a corner of the frame, pixels
};

/// One image HDU of the input: what P1 knows of it. Plain data; travels between ranks.
struct FrameRecord
{
    core::FrameId id;
    sky::FrameHeader header;
    FrameVerdict verdict;
    std::vector<PlaneMeasurement> planes;  ///< geometry.planes entries when measured
    double masked_fraction = 0.0;          ///< of the pixels
    FrameQuality quality;
    FrameRegistration registration;
    std::vector<FrameStar> stars;  ///< brightest first; emptied once frames are registered
    FrameFootprint footprint;      ///< valid when accepted
};

/// Exact (bit for bit) round trip through bytes, for the travel between ranks.
[[nodiscard]] std::vector<std::byte> pack(std::vector<FrameRecord> const& records);
[[nodiscard]] std::vector<FrameRecord> unpack(std::span<std::byte const> bytes);
}  // namespace sectile::plan
