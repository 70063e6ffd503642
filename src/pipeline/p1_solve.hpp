// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <vector>

#include "sectile/plan/frame_record.hpp"

#include "pipeline/context.hpp"

namespace sectile::pipeline
{
/// Gives frames without a WCS one (those of verdict no_wcs, with stars), and
/// with a solver checks the WCS that mounts write into headers. *Collective*; `frames` are the same
/// on every rank before and after.
///
/// Frames of one camera mode, folder, night and pointing are a cluster (METHODS.md, section 5.4).
/// Of each cluster five frames are solved by the external program, all clusters at once, spread
/// over ranks and workers; the others are tied to them by their stars (see tie_frame()). While
/// frames are left over, twice as many of them are solved as the time before; in the end any frame
/// with a WCS may serve as reference. A frame that stays without is quarantined with what the
/// solver said. Without a solver frames are still tied to those with a WCS.
///
/// A header's WCS without any sign of a plate solution (no distortion, no sidecar) is checked by
/// solving a frame of its cluster, and a second one where that fails: where a corner lies further
/// off than the smaller of 2 px and 1.5 arcsec, the WCSs of the whole cluster are replaced. One
/// that cannot be checked is believed, and noted.
///
/// Solutions are kept in <output>/solutions and taken from there by later runs. Nothing is solved
/// or tied in a dry run (there are no stars) or with master tiles. Throws core::StageFailed.
void solve_frames(std::vector<plan::FrameRecord>& frames, RunConfig const& config,
                  Context& context);
}  // namespace sectile::pipeline
