// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <algorithm>
#include <cstdint>

#include "sectile/image/image.hpp"

namespace sectile::pipeline
{
/// Most bytes of a block of canvas rows that is read, used and forgotten. Costs: a smaller block
/// reads the chunks of the canvas file more than once.
inline constexpr std::int64_t row_block_bytes = std::int64_t{32} << 20U;

/// Calls `work` with a buffer for each block of whole rows of `canvas`, upwards from row 0. At
/// least one row, otherwise no more than row_block_bytes.
template <class T, class Work>
void for_row_blocks(core::Box const& canvas, int planes, Work&& work)
{
    auto const row_bytes = canvas.width() * planes * static_cast<std::int64_t>(sizeof(T));
    std::int64_t const rows =
        std::max<std::int64_t>(1, row_block_bytes / std::max<std::int64_t>(1, row_bytes));
    for (std::int64_t y = canvas.y0; y < canvas.y1; y += rows) {
        image::Image<T> block({canvas.x0, y, canvas.x1, std::min(y + rows, canvas.y1)}, planes);
        work(block.view());
    }
}
}  // namespace sectile::pipeline
