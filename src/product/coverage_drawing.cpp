// SPDX-License-Identifier: BSD-3-Clause
#include "product/coverage_drawing.hpp"

#include <algorithm>
#include <string>

#include "sectile/core/error.hpp"

#include "product/drawing.hpp"

namespace sectile::product
{
namespace
{
constexpr Color strip_color{24, 24, 28};
constexpr Color ink{235, 235, 235};

/// Sizes of the strip below the map, in pixels of the picture.
struct StripLayout
{
    explicit StripLayout(std::int64_t map_width)
        : scale(map_width >= 900 ? 2 : 1),
          margin(std::int64_t{20} * scale),
          width(std::max<std::int64_t>(map_width, 160)),
          label_base(std::int64_t{4} * scale),
          tick_base(label_base + (font_height + 2) * scale),
          bar_base(tick_base + 3 * scale),
          bar_top(bar_base + 10 * scale),
          height(bar_top + 6 * scale)
    {}

    int scale;            ///< of the font
    std::int64_t margin;  ///< left and right of the bar: half of the widest label fits
    std::int64_t width;
    std::int64_t label_base;
    std::int64_t tick_base;
    std::int64_t bar_base;
    std::int64_t bar_top;
    std::int64_t height;
};

void draw_bar(image::ImageView<std::uint8_t> picture, StripLayout const& layout,
              std::int64_t largest)
{
    fill(picture, {0, 0, layout.width, layout.height}, strip_color);
    std::int64_t const left = layout.margin;
    std::int64_t const length = layout.width - 2 * layout.margin;
    for (std::int64_t x = 0; x < length; ++x) {
        double const t = static_cast<double>(x) / static_cast<double>(length - 1);
        fill(picture, {left + x, layout.bar_base, left + x + 1, layout.bar_top}, map_color(t));
    }
    std::int64_t const widest = text_width(std::to_string(largest), layout.scale);
    auto const most = std::clamp<std::int64_t>(length / (widest + 8 * layout.scale), 1, 10);
    for (std::int64_t const tick : axis_ticks(largest, static_cast<int>(most))) {
        std::int64_t const x =
            left + (largest > 0 ? (2 * tick * (length - 1) + largest) / (2 * largest) : 0);
        fill(picture, {x, layout.tick_base, x + layout.scale, layout.bar_base}, ink);
        std::string const label = std::to_string(tick);
        draw_text(picture, x + (layout.scale - text_width(label, layout.scale)) / 2,
                  layout.label_base, label, layout.scale, ink);
    }
}
}  // namespace

core::Box coverage_picture_box(core::Box const& map)
{
    StripLayout const layout(map.width());
    return {0, 0, layout.width, map.height() + layout.height};
}

CoverageDrawing::CoverageDrawing(image::ImageView<std::uint32_t const> coverage)
    : coverage_(coverage)
{
    core::Box const map = coverage.box;
    for (std::int64_t y = map.y0; y < map.y1; ++y) {
        std::uint32_t const* const row = coverage.row(0, y);
        largest_ = std::max(largest_, *std::max_element(row, row + map.width()));
    }
    StripLayout const layout(map.width());
    strip_ = image::Image<std::uint8_t>({0, 0, layout.width, layout.height}, 4);
    draw_bar(strip_.view(), layout, largest_);
}

void CoverageDrawing::draw(image::ImageView<std::uint8_t> rows) const
{
    core::require(rows.box.width() == strip_.box().width() && rows.planes == 4,
                  "rows are as wide and deep as their picture");
    for (std::int64_t y = rows.box.y0; y < rows.box.y1; ++y) {
        if (y >= strip_.box().y1) {
            draw_map_row(rows, y);
            continue;
        }
        for (int plane = 0; plane < rows.planes; ++plane) {
            std::copy_n(strip_.view().row(plane, y), rows.box.width(), rows.row(plane, y));
        }
    }
}

void CoverageDrawing::draw_map_row(image::ImageView<std::uint8_t> rows, std::int64_t y) const
{
    core::Box const map = coverage_.box;
    for (int plane = 0; plane < rows.planes; ++plane) {
        std::fill_n(rows.row(plane, y), rows.box.width(), std::uint8_t{0});
    }
    std::uint32_t const* const counts = coverage_.row(0, map.y0 + y - strip_.box().y1);
    std::int64_t const left = rows.box.x0 + (rows.box.width() - map.width()) / 2;
    for (std::int64_t x = 0; x < map.width(); ++x) {
        if (counts[x] > 0) {
            fill(rows, {left + x, y, left + x + 1, y + 1},
                 map_color(static_cast<double>(counts[x]) / largest_));
        }
    }
}
}  // namespace sectile::product
