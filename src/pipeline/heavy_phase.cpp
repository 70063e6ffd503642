// SPDX-License-Identifier: BSD-3-Clause
#include "pipeline/heavy_phase.hpp"

#include <exception>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "sectile/core/log.hpp"
#include "sectile/core/system.hpp"

namespace sectile::pipeline
{
HeavyPhase::HeavyPhase(Context& context, plan::PlanKind kind)
    : context_(context),
      kind_(kind),
      start_(std::chrono::steady_clock::now()),
      cpu_start_(core::read_process_usage().cpu_time)
{
    core::trim_heap();
    core::reset_peak_resident();
    context_.crew.begin_phase();
}

HeavyPhase::~HeavyPhase()
{
    if (!context_.crew.plan_in_force() || std::uncaught_exceptions() > 0) {
        return;
    }
    plan::ParallelPlan const& plan = *context_.crew.plan_in_force();
    core::ProcessUsage const usage = core::read_process_usage();
    double const wall =
        std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
    double const cpu = usage.cpu_time - cpu_start_;
    double const utilisation = wall > 0.0 ? cpu / (wall * context_.crew.node().cores) : 0.0;
    core::log_world(
        core::LogLevel::info,
        fmt::format("parallel_plan_result phase={} measured_peak_bytes={} predicted_peak_bytes={} "
                    "cpu_utilisation={:.2f}",
                    plan::name_of(kind_), usage.peak_resident, plan.predicted_peak_bytes,
                    utilisation));
    context_.report.append("plans", nlohmann::json{{"phase", plan::name_of(kind_)},
                                                   {"summary", plan::summary_line(plan)},
                                                   {"predicted_peak", plan.predicted_peak_bytes},
                                                   {"measured_peak", usage.peak_resident},
                                                   {"cpu_utilisation", utilisation}}
                                        .dump());
}
}  // namespace sectile::pipeline
