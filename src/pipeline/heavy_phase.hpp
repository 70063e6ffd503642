// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <chrono>
#include <string>
#include <utility>

#include "pipeline/context.hpp"

namespace sectile::pipeline
{
/// Measures a phase that is executed by a parallel plan, and puts what it used beside what was
/// predicted: one line in the log and an entry of "plans" in the report. This rank only.
class HeavyPhase
{
  public:
    HeavyPhase(Context& context, plan::PlanKind kind);
    ~HeavyPhase();
    HeavyPhase(HeavyPhase const&) = delete;
    HeavyPhase& operator=(HeavyPhase const&) = delete;

  private:
    Context& context_;
    plan::PlanKind kind_;
    std::chrono::steady_clock::time_point start_;
    double cpu_start_;
};

/// Runs `work` as the phase `name` of the report, measured against its plan.
template <class Work>
auto run_heavy_phase(Context& context, std::string name, plan::PlanKind kind, Work&& work)
{
    return context.report.timed(std::move(name), [&] {
        HeavyPhase const measured(context, kind);
        return work();
    });
}
}  // namespace sectile::pipeline
