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

/// Rows of every plane that fit into one block; at least one.
[[nodiscard]] inline std::int64_t rows_of_block(core::Box const& canvas, int planes,
                                                std::int64_t bytes_per_pixel)
{
    std::int64_t const row_bytes = canvas.width() * planes * bytes_per_pixel;
    return std::clamp<std::int64_t>(row_block_bytes / std::max<std::int64_t>(1, row_bytes), 1,
                                    std::max<std::int64_t>(1, canvas.height()));
}

/// A view of whole rows in memory that is used again for the next ones: freeing and allocating
/// large blocks in turn makes the heap grow block by block.
template <class T>
[[nodiscard]] image::ImageView<T> reused_for(image::Image<T>& buffer, core::Box const& rows)
{
    image::ImageView<T> view = buffer.view();
    view.box = rows;
    return view;
}

/// Calls `work` with the same buffer for each block of whole rows of `canvas`, upwards from its
/// first row.
template <class T, class Work>
void for_row_blocks(core::Box const& canvas, int planes, Work&& work)
{
    std::int64_t const rows = rows_of_block(canvas, planes, sizeof(T));
    image::Image<T> buffer({canvas.x0, canvas.y0, canvas.x1, canvas.y0 + rows}, planes);
    for (std::int64_t y = canvas.y0; y < canvas.y1; y += rows) {
        work(reused_for(buffer, {canvas.x0, y, canvas.x1, std::min(y + rows, canvas.y1)}));
    }
}
}  // namespace sectile::pipeline
