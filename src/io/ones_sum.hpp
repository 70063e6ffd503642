// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <cstdint>

namespace sectile::io
{
/// 32-bit ones-complement sum of a FITS HDU (FITS standard 4.0, appendix J). Because the sum is
/// additive, pieces may come in any order: each names its byte position, which says where in a word
/// its bytes stand.
class OnesSum
{
  public:
    void add(unsigned char const* bytes, std::size_t count, std::int64_t position);
    [[nodiscard]] std::uint32_t value() const;

  private:
    std::uint64_t total_ = 0;  ///< folded after each piece, so that it never overflows
};
}  // namespace sectile::io
