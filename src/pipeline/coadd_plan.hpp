// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "sectile/engine/coadd.hpp"
#include "sectile/plan/parallel_plan.hpp"

#include "pipeline/context.hpp"

namespace sectile::pipeline
{
/// Most float planes per pixel that samples are, on their way between ranks.
[[nodiscard]] int sample_planes(engine::CoaddJob const& job);

/// Bands of the ranks, on chunks of the canvas file where the balance allows, and their strips.
[[nodiscard]] plan::Decomposition cut_canvas(engine::CoaddJob const& job, int ranks,
                                             std::int64_t rows, std::int64_t columns);

/// Sizes of a coadd for the planner. `route` push holds samples instead of windows.
[[nodiscard]] plan::JobSize job_size(engine::CoaddJob const& job, engine::Route route);

/// The same with what the backend and the sink of this kind of coadd hold, and with the places of
/// the sources; `team_size` ranks share it, of which the peak of `rank` is predicted (-1: of the one
/// that holds most).
[[nodiscard]] plan::JobSize coadd_size(plan::PlanKind kind, engine::CoaddJob const& job,
                                       int team_size, int rank, compute::Backend const& backend,
                                       engine::Route route);

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
