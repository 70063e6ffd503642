// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

#include "sectile/core/memory_budget.hpp"
#include "sectile/image/image.hpp"

namespace sectile::product
{
/// Box (0, 0, w, h) of the picture of a canvas: the canvas itself when its long side fits, else
/// scaled down so that the long side is `max_side`. Never empty.
[[nodiscard]] core::Box picture_box(core::Box const& canvas, int max_side);

/// Where pixel i of a line of `source` pixels falls when they are laid onto `target` <= source
/// pixels of equal total length: `share` of it into target pixel `first`, the rest into the next
/// one. Exact up to rounding of the share.
struct LinePart
{
    std::int64_t first = 0;
    float share = 1.0F;
};
[[nodiscard]] LinePart line_part(std::int64_t i, std::int64_t source, std::int64_t target);

/// Source pixels begin <= i < end that lie, at least in part, in one target pixel.
struct LineRange
{
    std::int64_t begin = 0;
    std::int64_t end = 0;
};
[[nodiscard]] LineRange line_range(std::int64_t target_pixel, std::int64_t source,
                                   std::int64_t target);

/// Buffers as long as a line of the canvas are counted: a canvas may be very wide.
template <class T>
using Line = std::vector<T, core::BufferAllocator<T>>;

/// The parts of a whole line, one vector for each member of LinePart.
struct LineMap
{
    LineMap(std::int64_t source, std::int64_t target);
    Line<std::int32_t> first;
    Line<float> share;
};

/// Means over the area of each picture pixel, with the fraction of a source pixel that lies in it
/// as weight. Pixels that are not finite do not count.
struct AreaMean
{
    image::Image<float> mean;      ///< NaN where nothing valid lies in the pixel
    image::Image<float> fraction;  ///< valid part of the pixel's area, 0 to 1
};

/// Makes the rows of an AreaMean one at a time from the rows of a canvas. Memory: a few rows.
class AreaAverager
{
  public:
    /// Gives a view with canvas row y; called with y falling within a picture row.
    using RowSource = std::function<image::ImageView<float const>(std::int64_t y)>;

    /// Of the first `planes` planes of the canvas.
    AreaAverager(core::Box const& canvas, core::Box const& picture, int planes);

    /// Canvas rows that a picture row needs.
    [[nodiscard]] LineRange source_rows(std::int64_t picture_row) const;
    /// Mean of one picture row, in row 0 of the result; valid until the next call. A canvas row
    /// that the picture row made before needed as its last one is not asked for again.
    [[nodiscard]] AreaMean const& make_row(std::int64_t picture_row, RowSource const& source);

  private:
    void bin(image::ImageView<float const> rows, std::int64_t y);
    void add_line(float share);
    void finish_row();

    core::Box canvas_;
    core::Box picture_;
    LineMap columns_;
    AreaMean row_;
    float pixel_area_;  ///< source pixels per picture pixel
    std::size_t line_length_;
    Line<float> line_sum_;  ///< of canvas row line_row_, plane after plane
    Line<float> line_area_;
    std::int64_t line_row_ = -1;
};

/// Largest value in the area of each picture pixel, over all planes. Source pixels that lie in two
/// picture pixels count in both. Memory: the picture and a few rows.
class AreaMaximum
{
  public:
    AreaMaximum(core::Box const& canvas, core::Box const& picture);
    /// Every row of the canvas once, in any order.
    void add(image::ImageView<std::uint32_t const> rows);
    [[nodiscard]] image::ImageView<std::uint32_t const> view() const { return largest_.view(); }

  private:
    LineMap columns_;
    std::int64_t canvas_height_;
    image::Image<std::uint32_t> largest_;
    Line<std::uint32_t> line_;
};
}  // namespace sectile::product
