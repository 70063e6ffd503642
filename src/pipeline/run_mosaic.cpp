// SPDX-License-Identifier: BSD-3-Clause
#include "sectile/pipeline/run_mosaic.hpp"

#include <algorithm>
#include <exception>
#include <memory>

#include "sectile/core/event_count.hpp"
#include "sectile/core/fault_injection.hpp"
#include "sectile/core/log.hpp"
#include "sectile/pipeline/plan_overview.hpp"
#include "sectile/pipeline/planned_phases.hpp"
#include "sectile/plan/mosaic_plan.hpp"

#include "pipeline/context.hpp"
#include "pipeline/event_report.hpp"
#include "pipeline/gather_ranks.hpp"
#include "pipeline/mosaic_modes.hpp"
#include "pipeline/p1_ingest.hpp"
#include "pipeline/p1_solve.hpp"
#include "pipeline/p2_group.hpp"
#include "pipeline/p2_register.hpp"
#include "pipeline/p4_grid.hpp"
#include "pipeline/p6_finish.hpp"
#include "pipeline/run_files.hpp"
#include "pipeline/run_phase.hpp"
#include "pipeline/telemetry_run.hpp"
#include "pipeline/verdicts.hpp"

namespace sectile::pipeline
{
namespace
{
/// P1, P2 and P4: what must be done. Each line is one timed step; what it makes is the noun of the
/// next.
void make_plan(plan::MosaicPlan& mosaic, RunConfig const& config, Context& context)
{
    mosaic.frames = run_phase(context, phases::ingest, [&] { return ingest(config, context); });
    run_phase(context, phases::solve, [&] { solve_frames(mosaic.frames, config, context); });
    mosaic.planes = planes_of_mosaic(mosaic.frames, config, context);
    // The grid comes before the groups: it may leave out frames that lie far from all others.
    mosaic.grid = run_phase(context, phases::grid,
                            [&] { return plan_global_grid(mosaic.frames, config, context); });
    obey_strict(mosaic.frames, config, context.world);
    mosaic.groups = run_phase(context, phases::group,
                              [&] { return group_pointings(mosaic.frames, config, context); });
    run_phase(context, phases::register_stars, [&] { register_frames(mosaic, config, context); });
    obey_strict(mosaic.frames, config, context.world);
}

/// How this rank executes the rest; where memory does not do, no pixel is worked on.
LocalPlan make_local_plan(plan::MosaicPlan const& mosaic, RunConfig const& config, Context& context)
{
    machine::PlannedMachine machine =
        machine::planned_machine({}, context.crew.node_now(), context.world.size());
    machine.nodes = context.spans_nodes ? std::max(2, machine.nodes) : 1;
    machine.rank.cores = context.crew.node().cores;
    PlanningSeat const seat{machine, context.world.rank(), context.world};
    LocalPlan local = run_phase(context, phases::planning, [&] {
        return plan_phases(mosaic, config, seat, context.crew, context.preparations);
    });
    context.report.set("planned", phases_json(local));
    return local;
}

/// The rest of the pipeline: pixels.
void execute(plan::MosaicPlan const& mosaic, LocalPlan local, RunConfig const& config,
             Context& context)
{
    if (config.makes_tiles()) {
        run_classic(mosaic, local, config, context);
    } else {
        run_on_canvas(mosaic, local, config, context);
    }
    run_phase(context, phases::finish, [&] { finish(mosaic, local, config, context); });
}

/// Leaves what is known of a run that failed with `error`. Where all ranks agreed on the failure,
/// all are here, and *collective*.
void report_failure(core::Error const& error, plan::MosaicPlan const& mosaic,
                    RunConfig const& config, Context& context, report::LogFile& log)
{
    try {
        if (dynamic_cast<core::StageFailed const*>(&error) != nullptr) {
            report_events(context);
            gather_ranks(context, log);
        }
        if (context.world.is_root()) {
            write_report(config, mosaic, context, error.what());
        }
    } catch (std::exception const& other) {
        // What ended the run is what the user should hear of.
        core::log_local(core::LogLevel::error, other.what());
    }
}
}  // namespace

core::ExitCode run_mosaic(RunConfig const& config, comm::Communicator const& world)
{
    report::LogFile log(world.rank(), config.log_level);
    core::set_faults(config.faults, world.rank());
    core::reset_events();
    RunFiles const files(config, world, log);
    Context context(config, world);
    TelemetryRun telemetry(config, context);
    plan::MosaicPlan mosaic;
    try {
        make_plan(mosaic, config, context);
        execute(mosaic, make_local_plan(mosaic, config, context), config, context);
        telemetry.finish();
    } catch (core::Error const& error) {
        report_failure(error, mosaic, config, context, log);
        throw;
    }
    report_events(context);
    gather_ranks(context, log);
    comm::agree(world, "ending the run", [&] {
        if (world.is_root()) {
            write_report(config, mosaic, context, {});
            files.clean_up(mosaic);
        }
    });
    core::log_world(core::LogLevel::info, context.report.timing_table());
    return core::ExitCode::done;
}

std::optional<PlanOverview> plan_mosaic(RunConfig const& config, comm::Communicator const& world)
{
    report::LogFile const log(world.rank(), config.log_level);
    Context context(config, world);
    auto mosaic = std::make_shared<plan::MosaicPlan>();
    make_plan(*mosaic, config, context);
    std::optional<PlanOverview> overview;
    comm::agree(world, "planning", [&] {
        if (world.is_root()) {
            PlanningSeat const seat{
                machine::planned_machine(config.machine, context.crew.node_now(), world.size()),
                -1,
                {}};
            overview =
                overview_of(mosaic, config, seat.machine,
                            plan_phases(*mosaic, config, seat, context.crew, context.preparations));
        }
    });
    return overview;
}
}  // namespace sectile::pipeline
