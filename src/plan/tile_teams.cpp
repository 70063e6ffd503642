// SPDX-License-Identifier: BSD-3-Clause
#include "sectile/plan/tile_teams.hpp"

#include <algorithm>

#include "sectile/core/error.hpp"
#include "sectile/plan/decomposition.hpp"

namespace sectile::plan
{
std::vector<int> TileTeams::makers() const
{
    std::size_t count = 0;
    for (auto const& of_team : groups) {
        count += of_team.size();
    }
    std::vector<int> ranks_of_groups(count, 0);
    for (std::size_t team = 0; team < groups.size(); ++team) {
        for (std::size_t const group : groups[team]) {
            ranks_of_groups[group] = static_cast<int>(team);
        }
    }
    return ranks_of_groups;
}

std::size_t TileTeams::most_tiles() const
{
    std::size_t most = 0;
    for (auto const& of_team : groups) {
        most = std::max(most, of_team.size());
    }
    return most;
}

double TileTeams::imbalance(std::vector<Group> const& all) const
{
    double most = 0.0;
    double frames = 0.0;
    for (int team = 0; team < teams; ++team) {
        double load = 0.0;
        for (std::size_t const group : groups[static_cast<std::size_t>(team)]) {
            load += static_cast<double>(all[group].frames.size());
        }
        most = std::max(most, load / ranks_of(team));
        frames += load;
    }
    return frames > 0.0 ? most * ranks / frames : 1.0;
}

TileTeams make_tile_teams(std::vector<Group> const& groups, int ranks)
{
    core::require(ranks >= 1, "teams are made of at least one rank");
    TileTeams teams;
    teams.ranks = ranks;
    teams.teams = std::clamp(static_cast<int>(groups.size()), 1, ranks);
    std::vector<WorkItem> work;
    work.reserve(groups.size());
    for (Group const& group : groups) {
        work.push_back({work.size(), static_cast<double>(group.frames.size())});
    }
    teams.groups = assign_work(work, teams.teams);
    return teams;
}
}  // namespace sectile::plan
