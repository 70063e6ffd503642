// SPDX-License-Identifier: BSD-3-Clause
#include <limits>

#include <gtest/gtest.h>

#include "sectile/comm/share.hpp"

namespace sectile::comm
{
namespace
{
TEST(Deal, SharesFollowEachOtherAndDifferByOneAtMost)
{
    for (std::size_t const items : {0U, 1U, 5U, 1000U, 1001U, 4095U}) {
        for (int const ranks : {1, 2, 3, 7, 1024, 4096}) {
            std::size_t next = 0;
            for (int rank = 0; rank < ranks; ++rank) {
                Share const share = deal(items, rank, ranks);
                EXPECT_EQ(share.first, next);
                EXPECT_GE(share.size(), items / static_cast<std::size_t>(ranks));
                EXPECT_LE(share.size(), items / static_cast<std::size_t>(ranks) + 1);
                next = share.last;
            }
            EXPECT_EQ(next, items);
        }
    }
}

TEST(Deal, DoesNotOverflow)
{
    constexpr std::size_t most = std::numeric_limits<std::size_t>::max();

    EXPECT_EQ(deal(most, 4095, 4096).last, most);
}

TEST(Deal, GivesEverythingToASerialGroup)
{
    EXPECT_EQ(deal(10, Communicator()), (Share{0, 10}));
    EXPECT_THROW((void)deal(10, 3, 3), core::InternalError);
}
}  // namespace
}  // namespace sectile::comm
