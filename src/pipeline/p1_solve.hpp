// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <vector>

#include "sectile/plan/frame_record.hpp"

#include "pipeline/context.hpp"

namespace sectile::pipeline
{
/// Gives frames without a WCS one (those whose verdict begins with no_wcs_reason, with stars), and
/// with a solver checks the WCS that mounts write into headers. *Collective*; `frames` are the same
/// on every rank before and after.
///
/// Frames of one camera mode, folder, night and pointing are a cluster. Of each cluster one frame
/// is solved by the external program, all clusters at once, spread over ranks and workers; the
/// others are tied to it by their stars (see tie_frame()). While frames are left over, more of them
/// are solved; in the end any frame with a WCS may serve as reference. A frame that stays without
/// is quarantined with what the solver said. Without a solver frames are still tied to those with a
/// WCS.
///
/// A header's WCS without any sign of a plate solution (no distortion, no sidecar) is checked by
/// solving one frame of its cluster: where a corner lies more than 2 px or 1.5 arcsec elsewhere,
/// the WCSs of the whole cluster are replaced. One that cannot be checked is believed, and noted.
///
/// Solutions are kept in <output>/solutions and taken from there by later runs. Nothing is solved
/// or tied in a dry run (there are no stars) or with master tiles. Throws core::StageFailed.
void solve_frames(std::vector<plan::FrameRecord>& frames, RunConfig const& config,
                  Context& context);
}  // namespace sectile::pipeline
