// SPDX-License-Identifier: BSD-3-Clause
#include "pipeline/register_group.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <optional>

#include <fmt/format.h>

#include "sectile/core/error.hpp"
#include "sectile/plan/canvas_grid.hpp"
#include "sectile/sky/sky_wcs.hpp"
#include "sectile/solve/star_match.hpp"
#include "sectile/solve/wcs_fit.hpp"

#include "pipeline/frame_footprint.hpp"
#include "pipeline/group_catalog.hpp"

namespace sectile::pipeline
{
namespace
{
using plan::FrameRecord;

constexpr std::size_t least_stars = 6;     ///< of a frame, for a match
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
        : frames_(frames), reference_(reference), plane_(plane_of(frames, reference))
    {}

    void run()
    {
        for (std::size_t const i : order()) {
            i == reference_ ? start(frames_[i]) : tie(frames_[i]);
        }
        for (FrameRecord& frame : frames_) {
            if (frame.verdict.accepted()) {
                refine(frame);
            }
        }
        normalise_scales();
    }

  private:
    static sky::SkyWcs plane_of(std::vector<FrameRecord> const& frames, std::size_t reference)
    {
        std::vector<plan::GridInput> inputs;
        for (FrameRecord const& frame : frames) {
            inputs.push_back(
                {frame.footprint.edge, frame.footprint.center, frame.footprint.pixel_scale});
        }
        bool const mirrored = sky::SkyWcs(frames[reference].header.wcs).is_mirrored();
        return sky::SkyWcs(plan::plan_tile_grid(inputs, reference,
                                                frames[reference].footprint.position_angle,
                                                mirrored)
                               .wcs);
    }

    /// The reference, then the others by distance from it.
    [[nodiscard]] std::vector<std::size_t> order() const
    {
        std::vector<double> distance;
        sky::PixelPos const middle = plane_.sky_to_pixel(frames_[reference_].footprint.center);
        for (FrameRecord const& frame : frames_) {
            sky::PixelPos const at = plane_.sky_to_pixel(frame.footprint.center);
            distance.push_back(std::hypot(at.x - middle.x, at.y - middle.y));
        }
        distance[reference_] = -1.0;
        std::vector<std::size_t> order(frames_.size());
        std::iota(order.begin(), order.end(), std::size_t{0});
        std::ranges::stable_sort(order, {}, [&](std::size_t i) { return distance[i]; });
        return order;
    }

    [[nodiscard]] std::vector<sky::PixelPos> places_of(FrameRecord const& frame) const
    {
        sky::SkyWcs const wcs(frame.header.wcs);
        std::vector<sky::PixelPos> pixels;
        for (plan::FrameStar const& star : frame.stars) {
            pixels.push_back({star.x, star.y});
        }
        std::vector<sky::SkyCoord> sky(pixels.size());
        wcs.pixel_to_sky(pixels, sky);
        plane_.sky_to_pixel(sky, pixels);
        return pixels;
    }

    void start(FrameRecord& frame)
    {
        catalog_.add(frame.stars, places_of(frame), {}, {1.0, 1.0, 1.0});
        for (plan::PlaneMeasurement& plane : frame.planes) {
            plane.scale = 1.0;
        }
    }

    /// First pass: match with what is known so far, correct the WCS, join the catalogue.
    void tie(FrameRecord& frame)
    {
        std::vector<sky::PixelPos> places = places_of(frame);
        solve::StarMatch match = match_at(places, first_radius);
        if (!match.accepted && frame.stars.size() >= least_stars) {
            match = match_by_pattern(places, match);
        }
        if (!match.accepted) {
            judge_unmatched(frame, match);
            if (!frame.verdict.accepted() || frame.stars.size() < telling_stars) {
                return;  // nothing to add
            }
            match.pairs.clear();
        } else if (fit(frame, match)) {
            places = places_of(frame);
        }
        auto const scale = catalog_.scale_of(frame.stars, match.pairs, scale_stars);
        catalog_.add(frame.stars, places, match.pairs, scale);
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
        }
        return match;
    }

    static void judge_unmatched(FrameRecord& frame, solve::StarMatch const& match)
    {
        if (std::min(frame.stars.size(), match.overlap_stars) < telling_stars) {
            return;
        }
        frame.verdict = {plan::FrameState::quarantined,
                         fmt::format("its stars are not those of its group ({}): it shows another "
                                     "field, or its WCS is wrong",
                                     match.reason)};
    }

    /// Fits the WCS of the frame to the catalogue places of its matched stars; false when the fit
    /// fails and the WCS stays.
    bool fit(FrameRecord& frame, solve::StarMatch const& match)
    {
        std::vector<solve::SkyMatch> stars;
        for (auto const& [own, known] : match.pairs) {
            GroupCatalog::Star const& star = catalog_.stars()[known];
            stars.push_back({{frame.stars[own].x, frame.stars[own].y},
                             plane_.pixel_to_sky({star.x, star.y})});
        }
        try {
            solve::WcsFit const fitted = solve::fit_wcs(frame.header.wcs, stars);
            if (!fitted.converged || !(fitted.rms_pixels < 1.0)) {
                return false;
            }
            sky::SkyWcs const before(frame.header.wcs);
            sky::SkyWcs const after(fitted.wcs);
            sky::PixelPos const middle{0.5 * static_cast<double>(frame.header.geometry.width),
                                       0.5 * static_cast<double>(frame.header.geometry.height)};
            sky::PixelPos const moved = after.sky_to_pixel(before.pixel_to_sky(middle));
            double const shift = std::hypot(moved.x - middle.x, moved.y - middle.y);
            frame.header.wcs = fitted.wcs;
            frame.footprint = footprint_of(after);
            double const whole = std::isfinite(frame.registration.shift)
                                     ? frame.registration.shift + shift
                                     : shift;
            frame.registration = {static_cast<std::int64_t>(fitted.used), fitted.rms_pixels, whole};
            return true;
        } catch (core::InputError const&) {
            return false;
        }
    }

    /// Second pass: all frames against the mean of all.
    void refine(FrameRecord& frame)
    {
        solve::StarMatch match = match_at(places_of(frame), second_radius);
        // A star that only this frame has would be compared with itself.
        std::erase_if(match.pairs, [&](auto const& pair) {
            return catalog_.stars()[pair.second].count < 2;
        });
        if (!match.accepted || match.pairs.size() < least_stars) {
            return;
        }
        fit(frame, match);
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
    sky::SkyWcs plane_;
    GroupCatalog catalog_;
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
        double const blur = std::isfinite(frames[i].quality.fwhm) ? frames[i].quality.fwhm : blurred;
        if (noise * blur < least) {
            least = noise * blur;
            best = i;
        }
    }
    return best;
}

void register_group(std::vector<FrameRecord>& frames)
{
    if (frames.size() < 2) {
        for (FrameRecord& frame : frames) {
            for (plan::PlaneMeasurement& plane : frame.planes) {
                plane.scale = 1.0;
            }
        }
        return;
    }
    Registration(frames, reference_frame(frames)).run();
}
}  // namespace sectile::pipeline
