// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <type_traits>

#include "pipeline/context.hpp"
#include "pipeline/phase.hpp"

namespace sectile::pipeline
{
/// When a phase began.
struct PhaseStart
{
    std::chrono::steady_clock::time_point time;
    double cpu = 0.0;  ///< seconds of this process
};

/// No plan is in force; the peak of the process starts anew where the phase has one.
[[nodiscard]] PhaseStart begin_phase(Context& context, Phase const& phase);

/// Puts what the phase used beside what its plan predicted, on every rank: one line in the log and
/// an entry of "plans" in the report. Nothing for a phase without a kind of plan, and on a rank
/// that made none.
void record_phase(Context& context, Phase const& phase, PhaseStart const& start);

/// Runs `work` as a phase: timed by its name, watched by telemetry, measured against its plan. A
/// phase that throws has its times in the report, but no result.
template <class Work>
std::invoke_result_t<Work&> run_phase(Context& context, Phase const& phase, Work&& work)
{
    return context.report.timed(std::string(phase.name), [&]() -> std::invoke_result_t<Work&> {
        PhaseStart const start = begin_phase(context, phase);
        if constexpr (std::is_void_v<std::invoke_result_t<Work&>>) {
            work();
            record_phase(context, phase, start);
        } else {
            auto result = work();
            record_phase(context, phase, start);
            return result;
        }
    });
}
}  // namespace sectile::pipeline
