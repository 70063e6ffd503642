// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "sectile/engine/coadd.hpp"
#include "sectile/machine/crew.hpp"
#include "sectile/plan/parallel_plan.hpp"

namespace sectile::engine
{
/// Chunk rows of the canvas file: strips that start on them are written without sharing chunks.
constexpr std::int64_t band_alignment = 64;

/// Most float planes per pixel that samples are, on their way between ranks.
[[nodiscard]] int sample_planes(CoaddJob const& job);

/// Sizes of a coadd for the planner. `route` push holds samples instead of windows.
[[nodiscard]] plan::JobSize job_size(CoaddJob const& job, Route route);

/// The same with what the backend and the sink of this kind of coadd hold; `team_size` ranks share
/// it.
[[nodiscard]] plan::JobSize coadd_size(plan::PlanKind kind, CoaddJob const& job, int team_size,
                                       compute::Backend const& backend, Route route);

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
