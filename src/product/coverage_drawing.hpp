// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>

#include "sectile/image/image.hpp"

namespace sectile::product
{
/// Box (0, 0, w, h) of the picture of a coverage map: the map and below it a strip with the colour
/// bar.
[[nodiscard]] core::Box coverage_picture_box(core::Box const& map);

/// RGBA picture of a coverage map, drawn row by row: colours of map_color() from 0 to the largest
/// value, transparent where 0, and below it the colour bar with its labels. Row 0 at the bottom.
/// Memory: the strip of the bar.
class CoverageDrawing
{
  public:
    /// The map must outlive the drawing.
    explicit CoverageDrawing(image::ImageView<std::uint32_t const> coverage);
    [[nodiscard]] core::Box box() const { return coverage_picture_box(coverage_.box); }
    /// Draws the rows rows.box of the picture, of full width; overwrites what is there.
    void draw(image::ImageView<std::uint8_t> rows) const;

  private:
    void draw_map_row(image::ImageView<std::uint8_t> rows, std::int64_t y) const;

    image::ImageView<std::uint32_t const> coverage_;
    std::uint32_t largest_ = 0;
    image::Image<std::uint8_t> strip_;
};
}  // namespace sectile::product
