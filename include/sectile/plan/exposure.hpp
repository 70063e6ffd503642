// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <vector>

#include "sectile/plan/frame_record.hpp"

namespace sectile::plan
{
/// The facts of a product of the accepted frames: sums of `combined` and of the exposure times (0
/// where none is known), start of the first and end of the last exposure as far as dates are known;
/// object, filter, instrument, telescope, unit and gain where all have the same. Nothing else. A
/// frame that was combined of several itself (a tile) counts as those.
[[nodiscard]] sky::ExposureFacts combined_exposure(std::vector<FrameRecord> const& frames);
}  // namespace sectile::plan
