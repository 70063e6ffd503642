// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <vector>

#include "sectile/comm/communicator.hpp"
#include "sectile/pipeline/run_config.hpp"
#include "sectile/plan/frame_record.hpp"

namespace sectile::pipeline
{
/// The line of the log for a frame that is left out, once for the run.
void log_quarantined(plan::FrameRecord const& frame);

/// With --strict: throws core::StageFailed with exit code 5, which names the first frame that was
/// quarantined and why. Belongs after every step that may quarantine frames. *Collective*; `frames`
/// are the same on every rank.
void obey_strict(std::vector<plan::FrameRecord> const& frames, RunConfig const& config,
                 comm::Communicator const& world);
}  // namespace sectile::pipeline
