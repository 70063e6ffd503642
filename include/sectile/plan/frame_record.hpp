// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <array>
#include <cstdint>
#include <limits>
#include <string>
#include <tuple>
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
    /// Flux of the group's reference over that of this frame, from common stars and what headers
    /// say; NaN until known.
    double scale = unmeasured;
    double scale_error = unmeasured;  ///< standard error of it, relative
    /// Of a tile: covariance of the noise of pixels x columns and y rows apart (0 to 2) over the
    /// variance that its weights state, at [3 y + x - 1]. Empty: not known.
    std::vector<double> noise_covariance{};
};
inline auto fields(PlaneMeasurement& plane)
{
    return std::tie(plane.background, plane.noise_sigma, plane.percentile_25, plane.percentile_90,
                    plane.scale, plane.scale_error, plane.noise_covariance);
}

/// Radii of the circles in which stars are measured: the same in all frames, so that frames of
/// different sharpness can be compared in one that is large enough for the softest.
[[nodiscard]] constexpr double aperture_radius(int step)
{
    return static_cast<double>(2 << step);  // pixels
}
inline constexpr int aperture_steps = 5;  ///< 2 to 32 pixels

/// A star of a frame that may serve registration and normalisation. Kept short: a rank holds those
/// of its frames until they are registered.
struct FrameStar
{
    static constexpr int circles = 3;
    float x = 0.0F;  ///< pixels of the debayered frame, 0-based
    float y = 0.0F;
    /// Above the local sky, in circles of the radii of aperture_radius() from `first` on, of each
    /// plane (of the first three); NaN where it cannot be measured. Larger circles of bright stars
    /// only.
    std::array<std::array<float, 3>, circles> flux{};
    std::int32_t first = 0;  ///< step of the smallest circle, which holds most of the star

    /// In the circle of this step, NaN where there is none.
    [[nodiscard]] float flux_within(int step, std::size_t plane) const
    {
        int const circle = step - first;
        return circle >= 0 && circle < circles ? flux[static_cast<std::size_t>(circle)][plane]
                                               : std::numeric_limits<float>::quiet_NaN();
    }
};
void travels_as_bytes(FrameStar const&);

/// How good a frame is; NaN where it cannot be measured.
struct FrameQuality
{
    double fwhm = unmeasured;         ///< pixels, median of the good stars
    double ellipticity = unmeasured;  ///< median of the good stars
    double gradient = unmeasured;     ///< of the sky, units across the frame's diagonal
    double saturated_fraction = 0.0;  ///< of the valid pixels
    std::int64_t stars = 0;           ///< detected, before any selection
};
void travels_as_bytes(FrameQuality const&);

/// Sky geometry of an accepted frame, ICRS.
struct FrameFootprint
{
    sky::SkyCoord center;
    core::Angle radius;  ///< from the centre to the farthest corner
    core::Angle pixel_scale;
    core::Angle position_angle;
    /// Along the outer edges of the border pixels: 8 points a side, anticlockwise in pixels from
    /// (0,0). Emptied once frames are registered: footprint_of() makes it again from the WCS.
    std::vector<sky::SkyCoord> edge;
};
inline auto fields(FrameFootprint& footprint)
{
    return std::tie(footprint.center, footprint.radius, footprint.pixel_scale,
                    footprint.position_angle, footprint.edge);
}

/// How a frame was tied to its group by stars.
struct FrameRegistration
{
    std::int64_t matches = 0;   ///< stars; 0: the WCS is the frame's own
    double rms = unmeasured;    ///< of the matched stars after the fit, pixels
    double shift = unmeasured;  ///< how far a fit moved the middle or a corner of the frame, pixels
};
void travels_as_bytes(FrameRegistration const&);

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
    /// Brightest first; only where they are needed, and emptied once frames are registered.
    std::vector<FrameStar> stars;
    FrameFootprint footprint;  ///< valid when accepted
};
inline auto fields(FrameRecord& record)
{
    return std::tie(record.id, record.header, record.verdict, record.planes, record.masked_fraction,
                    record.quality, record.registration, record.stars, record.footprint);
}
}  // namespace sectile::plan
