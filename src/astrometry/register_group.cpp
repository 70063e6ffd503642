// SPDX-License-Identifier: BSD-3-Clause
#include "sectile/astrometry/register_group.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include <fmt/format.h>

#include "sectile/plan/tile_grid.hpp"
#include "sectile/sky/sky_wcs.hpp"
#include "sectile/solve/star_match.hpp"

#include "astrometry/group_catalog.hpp"
#include "astrometry/group_fit.hpp"

namespace sectile::astrometry
{
namespace
{
using plan::FrameRecord;

constexpr std::size_t least_stars = 6;     ///< of a frame, for a match
constexpr std::size_t least_pairs = 4;     ///< to choose a WCS by
constexpr std::size_t telling_stars = 15;  ///< so many without a match mean another field
constexpr std::size_t scale_stars = 10;    ///< for the photometric scale
constexpr double first_radius = 20.0;      ///< pixels: error of a WCS
constexpr double second_radius = 3.0;      ///< after the first fit

std::vector<solve::StarPosition> positions_of(std::vector<sky::PixelPos> const& places)
{
    std::vector<solve::StarPosition> positions;
    positions.reserve(places.size());
    for (std::size_t i = 0; i < places.size(); ++i) {
        positions.push_back({places[i].x, places[i].y, -static_cast<double>(i)});
    }
    return positions;
}

/// The work on one group.
class Registration
{
  public:
    Registration(std::vector<FrameRecord>& frames, std::size_t reference)
        : frames_(frames),
          reference_(reference),
          fit_(plan::tile_grid(frames, reference).wcs, catalog_)
    {
        for (FrameRecord const& frame : frames) {
            own_wcs_.push_back(frame.header.wcs);
        }
    }

    void run(core::TaskRunner& runner)
    {
        for (std::size_t const i : order()) {
            i == reference_ ? start(frames_[i]) : tie(frames_[i]);
        }
        catalog_.move_to_own_places();
        runner.for_each(frames_.size(), [&](std::size_t i, int /*worker*/) {
            if (frames_[i].verdict.accepted()) {
                GroupFit const fit(fit_);
                refine(frames_[i], own_wcs_[i], fit);
                note_shift(frames_[i], own_wcs_[i]);
            }
        });
        normalise_scales();
    }

  private:
    /// The reference, then the others by distance from it.
    [[nodiscard]] std::vector<std::size_t> order() const
    {
        std::vector<double> distance;
        sky::PixelPos const middle = fit_.place_of(frames_[reference_].footprint.center);
        for (FrameRecord const& frame : frames_) {
            sky::PixelPos const at = fit_.place_of(frame.footprint.center);
            distance.push_back(std::hypot(at.x - middle.x, at.y - middle.y));
        }
        distance[reference_] = -1.0;
        std::vector<std::size_t> order(frames_.size());
        std::iota(order.begin(), order.end(), std::size_t{0});
        std::ranges::stable_sort(order, {}, [&](std::size_t i) { return distance[i]; });
        return order;
    }

    void start(FrameRecord& frame)
    {
        auto const places = fit_.places_of(frame);
        catalog_.add({frame.stars, places, places, {1.0, 1.0, 1.0}}, {});
        for (plan::PlaneMeasurement& plane : frame.planes) {
            plane.scale = 1.0;
        }
    }

    /// First pass: match with what is known so far, correct the WCS, join the catalogue.
    void tie(FrameRecord& frame)
    {
        std::vector<sky::PixelPos> places = fit_.places_of(frame);
        solve::StarMatch match = match_at(places, first_radius);
        // A WCS that is right to some pixels has a say in where the group lies.
        std::vector<sky::PixelPos> const own_places =
            match.accepted ? places : std::vector<sky::PixelPos>{};
        if (!match.accepted && frame.stars.size() >= least_stars) {
            match = match_by_pattern(places, match);
        }
        if (!match.accepted) {
            judge_unmatched(frame, match);
            if (!frame.verdict.accepted() || frame.stars.size() < telling_stars) {
                return;  // nothing to add
            }
            match.pairs.clear();
        } else if (fit_.choose_wcs(frame, frame.header.wcs, match)) {
            places = fit_.places_of(frame);
        }
        auto const scale = catalog_.scale_of(frame.stars, match.pairs, scale_stars);
        catalog_.add({frame.stars, places, own_places, scale}, match.pairs);
    }

    [[nodiscard]] solve::StarMatch match_at(std::vector<sky::PixelPos> const& places,
                                            double radius) const
    {
        solve::NearOptions options;
        options.search_radius = radius;
        return solve::match_near(catalog_.positions(), positions_of(places), {}, options);
    }

