// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <cstddef>
#include <vector>

#include <gtest/gtest.h>

#include "sectile/plan/tile_teams.hpp"

namespace sectile::plan
{
namespace
{
std::vector<Group> groups_of(std::vector<std::size_t> const& frames)
{
    std::vector<Group> groups;
    for (std::size_t const count : frames) {
        groups.emplace_back();
        groups.back().frames.resize(count);
    }
    return groups;
}

TEST(TileTeams, EveryGroupHasOneTeamAndEveryRankToo)
{
    std::vector<Group> const groups = groups_of({3, 1, 7, 2, 5, 5, 1});
    for (int const ranks : {1, 2, 3, 7, 8, 20}) {
        TileTeams const teams = make_tile_teams(groups, ranks);
        SCOPED_TRACE(ranks);

        ASSERT_EQ(teams.teams, std::min(ranks, 7));
        ASSERT_EQ(teams.groups.size(), static_cast<std::size_t>(teams.teams));
        std::vector<int> made(groups.size(), 0);
        std::vector<int> const makers = teams.makers();
        int members = 0;
        for (int team = 0; team < teams.teams; ++team) {
            members += teams.ranks_of(team);
            EXPECT_FALSE(teams.groups[static_cast<std::size_t>(team)].empty());
            for (std::size_t const group : teams.groups[static_cast<std::size_t>(team)]) {
                ++made[group];
                EXPECT_EQ(teams.team_of(makers[group]), team);
            }
        }
        EXPECT_EQ(members, ranks);
        EXPECT_EQ(std::ranges::count(made, 1), std::ssize(made));
    }
}

TEST(TileTeams, RanksOfATeamAreThoseThatSayIt)
{
    TileTeams const teams = make_tile_teams(groups_of({4, 4, 4}), 8);

    std::vector<int> members(3, 0);
    for (int rank = 0; rank < 8; ++rank) {
        ++members[static_cast<std::size_t>(teams.team_of(rank))];
    }

    EXPECT_EQ(members, (std::vector<int>{3, 3, 2}));
    for (int team = 0; team < 3; ++team) {
        EXPECT_EQ(teams.ranks_of(team), members[static_cast<std::size_t>(team)]);
    }
}

TEST(TileTeams, ImbalanceIsTheLargestOverTheMeanLoad)
{
    std::vector<Group> const even = groups_of({2, 2, 2, 2});
    EXPECT_DOUBLE_EQ(make_tile_teams(even, 2).imbalance(even), 1.0);
    EXPECT_EQ(make_tile_teams(even, 2).most_tiles(), 2U);

    // 6 frames by one rank, 3 by the other.
    std::vector<Group> const odd = groups_of({6, 3});
    EXPECT_DOUBLE_EQ(make_tile_teams(odd, 2).imbalance(odd), 6.0 / 4.5);
    // Two ranks share the 6.
    EXPECT_DOUBLE_EQ(make_tile_teams(odd, 3).imbalance(odd), 1.0);
}

TEST(TileTeams, WithoutGroupsThereIsOneTeamWithNothingToDo)
{
    TileTeams const teams = make_tile_teams({}, 3);

    EXPECT_EQ(teams.teams, 1);
    EXPECT_TRUE(teams.makers().empty());
    EXPECT_EQ(teams.most_tiles(), 0U);
    EXPECT_DOUBLE_EQ(teams.imbalance({}), 1.0);
}
}  // namespace
}  // namespace sectile::plan
