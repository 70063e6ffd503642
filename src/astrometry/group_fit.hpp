// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "sectile/plan/frame_record.hpp"
#include "sectile/sky/sky_wcs.hpp"
#include "sectile/solve/star_match.hpp"
#include "sectile/solve/wcs_fit.hpp"

#include "astrometry/group_catalog.hpp"

namespace sectile::astrometry
{
/// Rms of the matched stars, pixels, from which on a frame is not tied: half a pixel, or less than
/// anybody sees where the stars of the frame are soft.
[[nodiscard]] double rms_limit(plan::FrameRecord const& frame);

/// Fits the WCS of frames to the catalogue of their group, whose stars lie on a common plane. A
/// copy for each thread: the plane has scratch of its own. The catalogue must outlive it and be at
/// rest while it is used.
class GroupFit
{
  public:
    GroupFit(sky::WcsDescription const& plane, GroupCatalog const& catalog)
        : plane_(plane), catalog_(&catalog)
    {}

    /// Place of a sky position on the common plane, pixels.
    [[nodiscard]] sky::PixelPos place_of(sky::SkyCoord const& sky) const
    {
        return plane_.sky_to_pixel(sky);
    }
    /// Of the stars of a frame, by its WCS as it is now.
    [[nodiscard]] std::vector<sky::PixelPos> places_of(plan::FrameRecord const& frame) const
    {
        return places_of(frame.stars, frame.header.wcs);
    }

    /// Gives the frame the WCS that it came with, that one moved as a whole, or one whose matrix is
    /// fitted too, whichever the matched stars (of the frame, of the catalogue) tell best by
    /// Akaike's criterion: a turn fitted to few stars is worse than that of a good plate solution.
    /// Sets header.wcs, footprint, registration.matches and .rms. False when none leaves less than
    /// half a pixel rms; then nothing changes.
    bool choose_wcs(plan::FrameRecord& frame, sky::WcsDescription const& own_wcs,
                    solve::StarMatch const& match) const;

    /// Moves the WCS of a frame as `move` moves places on the common plane, and its footprint.
    void move_wcs(plan::FrameRecord& frame, solve::PlaneAffine const& move) const;

  private:
    [[nodiscard]] std::vector<sky::PixelPos> places_of(std::vector<plan::FrameStar> const& stars,
                                                       sky::WcsDescription const& wcs) const;
    [[nodiscard]] std::optional<solve::WcsFit> fit(plan::FrameRecord const& frame,
                                                   sky::WcsDescription const& start,
                                                   solve::StarMatch const& match,
                                                   solve::WcsFreedom freedom) const;
    [[nodiscard]] double misfit(plan::FrameRecord const& frame, sky::WcsDescription const& wcs,
                                solve::StarMatch const& match,
                                std::vector<std::uint32_t> const& rejected) const;

    sky::SkyWcs plane_;
    GroupCatalog const* catalog_;
};
}  // namespace sectile::astrometry
