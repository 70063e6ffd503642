// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <memory>
#include <string>

#include "sectile/pipeline/run_config.hpp"
#include "sectile/report/telemetry.hpp"

#include "pipeline/context.hpp"

namespace sectile::pipeline
{
/// The telemetry of a run: every rank samples into a part file among the intermediate files; at the
/// end rank 0 joins them to telemetry.csv and puts what each rank used per phase into the report.
class TelemetryRun
{
  public:
    /// *Collective*. Nothing is sampled with an interval of 0. Throws core::StageFailed.
    TelemetryRun(RunConfig const& config, Context& context);
    /// Stops sampling; a failed run leaves no part file.
    ~TelemetryRun();
    TelemetryRun(TelemetryRun const&) = delete;
    TelemetryRun& operator=(TelemetryRun const&) = delete;

    /// *Collective*. Throws core::StageFailed.
    void finish();

  private:
    RunConfig const& config_;
    Context& context_;
    std::string part_;  ///< of this rank; made here so that ending cannot fail
    std::unique_ptr<report::Telemetry> sampler_;
};
}  // namespace sectile::pipeline
