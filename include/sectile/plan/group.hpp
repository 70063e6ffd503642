// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <optional>
#include <vector>

#include "sectile/core/angle.hpp"
#include "sectile/core/ids.hpp"
#include "sectile/plan/frame_record.hpp"

namespace sectile::plan
{
struct GroupingOptions
{
    std::optional<core::Angle> panel_threshold;  ///< default: a quarter of the smaller field side
    double max_span = 0.5;                       ///< field diagonals
    bool mix = false;  ///< group different filters and instruments together
    /// Frames further apart in position angle are separated.
    std::optional<core::Angle> orientation_split;
    int target_groups = 0;  ///< 0: automatic
};

/// Frames of one pointing, ascending ids.
struct Group
{
    core::GroupId id;
    std::vector<core::FrameId> frames;
    sky::SkyCoord center;
    core::Angle radius;  ///< of the union of the footprints
};

/// P2 (METHODS.md, section 6.1): single linkage of frame centres on the sphere (kd-tree over unit
/// vectors, union-find), separate by filter and instrument, chains cut by deterministic spherical
/// k-means until no group spans more than max_span field diagonals. Frames of different plane count
/// are never grouped. The result does not depend on the order of ties: groups are sorted by their
/// smallest frame id. Only accepted frames take part. Pure.
[[nodiscard]] std::vector<Group> group_frames(std::vector<FrameRecord> const& frames,
                                              GroupingOptions const& options);
}  // namespace sectile::plan