    [[nodiscard]] solve::StarMatch match_by_pattern(std::vector<sky::PixelPos> const& places,
                                                    solve::StarMatch const& near) const
    {
        // As the WCS places them: shapes and scales are right there, positions perhaps not.
        solve::StarMatch match = solve::match_pattern(catalog_.positions(), positions_of(places));
        if (!match.accepted) {
            match.overlap_stars = std::max(match.overlap_stars, near.overlap_stars);
            match.reason = near.reason.empty() ? match.reason : near.reason;
            match.log10_false_alarm = std::min(match.log10_false_alarm, near.log10_false_alarm);
        }
        return match;
    }

    static void judge_unmatched(FrameRecord& frame, solve::StarMatch const& match)
    {
        constexpr double no_chance = -6.0;
        if (match.log10_false_alarm < no_chance) {
            return;  // the same field, if badly seen: its own WCS stands
        }
        // Only what looks like a star tells: not the pieces of a satellite's trail.
        auto const clean = static_cast<std::size_t>(std::ranges::count_if(
            frame.stars, [](plan::FrameStar const& star) { return std::isfinite(star.flux[0]); }));
        if (std::min(clean, match.overlap_stars) < telling_stars) {
            return;
        }
        frame.verdict = {plan::VerdictCode::another_field,
                         fmt::format("its stars are not those of its group ({}): it shows another "
                                     "field, or its WCS is wrong",
                                     match.reason)};
    }

    /// How far the corners or the middle of a tied frame are from where its own WCS put them.
    static void note_shift(FrameRecord& frame, sky::WcsDescription const& own_wcs)
    {
        if (frame.registration.matches == 0) {
            return;
        }
        sky::SkyWcs const before(own_wcs);
        sky::SkyWcs const after(frame.header.wcs);
        auto const x1 = static_cast<double>(frame.header.geometry.width) - 1.0;
        auto const y1 = static_cast<double>(frame.header.geometry.height) - 1.0;
        double largest = 0.0;
        for (sky::PixelPos const& at :
             {sky::PixelPos{0.0, 0.0}, sky::PixelPos{x1, 0.0}, sky::PixelPos{0.0, y1},
              sky::PixelPos{x1, y1}, sky::PixelPos{0.5 * x1, 0.5 * y1}}) {
            sky::PixelPos const moved = after.sky_to_pixel(before.pixel_to_sky(at));
            largest = std::max(largest, std::hypot(moved.x - at.x, moved.y - at.y));
        }
        frame.registration.shift = largest;
    }

    /// Second pass: all frames against the mean of all.
    void refine(FrameRecord& frame, sky::WcsDescription const& own_wcs, GroupFit const& fit) const
    {
        solve::StarMatch match = match_at(fit.places_of(frame), second_radius);
        // A star that only this frame has would be compared with itself.
        std::erase_if(match.pairs,
                      [&](auto const& pair) { return catalog_.stars()[pair.second].count < 2; });
        if (!match.accepted || match.pairs.size() < least_pairs) {
            return;
        }
        fit.choose_wcs(frame, own_wcs, match);
        auto const scale = catalog_.scale_of(frame.stars, match.pairs, scale_stars);
        for (std::size_t c = 0; c < frame.planes.size(); ++c) {
            frame.planes[c].scale = c < scale.size() ? scale[c] : plan::unmeasured;
        }
    }

    /// The reference has scale 1, exactly.
    void normalise_scales()
    {
        std::vector<double> gauge;
        for (plan::PlaneMeasurement const& plane : frames_[reference_].planes) {
            gauge.push_back(plane.scale);
        }
        for (FrameRecord& frame : frames_) {
            for (std::size_t c = 0; c < frame.planes.size() && c < gauge.size(); ++c) {
                if (std::isfinite(gauge[c]) && gauge[c] > 0.0) {
                    frame.planes[c].scale /= gauge[c];
                }
            }
        }
    }

    std::vector<FrameRecord>& frames_;
    std::size_t reference_;
    GroupCatalog catalog_;
    GroupFit fit_;
    std::vector<sky::WcsDescription> own_wcs_;  ///< that the frames came with
};
}  // namespace

std::size_t reference_frame(std::vector<FrameRecord> const& frames)
{
    std::size_t best = 0;
    double least = std::numeric_limits<double>::infinity();
    for (std::size_t i = 0; i < frames.size(); ++i) {
        double noise = 0.0;
        for (plan::PlaneMeasurement const& plane : frames[i].planes) {
            noise += plane.noise_sigma;
        }
        // Frames whose stars cannot be measured are compared among themselves, after the others.
        constexpr double blurred = 1e3;
        double const blur =
            std::isfinite(frames[i].quality.fwhm) ? frames[i].quality.fwhm : blurred;
        if (noise * blur < least) {
            least = noise * blur;
            best = i;
        }
    }
    return best;
}

void register_group(std::vector<FrameRecord>& frames, core::TaskRunner& runner)
{
    if (frames.size() < 2) {
        for (FrameRecord& frame : frames) {
            for (plan::PlaneMeasurement& plane : frame.planes) {
                plane.scale = 1.0;
            }
        }
        return;
    }
    Registration(frames, reference_frame(frames)).run(runner);
}
}  // namespace sectile::astrometry
