// SPDX-License-Identifier: BSD-3-Clause
#include "pipeline/run_phase.hpp"

#include <fmt/format.h>

#include "sectile/core/log.hpp"
#include "sectile/core/system.hpp"

namespace sectile::pipeline
{
PhaseStart begin_phase(Context& context, Phase const& phase)
{
    PhaseStart const start{std::chrono::steady_clock::now(), core::read_process_usage().cpu_time};
    if (phase.kind) {
        core::trim_heap();
        core::reset_peak_resident();
    }
    context.crew.begin_phase();
    return start;
}

void record_phase(Context& context, Phase const& phase, PhaseStart const& start)
{
    if (!phase.kind || !context.crew.plan_in_force()) {
        return;
    }
    plan::ParallelPlan const& plan = *context.crew.plan_in_force();
    core::ProcessUsage const usage = core::read_process_usage();
    double const wall =
        std::chrono::duration<double>(std::chrono::steady_clock::now() - start.time).count();
    double const cpu = usage.cpu_time - start.cpu;
    double const utilisation = wall > 0.0 ? cpu / (wall * context.crew.node().cores) : 0.0;
    core::log(core::LogChannel::file, core::LogLevel::info,
              fmt::format("parallel_plan_result phase={} measured_peak_bytes={} "
                          "predicted_peak_bytes={} cpu_utilisation={:.2f}",
                          plan::name_of(*phase.kind), usage.peak_resident,
                          plan.predicted_peak_bytes, utilisation));
    context.report.add_plan({plan::name_of(*phase.kind), plan::summary_line(plan),
                             plan.predicted_peak_bytes,
                             static_cast<std::int64_t>(usage.peak_resident), utilisation});
}
}  // namespace sectile::pipeline
