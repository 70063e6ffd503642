// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <vector>

#include "sectile/plan/group.hpp"

namespace sectile::plan
{
/// Which ranks make which master tiles. Rank r belongs to team r % teams; the first rank of a team
/// writes its tiles and stands for them afterwards.
struct TileTeams
{
    int ranks = 1;
    int teams = 1;
    /// Of each team the groups that it makes tiles of, those of most frames first.
    std::vector<std::vector<std::size_t>> groups;

    [[nodiscard]] int team_of(int rank) const { return rank % teams; }
    [[nodiscard]] int ranks_of(int team) const { return (ranks - team + teams - 1) / teams; }
    /// The rank that writes the tile of each group.
    [[nodiscard]] std::vector<int> makers() const;
    /// Most tiles of a team.
    [[nodiscard]] std::size_t most_tiles() const;
    /// Largest over mean cost of the ranks, in frames.
    [[nodiscard]] double imbalance(std::vector<Group> const& all) const;
};

/// As many teams as ranks, or as groups if there are fewer of these; groups are dealt longest first
/// by their frames (assign_work()). Pure.
[[nodiscard]] TileTeams make_tile_teams(std::vector<Group> const& groups, int ranks);
}  // namespace sectile::plan
