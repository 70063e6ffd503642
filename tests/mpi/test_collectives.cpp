// SPDX-License-Identifier: BSD-3-Clause
#include <cstddef>
#include <vector>

#include <gtest/gtest.h>

#include "sectile/comm/communicator.hpp"
#include "sectile/core/error.hpp"

#include "comm/collectives_detail.hpp"

namespace sectile::comm
{
namespace
{
/// Bytes that tell rank and position apart.
std::vector<std::byte> pattern(std::size_t size, int rank)
{
    std::vector<std::byte> bytes(size);
    for (std::size_t i = 0; i < size; ++i) {
        bytes[i] =
            static_cast<std::byte>((i * 31 + static_cast<std::size_t>(rank) * 101 + 7) % 251);
    }
    return bytes;
}

/// Sizes that differ by rank; rank 1 has nothing.
std::vector<std::byte> own_bytes(int rank)
{
    return pattern(rank == 1 ? 0 : 1000 + 10 * static_cast<std::size_t>(rank), rank);
}

// 1 GiB never splits these messages; 64 and 7 split them with and without a remainder.
class Pieces : public ::testing::TestWithParam<std::size_t>
{};

TEST_P(Pieces, BroadcastReplacesBytesAndSizeOfEveryRank)
{
    auto const world = Communicator::world();
    int const root = world.size() - 1;
    std::vector<std::byte> bytes = pattern(world.rank() == root ? 6400 : 3, world.rank());

    detail::broadcast(world, bytes, root, GetParam());

    EXPECT_EQ(bytes, pattern(6400, root));
}

TEST_P(Pieces, GatherGivesRootTheBytesInRankOrder)
{
    auto const world = Communicator::world();
    int const root = world.size() / 2;

    auto const all = detail::gather(world, own_bytes(world.rank()), root, GetParam());

    ASSERT_EQ(all.size(), world.rank() == root ? static_cast<std::size_t>(world.size()) : 0U);
    for (std::size_t rank = 0; rank < all.size(); ++rank) {
        EXPECT_EQ(all[rank], own_bytes(static_cast<int>(rank)));
    }
}

TEST_P(Pieces, AllGatherGivesEveryRankTheBytesInRankOrder)
{
    auto const world = Communicator::world();

    auto const all = detail::all_gather(world, own_bytes(world.rank()), GetParam());

    ASSERT_EQ(all.size(), static_cast<std::size_t>(world.size()));
    for (std::size_t rank = 0; rank < all.size(); ++rank) {
        EXPECT_EQ(all[rank], own_bytes(static_cast<int>(rank)));
    }
}

INSTANTIATE_TEST_SUITE_P(Sizes, Pieces,
                         ::testing::Values(std::size_t{7}, std::size_t{64}, detail::piece_limit));

TEST(Collectives, EmptyMessagesPass)
{
    auto const world = Communicator::world();
    std::vector<std::byte> bytes;

    broadcast(world, bytes);
    auto const all = all_gather(world, bytes);

    EXPECT_TRUE(bytes.empty());
    EXPECT_EQ(all, std::vector<std::vector<std::byte>>(static_cast<std::size_t>(world.size())));
}

TEST(Collectives, ReductionsSeeEveryRank)
{
    auto const world = Communicator::world();
    std::int64_t const n = world.size();
    std::int64_t const far = std::int64_t{1} << 40;

    EXPECT_EQ(all_reduce_max(world, far + world.rank()), far + n - 1);
    EXPECT_EQ(all_reduce_max(world, -5), -5);
    EXPECT_EQ(all_reduce_sum(world, far + world.rank()), n * far + n * (n - 1) / 2);
}

TEST(Collectives, RootOutsideTheGroupIsRefused)
{
    auto const world = Communicator::world();
    std::vector<std::byte> bytes(3);

    EXPECT_THROW(broadcast(world, bytes, world.size()), core::InternalError);
    EXPECT_THROW((void)gather({}, bytes, 1), core::InternalError);
}

TEST(Collectives, NullCommunicatorIsASerialOne)
{
    Communicator const serial;
    std::vector<std::byte> bytes = pattern(10, 0);

    barrier(serial);
    broadcast(serial, bytes);

    EXPECT_EQ(serial.rank(), 0);
    EXPECT_EQ(serial.size(), 1);
    EXPECT_TRUE(serial.is_null());
    EXPECT_TRUE(serial.is_root());
    EXPECT_EQ(bytes, pattern(10, 0));
    EXPECT_EQ(gather(serial, bytes), (std::vector<std::vector<std::byte>>{bytes}));
    EXPECT_EQ(all_gather(serial, bytes), (std::vector<std::vector<std::byte>>{bytes}));
    EXPECT_EQ(all_reduce_sum(serial, 3), 3);
    EXPECT_TRUE(serial.split(2).is_null());
    EXPECT_TRUE(serial.split_by_node().is_null());
}
}  // namespace
}  // namespace sectile::comm
