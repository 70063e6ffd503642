// SPDX-License-Identifier: BSD-3-Clause
#include <string>
#include <tuple>
#include <vector>

#include <gtest/gtest.h>

#include "sectile/comm/share.hpp"
#include "sectile/core/error.hpp"

namespace sectile::comm
{
namespace
{
struct Finding
{
    std::size_t frame = 0;
    std::string reason;
    friend bool operator==(Finding const&, Finding const&) = default;
};
auto fields(Finding& finding)
{
    return std::tie(finding.frame, finding.reason);
}

/// Differs in size by rank; rank 1 has none.
std::vector<Finding> findings_of(int rank)
{
    std::size_t const count = rank == 1 ? 0 : static_cast<std::size_t>(rank) + 2;
    std::vector<Finding> findings(count);
    for (std::size_t i = 0; i < count; ++i) {
        findings[i] = {100 * static_cast<std::size_t>(rank) + i, std::string(i, 'x')};
    }
    return findings;
}

std::vector<std::vector<Finding>> findings_of_all(Communicator const& comm)
{
    std::vector<std::vector<Finding>> all;
    all.reserve(static_cast<std::size_t>(comm.size()));
    for (int rank = 0; rank < comm.size(); ++rank) {
        all.push_back(findings_of(rank));
    }
    return all;
}

TEST(SharedValues, BroadcastReplacesThoseOfEveryRank)
{
    auto const world = Communicator::world();
    int const root = world.size() - 1;
    auto value = findings_of(world.rank());

    broadcast_value(world, value, root);

    EXPECT_EQ(value, findings_of(root));
}

TEST(SharedValues, GatherGivesRootThoseOfAllInRankOrder)
{
    auto const world = Communicator::world();
    int const root = world.size() / 2;

    auto const all = gather_values(world, findings_of(world.rank()), root);

    EXPECT_EQ(all,
              world.rank() == root ? findings_of_all(world) : std::vector<std::vector<Finding>>{});
}

TEST(SharedValues, AllGatherGivesThemToEveryRank)
{
    auto const world = Communicator::world();

    EXPECT_EQ(all_gather_values(world, findings_of(world.rank())), findings_of_all(world));
}

TEST(SharedValues, OneRankAfterTheOtherComesInRankOrder)
{
    auto const world = Communicator::world();
    std::vector<std::vector<Finding>> all;

    for_each_value(world, findings_of(world.rank()), [&](std::vector<Finding> value, int rank) {
        EXPECT_EQ(rank, std::ssize(all));
        all.push_back(std::move(value));
    });

    EXPECT_EQ(all, findings_of_all(world));
}

TEST(SharedValues, WhatRankZeroMakesIsEverywhere)
{
    auto const world = Communicator::world();
    int calls = 0;

    auto const made = broadcast_made(world, "grouping", [&] {
        ++calls;
        return findings_of(3);
    });

    EXPECT_EQ(made, findings_of(3));
    EXPECT_EQ(calls, world.is_root() ? 1 : 0);
}

TEST(SharedValues, WhatRankZeroCannotMakeFailsEverywhere)
{
    auto const world = Communicator::world();
    std::string text;

    try {
        (void)broadcast_made(world, "grouping",
                             []() -> std::string { throw core::ConfigError("no such grid"); });
    } catch (core::StageFailed const& error) {
        text = error.what();
        EXPECT_EQ(error.code(), core::ExitCode::usage);
    }

    EXPECT_EQ(text, world.size() == 1 ? "no such grid"
                                      : "stage 'grouping' failed on rank 0: no such grid");
}

TEST(DealtWork, EveryRankGetsAllResultsInOrder)
{
    auto const world = Communicator::world();
    for (std::size_t const items : {0U, 1U, 2U, 7U, 100U}) {
        std::size_t computed = 0;

        auto const all = all_gather_dealt(world, "placing", items, [&](Share share) {
            std::vector<Finding> own;
            for (std::size_t i = share.first; i < share.last; ++i) {
                own.push_back({i, std::string(i, 'y')});
            }
            computed += own.size();
            return own;
        });

        ASSERT_EQ(all.size(), items);
        for (std::size_t i = 0; i < items; ++i) {
            EXPECT_EQ(all[i], (Finding{i, std::string(i, 'y')}));
        }
        EXPECT_EQ(all_reduce_sum(world, static_cast<std::int64_t>(computed)),
                  static_cast<std::int64_t>(items));
    }
}

TEST(DealtWork, FailsEverywhereWhenItFailsOnOneRank)
{
    auto const world = Communicator::world();
    int const last = world.size() - 1;
    auto const work = [&](Share share) {
        if (world.rank() == last) {
            throw core::InputError("no stars");
        }
        return std::vector<double>(share.size());
    };

    EXPECT_THROW((void)all_gather_dealt(world, "pairs", 10, work), core::StageFailed);
}

TEST(DealtWork, EveryItemHasAResult)
{
    auto const world = Communicator::world();

    EXPECT_THROW((void)all_gather_dealt(world, "pairs", 10,
                                        [](Share) { return std::vector<double>(3 * 10); }),
                 core::StageFailed);
}

TEST(SharedValues, NeedNoRanks)
{
    Communicator const none;
    std::string text = "kept";
    broadcast_value(none, text);

    EXPECT_EQ(text, "kept");
    EXPECT_EQ(gather_values(none, std::string("a")), std::vector<std::string>{"a"});
    EXPECT_EQ(all_gather_values(none, std::string("a")), std::vector<std::string>{"a"});
    EXPECT_EQ(broadcast_made(none, "x", [] { return 5; }), 5);
    EXPECT_EQ(all_gather_dealt(none, "x", 2,
                               [](Share) {
                                   return std::vector<int>{1, 2};
                               }),
              (std::vector<int>{1, 2}));
}
}  // namespace
}  // namespace sectile::comm
