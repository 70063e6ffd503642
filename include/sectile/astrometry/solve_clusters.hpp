// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "sectile/plan/frame_record.hpp"

namespace sectile::astrometry
{
/// Direction in which a frame points as far as it is known without trusting it: what the header
/// says, else the centre of its WCS.
[[nodiscard]] std::optional<sky::SkyCoord> pointing_hint(plan::FrameRecord const& frame);

/// Frames of equal text were taken with one camera mode, so that their stars can be compared.
[[nodiscard]] std::string camera_mode_of(plan::FrameRecord const& frame);

/// Whether the WCS came from a plate solution: a sidecar, or distortion in the header, which no
/// mount knows.
[[nodiscard]] bool shows_plate_solution(sky::FrameHeader const& header);

/// Clusters of the frames named in `members`: of one camera mode and folder, pointing within half a
/// degree of the first of them (frames without any hint lie together), no half day without a frame
/// between them (where the times are known). In order of their first frames; members ascending.
/// Pure.
[[nodiscard]] std::vector<std::vector<std::size_t>> clusters_of(
    std::vector<plan::FrameRecord> const& frames, std::vector<std::size_t> const& members);

/// Those of `known` (all of the frame's camera mode) that may serve `frame` as reference, best
/// first: near pointing, then near in time, then in the order of frames. At most `most`. Pure.
[[nodiscard]] std::vector<std::size_t> reference_candidates(
    std::vector<plan::FrameRecord> const& frames, std::size_t frame,
    std::vector<std::size_t> const& known, std::size_t most);

/// `count` of the entries, spread evenly over the list.
[[nodiscard]] std::vector<std::size_t> spread_over(std::vector<std::size_t> const& entries,
                                                   std::size_t count);
}  // namespace sectile::astrometry
