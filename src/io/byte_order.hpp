// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <bit>
#include <cstdint>

namespace sectile::io
{
/// FITS stores most significant byte first; the same function converts in both directions.
[[nodiscard]] constexpr std::uint8_t big_endian(std::uint8_t value)
{
    return value;
}
[[nodiscard]] constexpr std::uint16_t big_endian(std::uint16_t value)
{
    if constexpr (std::endian::native == std::endian::big) {
        return value;
    }
    return static_cast<std::uint16_t>((value >> 8U) | (value << 8U));
}
[[nodiscard]] constexpr std::uint32_t big_endian(std::uint32_t value)
{
    if constexpr (std::endian::native == std::endian::big) {
        return value;
    }
    return (value >> 24U) | ((value >> 8U) & 0xff00U) | ((value << 8U) & 0xff0000U) |
           (value << 24U);
}
[[nodiscard]] constexpr std::uint64_t big_endian(std::uint64_t value)
{
    if constexpr (std::endian::native == std::endian::big) {
        return value;
    }
    auto const high = static_cast<std::uint32_t>(value >> 32U);
    auto const low = static_cast<std::uint32_t>(value);
    return (static_cast<std::uint64_t>(big_endian(low)) << 32U) | big_endian(high);
}
}  // namespace sectile::io
