// SPDX-License-Identifier: BSD-3-Clause
#include "sectile/astrometry/frame_tie.hpp"

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "sectile/core/error.hpp"
#include "sectile/solve/sip_fit.hpp"
#include "sectile/solve/star_match.hpp"
#include "sectile/solve/wcs_fit.hpp"

namespace sectile::astrometry
{
namespace
{
using solve::PlaneAffine;

constexpr double largest_rms = 1.0;  // pixels: more is no tie but a chance

std::vector<solve::StarPosition> positions_of(std::vector<plan::FrameStar> const& stars)
{
    std::vector<solve::StarPosition> positions;
    positions.reserve(stars.size());
    for (plan::FrameStar const& star : stars) {
        double flux = 0.0;
        for (float const value : star.flux.front()) {
            flux += std::isfinite(value) ? value : 0.0;
        }
        positions.push_back({star.x, star.y, flux});
    }
    return positions;
}

/// The WCS of a camera without its SIP distortion.
sky::WcsDescription without_sip(sky::WcsDescription const& wcs, solve::SipCards const& parts)
{
    sky::WcsDescription linear = wcs;
    linear.cards = parts.linear;
    linear.pixel_lookup.clear();
    linear.detector_lookup.clear();
    return linear;
}

/// Stars where they would be without the distortion of the camera.
std::vector<solve::StarPosition> straightened(std::vector<solve::StarPosition> const& stars,
                                              sky::SkyWcs const& with, sky::SkyWcs const& without)
{
    std::vector<solve::StarPosition> moved = stars;
    for (solve::StarPosition& star : moved) {
        sky::PixelPos const place = without.sky_to_pixel(with.pixel_to_sky({star.x, star.y}));
        star.x = place.x;
        star.y = place.y;
    }
    return moved;
}

/// The reference's WCS turned and scaled about its reference pixel as the frame is, with the
/// distortion at the same pixels: right but for a shift, which the fit finds.
sky::WcsDescription turned_about_reference_pixel(sky::WcsDescription const& linear,
                                                 solve::SipCards const& parts, PlaneAffine turn,
                                                 int width, int height)
{
    auto const [x, y] = parts.origin;
    turn.x0 = x - turn.xx * x - turn.xy * y;
    turn.y0 = y - turn.yx * x - turn.yy * y;
    sky::WcsDescription result = solve::transferred_wcs(linear, turn, width, height);
    result.cards = solve::joined_sip(result.cards, parts.sip);
    return result;
}

FrameTie refused(std::string reason)
{
    FrameTie tie;
    tie.reason = std::move(reason);
    return tie;
}

/// A frame and its reference, and the ways to tie them.
class Tie
{
  public:
    Tie(plan::FrameRecord const& frame, plan::FrameRecord const& reference,
        sky::WcsLimits const& limits)
        : reference_(reference.header.wcs),
          reference_wcs_(reference_),
          moving_(positions_of(frame.stars)),
          fixed_(positions_of(reference.stars)),
          width_(static_cast<int>(frame.header.geometry.width)),
          height_(static_cast<int>(frame.header.geometry.height)),
          limits_(limits)
    {}

    /// The distortion belongs to the camera: none where the reference states none, or the frame is
    /// no image of the same camera mode.
    [[nodiscard]] FrameTie with_fixed_distortion() const
    {
        solve::SipCards const parts = solve::split_sip(reference_.cards);
        if (parts.sip.empty() || reference_.width != width_ || reference_.height != height_) {
            return refused("there is no common distortion");
        }
        sky::WcsDescription const linear = without_sip(reference_, parts);
        sky::SkyWcs const linear_wcs(linear);
        solve::StarMatch const match =
            solve::match_pattern(straightened(fixed_, reference_wcs_, linear_wcs),
                                 straightened(moving_, reference_wcs_, linear_wcs));
        return match.accepted ? fitted(match, turned_about_reference_pixel(
                                                  linear, parts, match.transform, width_, height_))
                              : refused(match.reason);
    }

    /// The distortion goes over with the sky.
    [[nodiscard]] FrameTie with_transferred_wcs() const
    {
        solve::StarMatch const match = solve::match_pattern(fixed_, moving_);
        return match.accepted ? fitted(match, solve::transferred_wcs(reference_, match.transform,
                                                                     width_, height_))
                              : refused(match.reason);
    }

  private:
    [[nodiscard]] FrameTie fitted(solve::StarMatch const& match,
                                  sky::WcsDescription const& start) const
    {
        std::vector<solve::SkyMatch> matches;
        for (auto const& [own, other] : match.pairs) {
            matches.push_back({{moving_[own].x, moving_[own].y},
                               reference_wcs_.pixel_to_sky({fixed_[other].x, fixed_[other].y})});
        }
        solve::WcsFit fit = solve::fit_wcs(start, matches);
        if (!fit.converged || fit.rms_pixels > largest_rms) {
            return refused("no WCS goes through the common stars");
        }
        if (auto const reason = sky::reason_unusable(sky::SkyWcs(fit.wcs), limits_)) {
            return refused(*reason);
        }
        return {std::move(fit.wcs), {}, fit.used, fit.rms_pixels};
    }

    sky::WcsDescription const& reference_;
    sky::SkyWcs reference_wcs_;
    std::vector<solve::StarPosition> moving_;
    std::vector<solve::StarPosition> fixed_;
    int width_;
    int height_;
    sky::WcsLimits limits_;
};
}  // namespace

FrameTie tie_frame(plan::FrameRecord const& frame, plan::FrameRecord const& reference,
                   sky::WcsLimits const& limits)
{
    try {
        Tie const tie(frame, reference, limits);
        try {
            FrameTie found = tie.with_fixed_distortion();
            if (found.wcs) {
                return found;
            }
        } catch (core::InputError const&) {
            // Cards in an order or a form of their own: the other way knows them.
        }
        return tie.with_transferred_wcs();
    } catch (core::InputError const& error) {
        return refused(error.what());
    }
}
}  // namespace sectile::astrometry
