// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "sectile/solve/wcs_fit.hpp"

#include "unit/core/pseudo_random.hpp"
#include "unit/sky/sky_fixtures.hpp"

/// Coordinate systems to be fitted, and how far a fit is off.
namespace sectile::test
{
/// Places on the sky that the true WCS gives to pixels, which are then seen with noise.
inline std::vector<solve::SkyMatch> matches_of(sky::SkyWcs const& truth, std::size_t count,
                                               double noise = 0.0, std::uint64_t seed = 7)
{
    PseudoRandom random(seed);
    std::vector<solve::SkyMatch> matches;
    for (sky::PixelPos const& pixel : random_pixels(truth.bounds(), count)) {
        sky::SkyCoord const sky = truth.pixel_to_sky(pixel);
        matches.push_back(
            {{pixel.x + noise * random.normal(), pixel.y + noise * random.normal()}, sky, 1.0});
    }
    return matches;
}

/// Largest difference of two WCSs over the image in pixels of the first.
inline double worst_difference(sky::SkyWcs const& truth, sky::WcsDescription const& found)
{
    sky::SkyWcs const wcs(found);
    double worst = 0.0;
    for (int k = 0; k < 49; ++k) {
        sky::PixelPos const pixel{(k % 7) * (static_cast<double>(truth.width()) - 1.0) / 6.0,
                                  (k / 7) * (static_cast<double>(truth.height()) - 1.0) / 6.0};
        double const apart = separation(truth.pixel_to_sky(pixel), wcs.pixel_to_sky(pixel)) /
                             truth.pixel_scale().arcsec();
        worst = std::isnan(apart) ? apart : std::max(worst, apart);
    }
    return worst;
}

inline std::string sip_cards()
{
    return card("A_ORDER", 3.0) + card("B_ORDER", 3.0) + card("A_2_0", 2e-5) +
           card("A_1_1", -1e-5) + card("B_0_2", 1.5e-5) + card("A_3_0", 4e-9) +
           card("B_2_1", 3e-9) + card("B_1_1", 5e-6);
}

inline std::string tpv_cards()
{
    return card("PV1_0", 0.0) + card("PV1_1", 1.001) + card("PV1_2", 0.0005) +
           card("PV1_4", 0.003) + card("PV1_7", 0.05) + card("PV2_1", 0.999) +
           card("PV2_4", -0.002) + card("PV2_6", 0.004) + card("PV2_7", 0.04);
}

/// WCSs of many kinds with their names.
inline std::vector<std::pair<std::string, WcsSketch>> zoo()
{
    std::vector<std::pair<std::string, WcsSketch>> all;
    all.emplace_back("TAN", WcsSketch{.angle = 33.0});
    all.emplace_back("TAN mirrored", WcsSketch{.angle = -100.0, .mirrored = true});
    all.emplace_back("SIP", WcsSketch{.lon_type = "RA---TAN-SIP",
                                      .lat_type = "DEC--TAN-SIP",
                                      .lon = 359.99,
                                      .lat = -60.0,
                                      .angle = 140.0,
                                      .more = sip_cards()});
    all.emplace_back("TPV", WcsSketch{.lon_type = "RA---TPV",
                                      .lat_type = "DEC--TPV",
                                      .lat = -25.0,
                                      .angle = 5.0,
                                      .more = tpv_cards()});
    all.emplace_back(
        "galactic CAR",
        WcsSketch{
            .lon_type = "GLON-CAR", .lat_type = "GLAT-CAR", .lon = 0.0, .lat = 0.0, .angle = 20.0});
    all.emplace_back(
        "FK4", WcsSketch{.lat = 70.0, .more = card("RADESYS", "'FK4'") + card("EQUINOX", 1950.0)});
    all.emplace_back("at the pole",
                     WcsSketch{.lon = 20.0, .lat = 90.0, .more = card("LONPOLE", 180.0)});
    all.emplace_back("near the pole", WcsSketch{.lon = 20.0, .lat = -89.99, .angle = 70.0});
    all.emplace_back("ZPN", WcsSketch{.lon_type = "RA---ZPN",
                                      .lat_type = "DEC--ZPN",
                                      .more = card("PV2_1", 1.0) + card("PV2_3", 42.0)});
    return all;
}

/// The sketch with a look-up table of each kind.
inline sky::WcsDescription with_lookup(WcsSketch const& sketch)
{
    sky::WcsDescription description = describe(sketch);
    description.cards += card("CPDIS1", "'Lookup'") + card("D2IMDIS1", "'Lookup'");
    sky::LookupTable const table{0,   3,   2,     1.0,   1.0,
                                 1.0, 1.0, 500.0, 800.0, {0.0F, 1.0F, 0.2F, 0.5F, 0.7F, -0.4F}};
    description.pixel_lookup.push_back(table);
    description.detector_lookup.push_back(table);
    return description;
}
}  // namespace sectile::test
