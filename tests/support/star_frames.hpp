// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <functional>
#include <numbers>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "sectile/plan/footprint.hpp"
#include "sectile/plan/frame_record.hpp"
#include "sectile/sky/sky_wcs.hpp"

#include "support/fits_card.hpp"
#include "unit/core/pseudo_random.hpp"

/// Records of frames whose stars stand where a made sky has them.
namespace sectile::test
{
inline constexpr int frame_width = 1000;
inline constexpr int frame_height = 800;
/// The reason of frames that wait for a WCS.
inline constexpr char const* no_wcs_yet = "as the test says";
inline constexpr double frame_scale = 3.0;  // arcsec

/// A frame's true place, and what it states.
struct Place
{
    double ra = 150.0;
    double dec = 30.0;
    double angle = 0.0;  ///< degrees
    bool distorted = false;
};

inline sky::WcsDescription wcs_at(Place const& place)
{
    double const angle = place.angle * std::numbers::pi / 180.0;
    double const step = frame_scale / 3600.0;
    char const* const suffix = place.distorted ? "-SIP" : "";
    sky::WcsDescription wcs;
    wcs.cards = card(fmt::format("CTYPE1  = 'RA---TAN{}'", suffix)) +
                card(fmt::format("CTYPE2  = 'DEC--TAN{}'", suffix)) +
                card(fmt::format("CRVAL1  = {:.12f}", place.ra)) +
                card(fmt::format("CRVAL2  = {:.12f}", place.dec)) + card("CRPIX1  = 480.0") +
                card("CRPIX2  = 410.0") +
                card(fmt::format("CD1_1   = {:.15E}", -step * std::cos(angle))) +
                card(fmt::format("CD1_2   = {:.15E}", step * std::sin(angle))) +
                card(fmt::format("CD2_1   = {:.15E}", step * std::sin(angle))) +
                card(fmt::format("CD2_2   = {:.15E}", step * std::cos(angle)));
    if (place.distorted) {
        // 2 px in the corner, of no symmetry that a turn would keep.
        wcs.cards += card("A_ORDER = 2") + card("A_2_0   = 8E-6") + card("A_1_1   = 0") +
                     card("A_0_2   = 0") + card("B_ORDER = 2") + card("B_2_0   = 0") +
                     card("B_1_1   = 4E-6") + card("B_0_2   = 0");
    }
    wcs.width = frame_width;
    wcs.height = frame_height;
    return wcs;
}

/// The same 4000 stars for all frames of a seed, in 4 by 4 degrees.
inline std::vector<std::pair<sky::SkyCoord, double>> make_sky(std::uint64_t seed = 7)
{
    PseudoRandom generator(seed);
    std::vector<std::pair<sky::SkyCoord, double>> stars;
    for (int i = 0; i < 4000; ++i) {
        double const lon = 148.0 + 4.0 * generator.uniform(0.0, 1.0);
        double const lat = 28.0 + 4.0 * generator.uniform(0.0, 1.0);
        double const flux = std::pow(generator.uniform(1e-3, 1.0), -1.5);
        stars.push_back({{core::Angle::from_degrees(lon), core::Angle::from_degrees(lat)}, flux});
    }
    return stars;
}

/// The 120 brightest stars of a frame, each 0.05 px off.
inline std::vector<plan::FrameStar> stars_at(
    Place const& place, std::vector<std::pair<sky::SkyCoord, double>> const& sky_stars,
    std::uint64_t seed)
{
    PseudoRandom generator(100 + seed);
    sky::SkyWcs const wcs(wcs_at(place));
    std::vector<std::pair<double, plan::FrameStar>> found;
    for (auto const& [direction, flux] : sky_stars) {
        sky::PixelPos const p = wcs.sky_to_pixel(direction);
        if (p.x > 0 && p.y > 0 && p.x < frame_width - 1 && p.y < frame_height - 1) {
            double const seen = flux * (1.0 + 0.1 * generator.normal());
            found.push_back({seen,
                             {static_cast<float>(p.x + 0.05 * generator.normal()),
                              static_cast<float>(p.y + 0.05 * generator.normal()),
                              {static_cast<float>(seen), 0.0F, 0.0F}}});
        }
    }
    std::ranges::sort(found, std::greater{}, [](auto const& star) { return star.first; });
    std::vector<plan::FrameStar> stars;
    for (std::size_t i = 0; i < std::min<std::size_t>(found.size(), 120); ++i) {
        stars.push_back(found[i].second);
    }
    return stars;
}

/// Frame number `index` without a WCS, a minute and a half after the one before, whose header hints
/// at the place to 0.2 degrees.
inline plan::FrameRecord frame_without_wcs(std::size_t index, std::string const& path,
                                           Place const& place)
{
    static auto const sky_stars = make_sky();
    plan::FrameRecord frame;
    frame.id = core::FrameId{static_cast<std::uint32_t>(index)};
    frame.header.path = path;
    frame.header.geometry.width = frame_width;
    frame.header.geometry.height = frame_height;
    frame.header.facts.instrument = "camera";
    frame.header.facts.ra_hint = place.ra + 0.1;
    frame.header.facts.dec_hint = place.dec - 0.1;
    frame.header.facts.mjd = 60000.0 + static_cast<double>(index) * 1e-3;
    frame.verdict = {plan::VerdictCode::no_wcs, no_wcs_yet};
    frame.stars = stars_at(place, sky_stars, index);
    return frame;
}

/// The frame has a WCS of its own.
inline void give_wcs(plan::FrameRecord& frame, Place const& place, std::string const& origin)
{
    frame.header.wcs = wcs_at(place);
    frame.header.wcs_origin = origin;
    frame.footprint = plan::footprint_of(sky::SkyWcs(frame.header.wcs));
    frame.verdict = {};
}

/// Largest distance, in pixels, between a corner's place and the truth.
inline double corner_error(plan::FrameRecord const& frame, Place const& place)
{
    sky::SkyWcs const truth(wcs_at(place));
    sky::SkyWcs const own(frame.header.wcs);
    double worst = 0.0;
    for (sky::PixelPos const p :
         {sky::PixelPos{0, 0}, sky::PixelPos{frame_width - 1, 0},
          sky::PixelPos{0, frame_height - 1}, sky::PixelPos{frame_width - 1, frame_height - 1}}) {
        worst = std::max(worst,
                         plan::separation_of(own.pixel_to_sky(p), truth.pixel_to_sky(p)).arcsec());
    }
    return worst / frame_scale;
}
}  // namespace sectile::test
