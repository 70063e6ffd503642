// SPDX-License-Identifier: BSD-3-Clause
#include "sectile/comm/share.hpp"

namespace sectile::comm
{
Share deal(std::size_t items, int rank, int ranks)
{
    core::require(rank >= 0 && rank < ranks, "work is dealt to a rank of the group");
    auto const count = static_cast<std::size_t>(ranks);
    auto const position = static_cast<std::size_t>(rank);
    // The same as items * position / count without a product that could overflow.
    auto const begin = [&](std::size_t at) {
        return items / count * at + items % count * at / count;
    };
    return {begin(position), begin(position + 1)};
}

Share deal(std::size_t items, Communicator const& comm)
{
    return deal(items, comm.rank(), comm.size());
}
}  // namespace sectile::comm
