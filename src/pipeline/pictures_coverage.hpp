// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>

#include "sectile/image/image.hpp"

namespace sectile::pipeline
{
/// RGBA picture of a coverage map: colours of map_color() from 0 to the largest value, transparent
/// where 0, and below it a strip with the colour bar and its labels. Row 0 at the bottom.
[[nodiscard]] image::Image<std::uint8_t> draw_coverage(
    image::ImageView<std::uint32_t const> coverage);
}  // namespace sectile::pipeline
