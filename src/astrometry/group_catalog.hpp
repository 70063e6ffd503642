// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <utility>
#include <vector>

#include "sectile/plan/frame_record.hpp"
#include "sectile/sky/sky_wcs.hpp"
#include "sectile/solve/star_match.hpp"

#include "astrometry/group_place.hpp"

namespace sectile::astrometry
{
/// The stars of a group on one plane, gathered frame by frame: positions are means over the frames.
class GroupCatalog
{
  public:
    struct Star
    {
        double x = 0.0;  ///< pixels of the common plane
        double y = 0.0;
        int count = 0;
        double order = 0.0;  ///< brightest first: mean rank in the frames
    };

    /// A frame as it joins the catalogue.
    struct Entry
    {
        std::vector<plan::FrameStar> const& stars;
        std::vector<sky::PixelPos> const& places;  ///< of the stars on the common plane
        /// The same by the WCS that the frame came with; empty where that is not believed.
        std::vector<sky::PixelPos> const& own_places;
    };

    /// Pairs (star of the frame, star of the catalogue) are merged, the others join as new ones.
    void add(Entry const& frame, std::vector<std::pair<std::uint32_t, std::uint32_t>> const& pairs);

    /// Moves the whole catalogue to the place that the frames' own WCS give it (OwnPlacement); the
    /// stars keep their places relative to each other. Returns the move.
    solve::PlaneAffine move_to_own_places();

    [[nodiscard]] std::vector<Star> const& stars() const { return stars_; }
    /// For matching; stars that are not to be believed yet, or were seen in fewer than `least`
    /// frames, have flux NaN.
    [[nodiscard]] std::vector<solve::StarPosition> positions(int least = 1) const;

  private:
    std::vector<Star> stars_;
    OwnPlacement own_places_;
    int frames_ = 0;  ///< that were added
};
}  // namespace sectile::astrometry
