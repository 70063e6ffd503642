// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "sectile/engine/coadd.hpp"
#include "sectile/machine/planned_machine.hpp"
#include "sectile/pipeline/run_config.hpp"
#include "sectile/plan/decomposition.hpp"
#include "sectile/plan/mosaic_plan.hpp"
#include "sectile/plan/parallel_plan.hpp"
#include "sectile/plan/traffic.hpp"
#include "sectile/source/preparations.hpp"

namespace sectile::pipeline
{
/// One coadd as it would be executed.
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
    plan::ParallelPlan parallel;
};

/// P3: groups onto teams of ranks, and the largest master tile.
struct TilesFacts
{
    int teams = 1;
    int ranks_per_team = 1;       ///< of the largest team
    std::int64_t most_tiles = 0;  ///< of a team
    double imbalance = 1.0;       ///< largest over mean cost of the ranks
    std::int64_t bytes_read = 0;  ///< of all tiles, scaled from the largest by frames
    std::int64_t bytes_written = 0;
    CoaddFacts largest;
};

/// Everything `sectile plan` says, as plain data.
struct PlanOverview
{
    std::shared_ptr<plan::MosaicPlan const> mosaic;
    std::int64_t accepted = 0;
    std::int64_t input_bytes = 0;    ///< pixels of the accepted frames as stored
    std::int64_t largest_group = 0;  ///< frames
    std::int64_t smallest_group = 0;
    char const* mode = "";
    machine::PlannedMachine machine;
    std::optional<TilesFacts> tiles;  ///< classic
    CoaddFacts assembly;              ///< of tiles, or of frames in Mosaic-First
    std::int64_t rank_bytes = 0;      ///< largest predicted peak
    std::int64_t node_bytes = 0;      ///< of all ranks of a node
    std::int64_t node_limit = 0;      ///< what they may take together
};

/// The plan of the mode that was chosen, for `machine`. Places sources with the threads of this
/// rank; does not communicate. Throws core::ConfigError when the machine has not enough memory.
[[nodiscard]] PlanOverview overview_of(std::shared_ptr<plan::MosaicPlan const> mosaic,
                                       RunConfig const& config,
                                       machine::PlannedMachine const& machine,
                                       machine::TbbRunner& runner, compute::Backend const& backend,
                                       source::Preparations const& preparations);
}  // namespace sectile::pipeline
