// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <optional>
#include <string>

#include "sectile/plan/frame_record.hpp"
#include "sectile/sky/sky_wcs.hpp"

namespace sectile::astrometry
{
/// Result of an attempt to give a frame a WCS by the stars it shares with another.
struct FrameTie
{
    std::optional<sky::WcsDescription> wcs;
    std::string reason;       ///< without a WCS: one sentence
    std::size_t stars = 0;    ///< that the WCS was fitted to
    double rms_pixels = 0.0;  ///< of these stars about the fit
};

/// WCS of `frame` from the star pattern that it shares with `reference`, whose WCS is known: the
/// patterns are matched without any guess (solve::match_pattern), and a WCS is fitted to the places
/// that the reference gives the common stars (solve::fit_wcs). Distortion that the reference states
/// as SIP belongs to the camera: it stays with the pixels, also where the field has turned between
/// the two frames, provided that both are of one shape; else it goes over with the sky. Pure,
/// deterministic, thread-safe.
[[nodiscard]] FrameTie tie_frame(plan::FrameRecord const& frame, plan::FrameRecord const& reference,
                                 sky::WcsLimits const& limits);
}  // namespace sectile::astrometry
