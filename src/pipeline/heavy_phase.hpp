// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <chrono>
#include <string>
#include <type_traits>
#include <utility>

#include "pipeline/context.hpp"

namespace sectile::pipeline
{
/// When a phase that is executed by a parallel plan began.
struct HeavyPhaseStart
{
    std::chrono::steady_clock::time_point time;
    double cpu = 0.0;  ///< seconds of this process
};

/// No plan is in force, and the peak of the process starts anew.
[[nodiscard]] HeavyPhaseStart begin_heavy_phase(Context& context);

/// Puts what the phase used beside what its plan predicted, on every rank: one line in the log and
/// an entry of "plans" in the report. Nothing on a rank that made no plan.
void record_heavy_phase(Context& context, plan::PlanKind kind, HeavyPhaseStart const& start);

/// Runs `work` as the phase `name` of the report, measured against its plan; a phase that throws
/// has its times in the report, but no result.
template <class Work>
std::invoke_result_t<Work&> run_heavy_phase(Context& context, std::string name, plan::PlanKind kind,
                                            Work&& work)
{
    return context.report.timed(std::move(name), [&]() -> std::invoke_result_t<Work&> {
        HeavyPhaseStart const start = begin_heavy_phase(context);
        if constexpr (std::is_void_v<std::invoke_result_t<Work&>>) {
            work();
            record_heavy_phase(context, kind, start);
        } else {
            auto result = work();
            record_heavy_phase(context, kind, start);
            return result;
        }
    });
}
}  // namespace sectile::pipeline
