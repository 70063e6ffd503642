// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace sectile::core
{
/// Streaming 64-bit FNV-1a (Fowler, Noll, Vo): names plans and grids, not for security.
class ContentHash
{
  public:
    ContentHash& add(std::span<std::byte const> bytes);
    ContentHash& add(std::string_view text);
    ContentHash& add(std::uint64_t value);
    [[nodiscard]] std::uint64_t value() const noexcept { return state_; }
    [[nodiscard]] std::string hex() const;  ///< 16 lower-case hexadecimal digits

  private:
    std::uint64_t state_ = 0xcbf29ce484222325ULL;
};
}  // namespace sectile::core
