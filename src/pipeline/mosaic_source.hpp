// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <vector>

#include "sectile/engine/coadd.hpp"
#include "sectile/plan/frame_record.hpp"
#include "sectile/plan/parallel_plan.hpp"
#include "sectile/sky/frame_header.hpp"

#include "pipeline/context.hpp"

namespace sectile::pipeline
{
/// An input of a coadd before it is placed on a grid: a raw frame or a master tile. The same on
/// every rank.
struct MosaicSource
{
    enum class Kind : std::uint8_t
    {
        frame,
        tile
    };
    Kind kind = Kind::frame;
    sky::FrameHeader header;
    std::vector<plan::PlaneMeasurement> planes;
    std::vector<compute::Photometry> photometry;  ///< one per plane
    int home = 0;  ///< rank that made it or stands for it (push route)
};

/// A record as a source without photometric correction.
[[nodiscard]] MosaicSource source_of(plan::FrameRecord const& record, MosaicSource::Kind kind);

/// The accepted ones among `frames`, as sources without photometric correction.
[[nodiscard]] std::vector<MosaicSource> sources_of(std::vector<plan::FrameRecord> const& frames,
                                                   MosaicSource::Kind kind);

/// Where the sources fall on the grid: inputs for the engine, ascending ids in the order of
/// `sources`. The transforms are shared out over the ranks of `comm`. *Collective*. Keeps pointers
/// into `sources` and `grid`.
[[nodiscard]] std::vector<engine::CoaddInput> place_sources(
    comm::Communicator const& comm, engine::TbbRunner& runner,
    std::vector<MosaicSource> const& sources, sky::SkyWcs const& grid, Weighting weighting);

/// Sizes of a coadd for the planner. `route` push holds samples instead of windows.
[[nodiscard]] plan::JobSize job_size(engine::CoaddJob const& job, engine::Route route);

/// Band-wise execution of a coadd on this rank: decided, logged once, the same for equal input.
struct CoaddExecution
{
    plan::ParallelPlan plan;
    plan::Decomposition decomposition;
};

/// *Collective*: the plans of all ranks are brought to one strip size so that the rounds agree.
[[nodiscard]] CoaddExecution plan_execution(plan::PlanKind kind, engine::CoaddJob const& job,
                                            comm::Communicator const& comm, RunConfig const& config,
                                            Context& context, engine::Route route);

/// Puts the steps of the ladder that a coadd had to take into the report, each kind counted.
void note_ladder(engine::LadderSteps const& steps, plan::PlanKind kind, Context& context);
}  // namespace sectile::pipeline
