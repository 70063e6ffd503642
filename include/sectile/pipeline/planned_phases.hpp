// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "sectile/comm/communicator.hpp"
#include "sectile/engine/coadd_plan.hpp"
#include "sectile/engine/placed_source.hpp"
#include "sectile/machine/planned_machine.hpp"
#include "sectile/pipeline/run_config.hpp"
#include "sectile/plan/mosaic_plan.hpp"
#include "sectile/plan/tile_teams.hpp"
#include "sectile/plan/traffic.hpp"

namespace sectile::pipeline
{
/// One coadd as it is executed: how large it is and how it is shared out.
struct CoaddFacts
{
    std::int64_t width = 0;  ///< destination pixels
    std::int64_t height = 0;
    std::int64_t sources = 0;
    std::int64_t depth = 0;  ///< most sources over one pixel
    int ranks = 1;           ///< that share it
    int idle_ranks = 0;      ///< of them, without any row
    std::int64_t rounds = 0;
    double imbalance = 1.0;  ///< largest over mean cost of the ranks
    std::int64_t bytes_read = 0;
    std::int64_t bytes_written = 0;
    engine::Route route = engine::Route::pull;
    plan::Traffic traffic;  ///< push route
};

/// P3: groups onto teams of ranks.
struct TilesFacts
{
    int teams = 1;
    int ranks_per_team = 1;       ///< of the largest team
    std::int64_t most_tiles = 0;  ///< of a team
    double imbalance = 1.0;       ///< largest over mean cost of the ranks
    std::int64_t bytes_read = 0;  ///< of all tiles, scaled from the tile of the plan by frames
    std::int64_t bytes_written = 0;
};

/// A phase that is to come, with the plan that it keeps to: of several jobs the one that needs most
/// memory.
struct PlannedPhase
{
    std::string name;  ///< of the phase, as in the report
    plan::ParallelPlan parallel;
    std::optional<CoaddFacts> coadd;
    std::optional<TilesFacts> tiles;
};

/// A master tile that is to be made.
struct PlannedTile
{
    plan::FrameRecord record;  ///< as the source that it will be; without measurements
    /// Of the frames of its group on its grid, and how this rank works on it; on ranks of other
    /// teams nothing.
    std::vector<engine::Placement> placements;
    std::optional<plan::ParallelPlan> match;
    plan::ParallelPlan parallel;
};

/// The phases after the plan of the mosaic, in their order: what `plan` prints, what memory is
/// checked by, and what a run executes.
struct LocalPlan
{
    std::vector<PlannedPhase> phases;
    plan::TileTeams teams;           ///< P3
    comm::Communicator team;         ///< of this rank
    std::vector<PlannedTile> tiles;  ///< by group
    engine::Route tile_route = engine::Route::pull;
    /// Of the sources of the canvas: tiles or accepted frames.
    std::vector<engine::Placement> canvas_placements;
    engine::Route canvas_route = engine::Route::pull;

    /// The phase of this name; null: it does not run.
    [[nodiscard]] PlannedPhase const* find(std::string_view name) const;
    /// Largest predicted peak of a rank, bytes.
    [[nodiscard]] std::int64_t peak_bytes() const;
};

/// For whom a plan is made: `rank` of a machine (-1: the one that holds most), with the ranks of
/// `comm` to share the work of planning (null: this one alone, which then plans all tiles).
struct PlanningSeat
{
    machine::PlannedMachine machine;
    int rank = -1;
    comm::Communicator comm;
};

/// Plans the phases of the way that the configuration takes. *Collective* over seat.comm. Throws
/// core::ConfigError, or what the ranks agreed on, naming the least memory that would do for all
/// phases, where the machine has not enough.
[[nodiscard]] LocalPlan plan_phases(plan::MosaicPlan const& mosaic, RunConfig const& config,
                                    PlanningSeat const& seat, machine::Crew& crew,
                                    source::Preparations const& preparations);

/// The list of phases as JSON: name, plan, and what is known of the coadd.
[[nodiscard]] std::string phases_json(LocalPlan const& plan);
}  // namespace sectile::pipeline
