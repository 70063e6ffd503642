// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "sectile/plan/frame_record.hpp"
#include "sectile/sky/sky_wcs.hpp"

namespace sectile::plan
{
/// Sky geometry of a frame with this WCS. Points of the edge that have no place on the sky are left
/// out. Thread-safe with a WCS of one's own.
[[nodiscard]] FrameFootprint footprint_of(sky::SkyWcs const& wcs);

/// Angle between two directions.
[[nodiscard]] core::Angle separation_of(sky::SkyCoord const& a, sky::SkyCoord const& b);
}  // namespace sectile::plan
