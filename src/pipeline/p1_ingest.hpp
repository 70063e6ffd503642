// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <vector>

#include "sectile/plan/frame_record.hpp"

#include "pipeline/context.hpp"

namespace sectile::pipeline
{
/// P1: finds the input files, reads headers and measures the frames (files dealt to the ranks in
/// blocks), decides what can be used. *Collective*; the same records on every rank, in the order of
/// the sorted file names.
[[nodiscard]] std::vector<plan::FrameRecord> ingest(RunConfig const& config, Context& context);

/// Quarantines frames with another number of planes than most, applies the quality gate, logs all
/// verdicts and returns the planes of the mosaic. *Collective*; every rank throws alike when there
/// is none, or with the exit code of --strict when that was asked for and a frame was quarantined.
[[nodiscard]] int planes_of_mosaic(std::vector<plan::FrameRecord>& frames, RunConfig const& config,
                                   Context& context);
}  // namespace sectile::pipeline
