// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <utility>

#include "sectile/image/image.hpp"

namespace sectile::product
{
/// Most bytes of a block of canvas rows that is read, used and forgotten, unless a single row is
/// larger. A multiple of what one read costs in calls; more bought no speed.
inline constexpr std::int64_t row_block_bytes = std::int64_t{8} << 20U;

/// Rows of every plane that fit into one block; at least one. `bytes_per_pixel` of all the images
/// that are read together.
[[nodiscard]] inline std::int64_t rows_of_block(core::Box const& canvas, int planes,
                                                std::int64_t bytes_per_pixel)
{
    // The rows of an image are padded to 64 bytes, which is 64 pixels of the narrowest type.
    std::int64_t const row_bytes = (canvas.width() + 63) / 64 * 64 * planes * bytes_per_pixel;
    return std::clamp<std::int64_t>(row_block_bytes / std::max<std::int64_t>(1, row_bytes), 1,
                                    std::max<std::int64_t>(1, canvas.height()));
}

/// Bytes of the buffer for such a block of one image.
[[nodiscard]] inline std::int64_t block_bytes(core::Box const& canvas, int planes,
                                              std::int64_t bytes_per_pixel)
{
    return rows_of_block(canvas, planes, bytes_per_pixel) * ((canvas.width() + 63) / 64 * 64) *
           planes * bytes_per_pixel;
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

/// Single rows of a canvas in falling order, as a PNG file wants them, from blocks that `read`
/// fills. Each row is read once.
template <class T>
class RowsDownwards
{
  public:
    RowsDownwards(core::Box const& canvas, int planes,
                  std::function<void(image::ImageView<T>)> read)
        : canvas_(canvas),
          rows_(rows_of_block(canvas, planes, sizeof(T))),
          buffer_({canvas.x0, canvas.y0, canvas.x1, canvas.y0 + rows_}, planes),
          read_(std::move(read))
    {}

    /// Block with row y, which is valid until the next call. Rows below `lowest` are not read: who
    /// skips rows says where.
    [[nodiscard]] image::ImageView<T const> with_row(std::int64_t y, std::int64_t lowest)
    {
        if (block_.data == nullptr || y < block_.box.y0 || y >= block_.box.y1) {
            core::Box const rows{canvas_.x0, std::max(lowest, y + 1 - rows_), canvas_.x1, y + 1};
            block_ = reused_for(buffer_, rows);
            read_(block_);
        }
        return block_;
    }

  private:
    core::Box canvas_;
    std::int64_t rows_;
    image::Image<T> buffer_;
    image::ImageView<T> block_;
    std::function<void(image::ImageView<T>)> read_;
};
}  // namespace sectile::product
