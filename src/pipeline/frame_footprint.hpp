// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "sectile/plan/frame_record.hpp"
#include "sectile/sky/sky_wcs.hpp"

namespace sectile::pipeline
{
/// Where a frame lies on the sky: sampled along the outer edges of its border pixels.
[[nodiscard]] plan::FrameFootprint footprint_of(sky::SkyWcs const& wcs);
}  // namespace sectile::pipeline
