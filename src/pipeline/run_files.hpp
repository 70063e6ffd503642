// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <memory>
#include <string>

#include "sectile/io/atomic_file.hpp"
#include "sectile/plan/mosaic_plan.hpp"

#include "pipeline/context.hpp"

namespace sectile::pipeline
{
/// The output directory of a run: held by a lock on rank 0, with the folder for intermediate tiles.
/// Making it is *collective* and throws core::StageFailed when the directory cannot be written or
/// is in use.
class RunFiles
{
  public:
    RunFiles(RunConfig const& config, comm::Communicator const& world, report::LogFile& log);
    /// Rank 0, when all products are there: removes what is not to be kept.
    void clean_up(plan::MosaicPlan const& mosaic) const;

  private:
    RunConfig const& config_;
    std::unique_ptr<io::OutputLock> lock_;
};

/// Rank 0: report.json with everything known so far, also when the run ended with `error`.
void write_report(RunConfig const& config, plan::MosaicPlan const& mosaic, Context& context,
                  std::string const& error);
}  // namespace sectile::pipeline
