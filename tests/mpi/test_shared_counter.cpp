// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <cstring>
#include <numeric>
#include <vector>

#include <gtest/gtest.h>

#include "sectile/comm/communicator.hpp"

namespace sectile::comm
{
namespace
{
/// All numbers that the ranks drew, joined and sorted, on every rank.
std::vector<std::int64_t> joined(Communicator const& comm, std::vector<std::int64_t> const& own)
{
    std::vector<std::int64_t> all;
    for (auto const& bytes : all_gather(comm, std::as_bytes(std::span(own)))) {
        std::vector<std::int64_t> part(bytes.size() / sizeof(std::int64_t));
        std::memcpy(part.data(), bytes.data(), bytes.size());
        all.insert(all.end(), part.begin(), part.end());
    }
    std::sort(all.begin(), all.end());
    return all;
}

std::vector<std::int64_t> first_numbers(std::size_t count)
{
    std::vector<std::int64_t> numbers(count);
    std::iota(numbers.begin(), numbers.end(), 0);
    return numbers;
}

TEST(SharedCounter, EveryNumberIsDrawnOnce)
{
    auto const world = Communicator::world();
    constexpr std::size_t draws = 200;
    SharedCounter counter(world);

    std::vector<std::int64_t> own;
    for (std::size_t i = 0; i < draws; ++i) {
        own.push_back(counter.next());
    }

    EXPECT_TRUE(std::is_sorted(own.begin(), own.end()));
    EXPECT_EQ(joined(world, own), first_numbers(draws * static_cast<std::size_t>(world.size())));
}

TEST(SharedCounter, EachRunOfWorkStartsAtZero)
{
    auto const world = Communicator::world();
    for (int phase = 0; phase < 3; ++phase) {
        SharedCounter counter(world);

        std::vector<std::int64_t> const own{counter.next()};

        EXPECT_EQ(joined(world, own), first_numbers(static_cast<std::size_t>(world.size())));
    }
}

TEST(SharedCounter, TeamsCountApart)
{
    auto const world = Communicator::world();
    Communicator const team = world.split(world.rank() % 2);
    SharedCounter counter(team);

    std::vector<std::int64_t> const own{counter.next(), counter.next()};

    EXPECT_EQ(joined(team, own), first_numbers(2 * static_cast<std::size_t>(team.size())));
}

TEST(SharedCounter, NullCommunicatorCountsAlone)
{
    SharedCounter counter{Communicator()};

    EXPECT_EQ(counter.next(), 0);
    EXPECT_EQ(counter.next(), 1);
}
}  // namespace
}  // namespace sectile::comm
