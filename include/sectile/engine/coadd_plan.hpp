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

/// How a coadd is executed on this rank: decided once, the same for equal input.
struct CoaddExecution
{
    plan::JobSize size;
    plan::ParallelPlan plan;
    plan::Decomposition decomposition;
};

/// Who executes it: `ranks` share it, of which this is `rank` (-1: the one that holds most), with
/// what `node` says that each owns.
struct CoaddSeat
{
    int ranks = 1;
    int rank = 0;
    plan::Capabilities node;
};

/// The one maker of plans of coadds, for runs and for machines that are not there. Pure. Throws
/// core::ConfigError where the memory does not do.
[[nodiscard]] CoaddExecution plan_coadd(plan::PlanKind kind, CoaddJob const& job, Route route,
                                        CoaddSeat const& seat, compute::Backend const& backend,
                                        plan::ParallelOptions const& options);

/// A crew with those it works with.
[[nodiscard]] Team team_of(machine::Crew& crew, comm::Communicator const& members);

/// Puts the steps of the ladder that a coadd had to take into the report, each kind counted.
void note_ladder(LadderSteps const& steps, plan::PlanKind kind, machine::Crew& crew);
}  // namespace sectile::engine
