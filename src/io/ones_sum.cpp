// SPDX-License-Identifier: BSD-3-Clause
#include "io/ones_sum.hpp"

#include <algorithm>
#include <cstring>

#include "io/byte_order.hpp"

namespace sectile::io
{
namespace
{
/// 2^64 = 1 and 2^32 = 1 modulo 2^32 - 1: the high half is carried into the low half.
std::uint64_t folded(std::uint64_t total)
{
    total = (total >> 32U) + (total & 0xffffffffU);
    return (total >> 32U) + (total & 0xffffffffU);
}

/// At most 2^28 words at a time: their sum stays below 2^60.
constexpr std::size_t piece_words = std::size_t{1} << 28;

std::uint64_t sum_of_words(unsigned char const* bytes, std::size_t words)
{
    std::uint64_t sum = 0;
    for (std::size_t i = 0; i < words; ++i) {
        std::uint32_t word = 0;
        std::memcpy(&word, bytes + 4 * i, sizeof(word));
        sum += big_endian(word);
    }
    return sum;
}
}  // namespace

void OnesSum::add(unsigned char const* bytes, std::size_t count, std::int64_t position)
{
    auto const add_byte = [&](unsigned char byte) {
        total_ += static_cast<std::uint64_t>(byte) << (8 * (3 - (position & 3)));
        ++position;
    };
    while (count > 0 && (position & 3) != 0) {
        add_byte(*bytes++);
        --count;
    }
    while (count >= 4) {
        std::size_t const words = std::min(count / 4, piece_words);
        total_ = folded(total_ + sum_of_words(bytes, words));
        bytes += 4 * words;
        position += static_cast<std::int64_t>(4 * words);
        count -= 4 * words;
    }
    while (count > 0) {
        add_byte(*bytes++);
        --count;
    }
    total_ = folded(total_);
}

std::uint32_t OnesSum::value() const
{
    return static_cast<std::uint32_t>(folded(total_));
}
}  // namespace sectile::io
