// SPDX-License-Identifier: BSD-3-Clause
#include "pipeline/combine_solutions.hpp"

#include <array>
#include <cmath>
#include <cstddef>
#include <utility>

#include "sectile/core/error.hpp"
#include "sectile/solve/sip_fit.hpp"
#include "sectile/solve/wcs_fit.hpp"

namespace sectile::pipeline
{
namespace
{
constexpr double same_star = 3.0;  // pixels; solutions of one field differ by less
constexpr std::size_t least_shared = 12;
constexpr double largest_rms = 1.0;  // pixels

/// Sum of directions.
struct MeanDirection
{
    std::array<double, 3> sum = {0.0, 0.0, 0.0};
    int count = 0;

    void add(sky::SkyCoord const& direction)
    {
        double const cos_lat = std::cos(direction.lat.radians());
        sum[0] += cos_lat * std::cos(direction.lon.radians());
        sum[1] += cos_lat * std::sin(direction.lon.radians());
        sum[2] += std::sin(direction.lat.radians());
        ++count;
    }
    [[nodiscard]] sky::SkyCoord mean() const
    {
        return {core::Angle::from_radians(std::atan2(sum[1], sum[0])),
                core::Angle::from_radians(std::atan2(sum[2], std::hypot(sum[0], sum[1])))};
    }
};

/// Index of the only star near a place, or nothing.
std::optional<std::size_t> only_star_near(std::vector<plan::FrameStar> const& stars,
                                          sky::PixelPos const& place)
{
    std::optional<std::size_t> found;
    for (std::size_t i = 0; i < stars.size(); ++i) {
        if (std::hypot(stars[i].x - place.x, stars[i].y - place.y) <= same_star) {
            if (found) {
                return std::nullopt;
            }
            found = i;
        }
    }
    return found;
}

/// Adds the places that another solved frame gives to the stars of `frame`.
void add_places(plan::FrameRecord const& frame, sky::SkyWcs const& wcs,
                plan::FrameRecord const& other, std::vector<MeanDirection>& directions)
{
    sky::SkyWcs const other_wcs(other.header.wcs);
    for (plan::FrameStar const& star : other.stars) {
        sky::SkyCoord const direction = other_wcs.pixel_to_sky({star.x, star.y});
        sky::PixelPos const place = wcs.sky_to_pixel(direction);
        if (!std::isfinite(place.x) || !std::isfinite(place.y)) {
            continue;
        }
        auto const own = only_star_near(frame.stars, place);
        if (own && only_star_near(other.stars, {star.x, star.y})) {
            directions[*own].add(direction);
        }
    }
}
}  // namespace

std::optional<sky::WcsDescription> combined_solution(
    plan::FrameRecord const& frame, std::vector<plan::FrameRecord const*> const& others,
    sky::WcsLimits const& limits)
{
    try {
        sky::SkyWcs const wcs(frame.header.wcs);
        std::vector<MeanDirection> directions(frame.stars.size());
        for (std::size_t i = 0; i < frame.stars.size(); ++i) {
            directions[i].add(wcs.pixel_to_sky({frame.stars[i].x, frame.stars[i].y}));
        }
        for (plan::FrameRecord const* const other : others) {
            add_places(frame, wcs, *other, directions);
        }
        std::vector<solve::SkyMatch> matches;
        std::size_t shared = 0;
        for (std::size_t i = 0; i < frame.stars.size(); ++i) {
            matches.push_back({{frame.stars[i].x, frame.stars[i].y},
                               directions[i].mean(),
                               static_cast<double>(directions[i].count)});
            shared += directions[i].count > 1 ? 1 : 0;
        }
        if (shared < least_shared) {
            return std::nullopt;
        }
        bool const is_distorted = !solve::split_sip(frame.header.wcs.cards).sip.empty();
        solve::WcsFit fit = is_distorted ? solve::fit_sip(frame.header.wcs, matches)
                                         : solve::fit_wcs(frame.header.wcs, matches);
        if (!fit.converged || fit.rms_pixels > largest_rms ||
            sky::reason_unusable(sky::SkyWcs(fit.wcs), limits)) {
            return std::nullopt;
        }
        return std::move(fit.wcs);
    } catch (core::InputError const&) {
        return std::nullopt;
    }
}
}  // namespace sectile::pipeline
