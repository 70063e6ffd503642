// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

namespace sectile::io
{
/// How stored numbers become physical values: stored * scale + zero.
struct PixelFormat
{
    int bits_per_pixel = -32;  ///< 8, 16, 32, 64, -32, -64
    double scale = 1.0;
    double zero = 0.0;
    std::optional<std::int64_t> blank;  ///< stored integer that means no value

    [[nodiscard]] std::size_t bytes() const
    {
        return static_cast<std::size_t>(bits_per_pixel < 0 ? -bits_per_pixel : bits_per_pixel) / 8;
    }
};

/// Converts `count` big-endian pixels to float. Blank, NaN, infinite and values beyond the range of
/// float become NaN. Rounds once, from the double stored * scale + zero, as CFITSIO does: both ways
/// of reading a file give the same bits.
void decode_pixels(PixelFormat const& format, unsigned char const* source, std::size_t count,
                   float* target);

/// Infinite values become NaN.
void mask_infinities(float* values, std::size_t count);
}  // namespace sectile::io
