// SPDX-License-Identifier: BSD-3-Clause
#include <gtest/gtest.h>

#include "sectile/comm/communicator.hpp"
#include "sectile/core/error.hpp"

namespace sectile::comm
{
namespace
{
TEST(Split, RanksOfOneColourFormAGroupInOrder)
{
    auto const world = Communicator::world();

    Communicator const team = world.split(world.rank() % 2);

    EXPECT_EQ(team.size(), (world.size() + 1 - world.rank() % 2) / 2);
    EXPECT_EQ(team.rank(), world.rank() / 2);
    // Ranks 0, 2, ... or 1, 3, ...
    std::int64_t expected = 0;
    for (int rank = world.rank() % 2; rank < world.size(); rank += 2) {
        expected += rank;
    }
    EXPECT_EQ(all_reduce_sum(team, world.rank()), expected);
}

TEST(Split, NestedGroupsOutliveTheirParents)
{
    Communicator inner;
    {
        auto const world = Communicator::world();
        Communicator const half = world.split(world.rank() / 2);
        inner = half.split(half.rank());
    }

    EXPECT_EQ(inner.size(), 1);
    EXPECT_EQ(all_reduce_sum(inner, 7), 7);
    EXPECT_FALSE(inner.is_null());
}

TEST(Split, CopiesShareTheGroup)
{
    auto const world = Communicator::world();
    Communicator const team = world.split(0);
    Communicator const copy = team;

    EXPECT_EQ(copy.impl(), team.impl());
    EXPECT_EQ(all_reduce_sum(copy, 1), world.size());
}

TEST(Split, AllRanksOfThisTestShareANode)
{
    auto const world = Communicator::world();

    Communicator const node = world.split_by_node();

    EXPECT_EQ(node.size(), world.size());
    EXPECT_EQ(node.rank(), world.rank());
}

TEST(Split, ManyGroupsAreGivenBack)
{
    auto const world = Communicator::world();

    // More than an implementation with a small table of groups could hold at once.
    for (int i = 0; i < 3000; ++i) {
        Communicator const team = world.split(0);
        ASSERT_EQ(team.size(), world.size());
    }
}

TEST(Split, NegativeColourIsRefused)
{
    EXPECT_THROW((void)Communicator::world().split(-1), core::InternalError);
    EXPECT_THROW((void)Communicator().split(-1), core::InternalError);
}

TEST(Split, AGroupAgreesWithoutTheOthers)
{
    auto const world = Communicator::world();
    Communicator const team = world.split(world.rank() % 2);
    bool const is_failing_team = world.rank() % 2 == 0;

    auto const stage = [&] {
        agree(team, "lot", [&] {
            if (is_failing_team && team.is_root()) {
                throw core::IoError("cannot write");
            }
        });
    };

    if (is_failing_team) {
        EXPECT_THROW(stage(), core::StageFailed);
    } else {
        EXPECT_NO_THROW(stage());
    }
}

TEST(Versions, NameTheLibraryAndTheHost)
{
    EXPECT_NE(mpi_library_version().find("(MPI "), std::string::npos) << mpi_library_version();
    EXPECT_FALSE(host_name().empty());
}
}  // namespace
}  // namespace sectile::comm
