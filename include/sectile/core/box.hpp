// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <algorithm>
#include <cstdint>

namespace sectile::core
{
/// Half-open rectangle of pixels: x0 <= x < x1, y0 <= y < y1. 0-based, in the pixels of a canvas,
/// a tile or a frame; the name of the variable says which. Immutable in use: variants are returned.
struct Box
{
    std::int64_t x0 = 0;
    std::int64_t y0 = 0;
    std::int64_t x1 = 0;
    std::int64_t y1 = 0;

    [[nodiscard]] constexpr std::int64_t width() const { return x1 > x0 ? x1 - x0 : 0; }
    [[nodiscard]] constexpr std::int64_t height() const { return y1 > y0 ? y1 - y0 : 0; }
    [[nodiscard]] constexpr std::int64_t area() const { return width() * height(); }
    [[nodiscard]] constexpr bool empty() const { return area() == 0; }
    [[nodiscard]] constexpr bool contains(std::int64_t x, std::int64_t y) const
    {
        return x >= x0 && x < x1 && y >= y0 && y < y1;
    }
    [[nodiscard]] constexpr bool contains(Box const& other) const
    {
        return other.empty() ||
               (other.x0 >= x0 && other.x1 <= x1 && other.y0 >= y0 && other.y1 <= y1);
    }
    /// Common part; an empty box when there is none.
    [[nodiscard]] constexpr Box clipped_to(Box const& other) const
    {
        Box const common{std::max(x0, other.x0), std::max(y0, other.y0), std::min(x1, other.x1),
                         std::min(y1, other.y1)};
        return common.empty() ? Box{} : common;
    }
    [[nodiscard]] constexpr Box grown_by(std::int64_t margin) const
    {
        return {x0 - margin, y0 - margin, x1 + margin, y1 + margin};
    }
    [[nodiscard]] constexpr Box shifted_by(std::int64_t dx, std::int64_t dy) const
    {
        return {x0 + dx, y0 + dy, x1 + dx, y1 + dy};
    }
    friend constexpr bool operator==(Box const&, Box const&) = default;
};
}  // namespace sectile::core
