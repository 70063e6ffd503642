// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "sectile/engine/coadd.hpp"
#include "sectile/machine/crew.hpp"
#include "sectile/plan/parallel_plan.hpp"

namespace sectile::engine
{
/// Most float planes per pixel that samples are, on their way between ranks.
[[nodiscard]] int sample_planes(CoaddJob const& job);

/// Bands of the ranks, on chunks of the canvas file where the balance allows, and their strips.
[[nodiscard]] plan::Decomposition cut_canvas(CoaddJob const& job, int ranks, std::int64_t rows,
                                             std::int64_t columns);

/// Sizes of a coadd for the planner. `route` push holds samples instead of windows.
[[nodiscard]] plan::JobSize job_size(CoaddJob const& job, Route route);

/// The same with what the backend and the sink of this kind of coadd hold, and with the places of
/// the sources; `team_size` ranks share it, of which the peak of `rank` is predicted (-1: of the
/// one that holds most).
[[nodiscard]] plan::JobSize coadd_size(plan::PlanKind kind, CoaddJob const& job, int team_size,
                                       int rank, compute::Backend const& backend, Route route);

/// Band-wise execution of a coadd on this rank: decided, logged once, the same for equal input.
struct CoaddExecution
{
    plan::ParallelPlan plan;
    plan::Decomposition decomposition;
};

/// *Collective*: the plans of all ranks are brought to one strip size so that the rounds agree.
[[nodiscard]] CoaddExecution plan_execution(plan::PlanKind kind, CoaddJob const& job,
                                            comm::Communicator const& comm, machine::Crew& crew,
                                            Route route);

/// A crew with those it works with.
[[nodiscard]] Team team_of(machine::Crew& crew, comm::Communicator const& members);

/// Puts the steps of the ladder that a coadd had to take into the report, each kind counted.
void note_ladder(LadderSteps const& steps, plan::PlanKind kind, machine::Crew& crew);
}  // namespace sectile::engine
