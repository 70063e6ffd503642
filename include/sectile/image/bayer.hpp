// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>

namespace sectile::image
{
/// Colour filter array of a raw frame. The name lists the filters of pixels (0,0) (1,0) (0,1) (1,1)
/// in the order the array is stored in the file (row 0 first), that is after XBAYROFF, YBAYROFF and
/// ROWORDER have been taken into account.
enum class BayerPattern : std::uint8_t
{
    none,
    rggb,
    bggr,
    grbg,
    gbrg
};
constexpr int enumerator_count(BayerPattern)
{
    return 5;
}

/// Plane (0 red, 1 green, 2 blue) of the filter over pixel (x, y), 0-based full-frame pixels.
[[nodiscard]] constexpr int bayer_plane(BayerPattern pattern, std::int64_t x, std::int64_t y)
{
    int const cell = static_cast<int>((y & 1) * 2 + (x & 1));
    switch (pattern) {
        case BayerPattern::rggb:
            return cell == 0 ? 0 : (cell == 3 ? 2 : 1);
        case BayerPattern::bggr:
            return cell == 0 ? 2 : (cell == 3 ? 0 : 1);
        case BayerPattern::grbg:
            return cell == 1 ? 0 : (cell == 2 ? 2 : 1);
        case BayerPattern::gbrg:
            return cell == 1 ? 2 : (cell == 2 ? 0 : 1);
        case BayerPattern::none:
            break;
    }
    return 0;
}
}  // namespace sectile::image
