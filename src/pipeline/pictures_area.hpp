// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <vector>

#include "sectile/image/image.hpp"

namespace sectile::pipeline
{
/// Box (0, 0, w, h) of the picture of a canvas: the canvas itself when its long side fits, else
/// scaled down so that the long side is `max_side`. Never empty.
[[nodiscard]] core::Box picture_box(core::Box const& canvas, int max_side);

/// How `source` pixels of a line are laid onto `target` <= source pixels of equal total length: the
/// share of source pixel i that falls into target pixel first[i]; the rest falls into the next one.
/// Exact up to rounding of the share.
struct LineMap
{
    LineMap(std::int64_t source, std::int64_t target);
    std::vector<std::int32_t> first;
    std::vector<float> share;
};

/// Means over the area of each picture pixel, with the fraction of a source pixel that lies in it
/// as weight. Pixels that are not finite do not count.
struct AreaMean
{
    image::Image<float> mean;      ///< NaN where nothing valid lies in the pixel
    image::Image<float> fraction;  ///< valid part of the pixel's area, 0 to 1
};

/// Collects an AreaMean from strips of whole rows. Memory: the picture and two rows.
class AreaAverager
{
  public:
    AreaAverager(core::Box const& canvas, core::Box const& picture, int planes);
    /// Every row of the canvas once, in any order.
    void add(image::ImageView<float const> rows);
    [[nodiscard]] AreaMean take();

  private:
    void add_row(float const* row, int plane, std::int64_t y);
    void add_line(int plane, std::int64_t picture_row, float share);

    LineMap columns_;
    LineMap rows_;
    AreaMean sums_;
    float pixel_area_;  ///< source pixels per picture pixel
    std::vector<float> line_sum_;
    std::vector<float> line_area_;
};

/// Largest value in the area of each picture pixel, over all planes. Source pixels that lie in two
/// picture pixels count in both.
class AreaMaximum
{
  public:
    AreaMaximum(core::Box const& canvas, core::Box const& picture);
    void add(image::ImageView<std::uint32_t const> rows);
    [[nodiscard]] image::ImageView<std::uint32_t const> view() const { return largest_.view(); }

  private:
    LineMap columns_;
    LineMap rows_;
    image::Image<std::uint32_t> largest_;
    std::vector<std::uint32_t> line_;
};
}  // namespace sectile::pipeline
