// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <vector>

#include "sectile/plan/canvas_grid.hpp"
#include "sectile/plan/frame_record.hpp"

namespace sectile::plan
{
/// A frame as the planner of grids sees it.
[[nodiscard]] GridInput grid_input_of(FrameFootprint const& footprint);

/// Grid of the master tile of these frames, oriented as the frame at index `reference`. Throws
/// core::InputError when that has no usable WCS. Thread-safe.
[[nodiscard]] CanvasGrid tile_grid(std::vector<FrameRecord> const& frames, std::size_t reference);
}  // namespace sectile::plan
