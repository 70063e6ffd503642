// SPDX-License-Identifier: BSD-3-Clause
#include "sectile/astrometry/combine_solutions.hpp"

#include <array>
#include <cmath>
#include <cstddef>
#include <utility>

#include "sectile/astrometry/frame_tie.hpp"
#include "sectile/core/error.hpp"
#include "sectile/solve/sip_fit.hpp"
#include "sectile/solve/wcs_fit.hpp"

namespace sectile::astrometry
{
namespace
{
constexpr double same_star = 1.5;  // pixels, after the frames were tied
constexpr std::size_t least_shared = 12;
constexpr double largest_rms = 1.0;  // pixels

/// Sum of what is known of a star: its places in the frame, and its directions.
struct StarSum
{
    double x = 0.0;
    double y = 0.0;
    std::array<double, 3> direction = {0.0, 0.0, 0.0};
    int count = 0;

    void add(sky::PixelPos const& place, sky::SkyCoord const& where)
    {
        double const cos_lat = std::cos(where.lat.radians());
        x += place.x;
        y += place.y;
        direction[0] += cos_lat * std::cos(where.lon.radians());
        direction[1] += cos_lat * std::sin(where.lon.radians());
        direction[2] += std::sin(where.lat.radians());
        ++count;
    }
    [[nodiscard]] solve::SkyMatch mean() const
    {
        sky::SkyCoord const where{core::Angle::from_radians(std::atan2(direction[1], direction[0])),
                                  core::Angle::from_radians(std::atan2(
                                      direction[2], std::hypot(direction[0], direction[1])))};
        return {{x / count, y / count}, where, static_cast<double>(count)};
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

/// Adds what another solved frame knows of the stars of `frame`. Its tie says where they lie in
/// `frame`, its own solution in which direction.
void add_frame(plan::FrameRecord const& frame, sky::SkyWcs const& wcs,
               plan::FrameRecord const& other, sky::WcsLimits const& limits,
               std::vector<StarSum>& sums)
{
    FrameTie const tie = tie_frame(other, frame, limits);
    if (!tie.wcs) {
        return;
    }
    sky::SkyWcs const tied(*tie.wcs);
    sky::SkyWcs const solved(other.header.wcs);
    for (plan::FrameStar const& star : other.stars) {
        sky::PixelPos const place = wcs.sky_to_pixel(tied.pixel_to_sky({star.x, star.y}));
        if (!std::isfinite(place.x) || !std::isfinite(place.y) ||
            !only_star_near(other.stars, {star.x, star.y})) {
            continue;
        }
        if (auto const own = only_star_near(frame.stars, place)) {
            sums[*own].add(place, solved.pixel_to_sky({star.x, star.y}));
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
        std::vector<StarSum> sums(frame.stars.size());
        for (std::size_t i = 0; i < sums.size(); ++i) {
            sky::PixelPos const place{frame.stars[i].x, frame.stars[i].y};
            sums[i].add(place, wcs.pixel_to_sky(place));
        }
        for (plan::FrameRecord const* const other : others) {
            add_frame(frame, wcs, *other, limits, sums);
        }
        std::vector<solve::SkyMatch> matches;
        std::size_t shared = 0;
        for (StarSum const& sum : sums) {
            matches.push_back(sum.mean());
            shared += sum.count > 1 ? 1 : 0;
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
}  // namespace sectile::astrometry
