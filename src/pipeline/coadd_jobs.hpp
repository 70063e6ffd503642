// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <vector>

#include "sectile/engine/placed_source.hpp"
#include "sectile/pipeline/run_config.hpp"
#include "sectile/plan/group.hpp"
#include "sectile/plan/mosaic_plan.hpp"

/// The coadds of a run, each made in one way, whether it is planned or run.
namespace sectile::pipeline
{
/// The records of a group, with their measurements.
[[nodiscard]] std::vector<plan::FrameRecord> frames_of(plan::Group const& group,
                                                       std::vector<plan::FrameRecord> const& all);

/// A master tile that is to be made, as the source that it will be: its files, size and WCS.
/// Measurements are missing. Takes the place of its group. Thread-safe.
[[nodiscard]] plan::FrameRecord tile_to_make(plan::Group const& group,
                                             std::vector<plan::FrameRecord> const& frames,
                                             RunConfig const& config);

/// The coadd of a group into its tile, for a team of so many ranks: not matched and not weighed
/// yet. Keeps pointers to `frames` and `grid`.
[[nodiscard]] engine::CoaddJob tile_job(std::vector<plan::FrameRecord> const& frames,
                                        std::vector<engine::Placement> const& placements,
                                        sky::SkyWcs const& grid, int ranks, RunConfig const& config,
                                        source::Preparations const& preparations);

/// What is coadded on the global grid.
struct CanvasSources
{
    std::vector<plan::FrameRecord const*> records;
    engine::SourceKind kind = engine::SourceKind::frame;
    std::vector<int> homes;  ///< the rank that made each; empty: they go round the ranks
};

/// The accepted frames of the input, or its tiles where a run starts from these.
[[nodiscard]] CanvasSources sources_of_input(plan::MosaicPlan const& mosaic,
                                             RunConfig const& config);

/// The coadd of tiles (P5) or frames (Mosaic-First) on the global grid: not matched and not weighed
/// yet. Keeps the pointers, and one to `grid`.
[[nodiscard]] engine::CoaddJob canvas_job(CanvasSources const& sources,
                                          std::vector<engine::Placement> const& placements,
                                          sky::SkyWcs const& grid, plan::MosaicPlan const& mosaic,
                                          int ranks, RunConfig const& config,
                                          source::Preparations const& preparations);
}  // namespace sectile::pipeline
