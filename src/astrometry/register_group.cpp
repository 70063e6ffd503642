// SPDX-License-Identifier: BSD-3-Clause
#include "sectile/astrometry/register_group.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <utility>

#include <fmt/format.h>

#include "sectile/core/robust.hpp"
#include "sectile/plan/tile_grid.hpp"
#include "sectile/sky/sky_wcs.hpp"
#include "sectile/solve/star_match.hpp"

#include "astrometry/group_catalog.hpp"
#include "astrometry/group_fit.hpp"
#include "astrometry/group_scales.hpp"

namespace sectile::astrometry
{
namespace
{
using plan::FrameRecord;

constexpr std::size_t least_stars = 6;     ///< of a frame, for a match
constexpr std::size_t least_pairs = 4;     ///< to choose a WCS by
constexpr std::size_t telling_stars = 15;  ///< so many without a match mean another field
constexpr double first_radius = 20.0;      ///< pixels: error of a WCS
constexpr double wide_radius = 80.0;       ///< of a bad one
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

/// Whether the match moves the middle of the stars by no more than so many pixels.
bool is_shift_within(solve::StarMatch const& match, std::vector<sky::PixelPos> const& places,
                     double limit)
{
    sky::PixelPos sum{0.0, 0.0};
    for (auto const& [own, known] : match.pairs) {
        sky::PixelPos const moved = match.transform.apply(places[own]);
        sum.x += moved.x - places[own].x;
        sum.y += moved.y - places[own].y;
    }
    return std::hypot(sum.x, sum.y) <= limit * static_cast<double>(match.pairs.size());
}

/// The work on one group.
class Registration
{
  public:
    Registration(std::vector<FrameRecord>& frames, std::size_t reference)
        : frames_(frames),
          reference_(reference),
          fit_(plan::tile_grid(frames, reference).wcs, catalog_),
          joined_(frames.size(), false),
          pairs_(frames.size()),
          refused_(frames.size())
    {
        for (FrameRecord const& frame : frames) {
            own_wcs_.push_back(frame.header.wcs);
        }
    }

