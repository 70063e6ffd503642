// SPDX-License-Identifier: BSD-3-Clause
#include "sectile/core/hash.hpp"

#include <array>

namespace sectile::core
{
namespace
{
constexpr std::uint64_t fnv_prime = 0x100000001b3ULL;
}

ContentHash& ContentHash::add(std::span<std::byte const> bytes)
{
    for (std::byte const byte : bytes) {
        state_ = (state_ ^ static_cast<std::uint64_t>(byte)) * fnv_prime;
    }
    return *this;
}

ContentHash& ContentHash::add(std::string_view text)
{
    add(static_cast<std::uint64_t>(text.size()));
    return add(std::as_bytes(std::span(text.data(), text.size())));
}

ContentHash& ContentHash::add(std::uint64_t value)
{
    for (int shift = 0; shift < 64; shift += 8) {
        state_ = (state_ ^ ((value >> shift) & 0xffU)) * fnv_prime;
    }
    return *this;
}

std::string ContentHash::hex() const
{
    static constexpr std::array<char, 17> digits{"0123456789abcdef"};
    std::string text(16, '0');
    for (int i = 0; i < 16; ++i) {
        text[static_cast<std::size_t>(i)] = digits[(state_ >> (60 - 4 * i)) & 0xfU];
    }
    return text;
}
}  // namespace sectile::core
