// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <vector>

#include "sectile/core/task_runner.hpp"
#include "sectile/plan/frame_record.hpp"

namespace sectile::astrometry
{
/// Index of the frame that the others of a group are tied and scaled to: the one that shows point
/// sources best (least noise times FWHM), the first of equals; frames without stars last.
[[nodiscard]] std::size_t reference_frame(std::vector<plan::FrameRecord> const& frames);

/// Ties the accepted frames of one group to each other by their stars.
///
/// The stars of all frames are brought to a common plane (the tile's grid) by their WCS, nearest
/// frames to the reference first, matched with the catalogue that grows frame by frame (near the
/// place the WCS says, else by pattern), and the WCS of the frame is fitted to the places of the
/// matched stars. A second pass ties every frame, the reference too, to the mean catalogue,
/// which lies where the frames' own WCS put it on average; a frame whose own WCS fits as well keeps
/// it (GroupFit::choose_wcs()). Fluxes of the matched stars give planes[c].scale (from 10 common
/// stars on; 1 for the reference). The second pass is shared out over `runner`.
///
/// A frame with too few stars for a match keeps its own WCS. A frame with many stars none of which
/// fit the catalogue is another field, or its WCS is wrong: it is quarantined. Sets header.wcs,
/// footprint, registration, planes[].scale and verdicts. Deterministic, thread-safe.
void register_group(std::vector<plan::FrameRecord>& frames, core::TaskRunner& runner);
}  // namespace sectile::astrometry
