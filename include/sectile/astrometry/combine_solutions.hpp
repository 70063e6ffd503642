// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <optional>
#include <vector>

#include "sectile/plan/frame_record.hpp"
#include "sectile/sky/sky_wcs.hpp"

namespace sectile::astrometry
{
/// The WCS of a solved frame, better than its own: every star that it shares with others that were
/// solved by themselves (see tie_frame()) gets the mean of the directions that all of them give it
/// and of the places where they show it, and the WCS (with SIP where the frame has one) is fitted
/// to these. A plate solution of a short exposure rests on some thirty catalogue stars; a mean of n
/// of them has 1/sqrt(n) of its error. None when fewer than 12 stars are shared with anybody, or
/// the fit is no good. Pure, deterministic, thread-safe.
[[nodiscard]] std::optional<sky::WcsDescription> combined_solution(
    plan::FrameRecord const& frame, std::vector<plan::FrameRecord const*> const& others,
    sky::WcsLimits const& limits);
}  // namespace sectile::astrometry
