// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include "sectile/image/image.hpp"

namespace sectile::product
{
using Color = std::array<std::uint8_t, 3>;

/// Colour of 0 <= t <= 1 from dark violet over blue and green to yellow: lightness rises evenly
/// (0.26 to 0.92 in Oklab), so that equal steps look equal, also in grey and to colour-blind eyes.
[[nodiscard]] Color map_color(double t);

/// Values at which an axis from 0 to `largest` is labelled: multiples of 1, 2 or 5 times a power of
/// ten, at most `most` of them after 0.
[[nodiscard]] std::vector<std::int64_t> axis_ticks(std::int64_t largest, int most);

/// Size of a text in font pixels times `scale`.
[[nodiscard]] std::int64_t text_width(std::string_view digits, int scale);
inline constexpr int font_height = 7;

/// Fills `part` (clipped to the picture) with an opaque colour. RGBA, row 0 at the bottom.
void fill(image::ImageView<std::uint8_t> picture, core::Box const& part, Color const& color);

/// Writes digits with the lower left corner at (x, y); anything but digits is a gap.
void draw_text(image::ImageView<std::uint8_t> picture, std::int64_t x, std::int64_t y,
               std::string_view digits, int scale, Color const& color);
}  // namespace sectile::product