    void run(core::TaskRunner& runner)
    {
        gather();
        solve::PlaneAffine const move = catalog_.move_to_own_places();
        runner.for_each(frames_.size(), [&](std::size_t i, int /*worker*/) {
            if (frames_[i].verdict.accepted()) {
                GroupFit const fit(fit_);
                refine(i, move, fit);
                note_shift(frames_[i], own_wcs_[i]);
            }
        });
        judge_untied();
        set_scales(frames_, reference_, pairs_);
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

    /// First pass: the catalogue of all frames that can be tied, each to what is known by then.
    /// Those that cannot are tried again once all others are in, and may begin where the catalogue
    /// has nothing yet.
    void gather()
    {
        std::vector<std::size_t> waiting;
        for (std::size_t const i : order()) {
            if (i == reference_) {
                start(i);
            } else {
                waiting.push_back(i);
            }
        }
        while (!waiting.empty()) {
            std::size_t const before = waiting.size();
            std::erase_if(waiting, [&](std::size_t i) { return tie(i); });
            if (waiting.size() == before) {
                // The catalogue is as it was when each of them was refused.
                auto const apart =
                    std::ranges::find_if(waiting, [&](std::size_t i) { return stands_apart(i); });
                if (apart == waiting.end()) {
                    break;
                }
                start(*apart);
                waiting.erase(apart);
            }
        }
        for (std::size_t const i : waiting) {
            judge_unmatched(frames_[i], refused_[i]);
        }
    }

    /// A frame of enough stars, on a part of the sky where the catalogue has next to none: it lies
    /// as its own WCS says, and others may be tied to it.
    [[nodiscard]] bool stands_apart(std::size_t index) const
    {
        return frames_[index].stars.size() >= telling_stars &&
               refused_[index].overlap_stars < least_stars;
    }

    /// The reference, or a frame that nothing is common with.
    void start(std::size_t index)
    {
        FrameRecord const& frame = frames_[index];
        auto const places = fit_.places_of(frame);
        catalog_.add({frame.stars, places, places}, {});
        joined_[index] = true;
    }

    /// Matches with what is known so far, corrects the WCS, joins the catalogue.
    [[nodiscard]] bool tie(std::size_t index)
    {
        FrameRecord& frame = frames_[index];
        std::vector<sky::PixelPos> const places = fit_.places_of(frame);
        solve::StarMatch found = match(frame, places);
        // A WCS that is right to some pixels has a say in where the group lies.
        bool const is_near = found.accepted && is_shift_within(found, places, first_radius);
        std::vector<sky::PixelPos> const own_places =
            is_near ? places : std::vector<sky::PixelPos>{};
        if (!found.accepted || !fit_.choose_wcs(frame, frame.header.wcs, found)) {
            refused_[index] = std::move(found);
            return false;
        }
        catalog_.add({frame.stars, fit_.places_of(frame), own_places}, found.pairs);
        joined_[index] = true;
        return true;
    }

    /// Near where the WCS puts it, else by pattern, else further off.
    [[nodiscard]] solve::StarMatch match(FrameRecord const& frame,
                                         std::vector<sky::PixelPos> const& places) const
    {
        solve::StarMatch const near = match_at(frame, places, {}, first_radius);
        if (near.accepted || frame.stars.size() < least_stars) {
            return near;
        }
        // Shapes and scales are right by the WCS, positions perhaps not.
        solve::PatternOptions options;
        options.acceptance.max_rms = rms_limit(frame);
        solve::StarMatch match =
            solve::match_pattern(catalog_.positions(), positions_of(places), options);
        if (!match.accepted) {
            match = match_at(frame, places, {}, wide_radius);
        }
        if (!match.accepted) {
            match.overlap_stars = std::max(match.overlap_stars, near.overlap_stars);
            match.reason = near.reason.empty() ? match.reason : near.reason;
            match.log10_false_alarm = std::min(match.log10_false_alarm, near.log10_false_alarm);
        }
        return match;
    }

    [[nodiscard]] solve::StarMatch match_at(FrameRecord const& frame,
                                            std::vector<sky::PixelPos> const& places,
                                            solve::PlaneAffine const& guess, double radius,
                                            int least_frames = 1) const
    {
        solve::NearOptions options;
        options.search_radius = radius;
        options.acceptance.max_rms = rms_limit(frame);
        return solve::match_near(catalog_.positions(least_frames), positions_of(places), guess,
                                 options);
    }

    static void judge_unmatched(FrameRecord& frame, solve::StarMatch const& match)
    {
        constexpr double no_chance = -6.0;
        if (match.log10_false_alarm < no_chance) {
            return;  // the same field, if badly seen: its own WCS stands
        }
        // Only what looks like a star tells: not the pieces of a satellite's trail.
        auto const clean = static_cast<std::size_t>(std::ranges::count_if(
            frame.stars,
            [](plan::FrameStar const& star) { return std::isfinite(star.flux.front()[0]); }));
        if (std::min(clean, match.overlap_stars) < telling_stars) {
            return;
        }
        frame.verdict = {plan::VerdictCode::another_field,
                         fmt::format("its stars are not those of its group ({}): it shows another "
                                     "field, or its WCS is wrong; --registration wcs stacks frames "
                                     "where their WCS say",
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

    /// Second pass: all frames against the mean of all, which has moved since they were tied to it.
    void refine(std::size_t index, solve::PlaneAffine const& move, GroupFit const& fit)
    {
        FrameRecord& frame = frames_[index];
        bool const was_tied = frame.registration.matches > 0;
        auto const places = fit.places_of(frame);
        solve::StarMatch match;
        if (joined_[index]) {
            // A star that only this frame has would be compared with itself.
            constexpr int others_too = 2;
            match = match_at(frame, places, move, second_radius, others_too);
        } else {
            match = this->match(frame, places);
        }
        bool const is_tied = match.accepted && match.pairs.size() >= least_pairs &&
                             fit.choose_wcs(frame, own_wcs_[index], match);
        if (is_tied) {
            pairs_[index] = std::move(match.pairs);
        } else if (was_tied) {
            fit.move_wcs(frame, move);  // with those that it was tied to
        }
    }

    /// Where the WCS of the others were wrong by pixels, that of a frame which could not be tied is
    /// not to be believed: its stars would stand beside theirs.
    void judge_untied()
    {
        constexpr double telling_shift = 2.0;  // pixels
        std::vector<double> shifts;
        for (FrameRecord const& frame : frames_) {
            if (frame.verdict.accepted() && frame.registration.matches > 0) {
                shifts.push_back(frame.registration.shift);
            }
        }
        if (shifts.empty()) {
            return;
        }
        double const usual = core::median_in_place(shifts);
        if (!(usual > telling_shift)) {
            return;
        }
        for (FrameRecord& frame : frames_) {
            if (frame.verdict.accepted() && frame.registration.matches == 0) {
                frame.verdict = {
                    plan::VerdictCode::untied,
                    fmt::format("it could not be tied to its group by stars (it has {}), and the "
                                "WCS of the other frames were off by {:.1f} pixels",
                                frame.stars.size(), usual)};
            }
        }
    }

    std::vector<FrameRecord>& frames_;
    std::size_t reference_;
    GroupCatalog catalog_;
    GroupFit fit_;
    std::vector<sky::WcsDescription> own_wcs_;  ///< that the frames came with
    std::vector<char> joined_;                  ///< the catalogue
    std::vector<StarPairs> pairs_;              ///< with it, of each frame
    std::vector<solve::StarMatch> refused_;     ///< of those that wait, at their last try
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
                plane.scale_error = 0.0;
            }
        }
        return;
    }
    Registration(frames, reference_frame(frames)).run(runner);
}
}  // namespace sectile::astrometry
