// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "sectile/comm/communicator.hpp"

namespace sectile::comm::detail
{
/// Most bytes given to the library in one call. Its counts are ints, so 2 GiB cannot be named; half
/// of it costs nothing and also keeps implementations out of trouble that compute count + offset.
inline constexpr std::size_t piece_limit = std::size_t{1} << 30;

/// Tags of the layer's own messages begin here; an Exchange stays below.
inline constexpr int first_internal_tag = 1 << 20;

// The collectives of communicator.hpp with the size of a piece as a parameter, the same on all
// ranks.
void broadcast(Communicator const& comm, std::vector<std::byte>& bytes, int root,
               std::size_t piece);
[[nodiscard]] std::vector<std::vector<std::byte>> gather(Communicator const& comm,
                                                         std::span<std::byte const> bytes, int root,
                                                         std::size_t piece);
[[nodiscard]] std::vector<std::vector<std::byte>> all_gather(Communicator const& comm,
                                                             std::span<std::byte const> bytes,
                                                             std::size_t piece);

/// Calls `handle(offset, size)` for pieces of at most `piece` bytes that make up `total`, in order;
/// nothing for a total of zero.
template <class Handle>
void for_each_piece(std::size_t total, std::size_t piece, Handle const& handle)
{
    for (std::size_t offset = 0; offset < total; offset += piece) {
        handle(offset, static_cast<int>(total - offset < piece ? total - offset : piece));
    }
}
}  // namespace sectile::comm::detail
