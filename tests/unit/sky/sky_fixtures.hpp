// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <numbers>
#include <random>
#include <string>
#include <vector>

#include "sectile/sky/sky_wcs.hpp"

#include "support/fits_card.hpp"
#include "support/header_cards.hpp"
#include "support/test_data.hpp"

namespace sectile::test
{
/// What a synthetic WCS looks like; FITS conventions (1-based reference pixel, degrees).
struct WcsSketch
{
    std::string lon_type = "RA---TAN";
    std::string lat_type = "DEC--TAN";
    double lon = 150.0;
    double lat = 30.0;
    double scale = 1.0 / 3600.0;  ///< degrees per pixel
    double angle = 0.0;           ///< position angle of +y, degrees
    bool mirrored = false;        ///< east to the right
    std::int64_t width = 1000;
    std::int64_t height = 800;
    std::string more = {};  ///< further cards
};

inline sky::WcsDescription describe(WcsSketch const& sketch)
{
    double const c = std::cos(sketch.angle * std::numbers::pi / 180.0) * sketch.scale;
    double const s = std::sin(sketch.angle * std::numbers::pi / 180.0) * sketch.scale;
    double const east = sketch.mirrored ? 1.0 : -1.0;
    sky::WcsDescription description;
    description.width = sketch.width;
    description.height = sketch.height;
    // +y points to (sin, cos) of the position angle in (east, north); +x is a quarter turn from it.
    description.cards =
        card("CTYPE1", "'" + sketch.lon_type + "'") + card("CTYPE2", "'" + sketch.lat_type + "'") +
        card("CRVAL1", sketch.lon) + card("CRVAL2", sketch.lat) +
        card("CRPIX1", 0.5 * static_cast<double>(sketch.width + 1)) +
        card("CRPIX2", 0.5 * static_cast<double>(sketch.height + 1)) + card("CD1_1", east * c) +
        card("CD1_2", s) + card("CD2_1", -east * s) + card("CD2_2", c) + sketch.more;
    return description;
}

inline sky::SkyWcs make_wcs(WcsSketch const& sketch)
{
    return sky::SkyWcs(describe(sketch));
}

/// Description of HDU `hdu` of a file of the test data.
inline sky::WcsDescription describe_file(std::filesystem::path const& path, std::size_t hdu)
{
    HeaderBlock const header = read_header_blocks(path).at(hdu);
    sky::WcsDescription description;
    description.cards = header.cards;
    description.width = header.whole("NAXIS1", header.whole("IMAGEW", 1000));
    description.height = header.whole("NAXIS2", header.whole("IMAGEH", 1000));
    return description;
}

/// Pixel positions over the whole image, the same in every run.
inline std::vector<sky::PixelPos> random_pixels(core::Box const& box, std::size_t count)
{
    std::mt19937_64 engine(20250326);
    std::uniform_real_distribution<double> across(static_cast<double>(box.x0),
                                                  static_cast<double>(box.x1 - 1));
    std::uniform_real_distribution<double> along(static_cast<double>(box.y0),
                                                 static_cast<double>(box.y1 - 1));
    std::vector<sky::PixelPos> pixels(count);
    for (sky::PixelPos& pixel : pixels) {
        pixel = {across(engine), along(engine)};
    }
    return pixels;
}

/// Largest distance in pixels between positions and their way to the sky and back; NaN when one of
/// them finds no way back.
inline double worst_round_trip(sky::SkyWcs const& wcs, std::vector<sky::PixelPos> const& pixels)
{
    std::vector<sky::SkyCoord> sky(pixels.size());
    std::vector<sky::PixelPos> back(pixels.size());
    wcs.pixel_to_sky(pixels, sky);
    wcs.sky_to_pixel(sky, back);
    double worst = 0.0;
    for (std::size_t i = 0; i < pixels.size(); ++i) {
        double const error = std::hypot(back[i].x - pixels[i].x, back[i].y - pixels[i].y);
        worst = std::isnan(error) || std::isnan(worst) ? std::nan("") : std::max(worst, error);
    }
    return worst;
}

/// Angle between two directions, arcsec.
inline double separation(sky::SkyCoord const& a, sky::SkyCoord const& b)
{
    double const dlon = std::remainder(a.lon.radians() - b.lon.radians(), 2.0 * std::numbers::pi);
    double const dlat = a.lat.radians() - b.lat.radians();
    double const sin_lat = std::sin(0.5 * dlat);
    double const sin_lon = std::sin(0.5 * dlon);
    double const h = sin_lat * sin_lat +
                     std::cos(a.lat.radians()) * std::cos(b.lat.radians()) * sin_lon * sin_lon;
    return core::Angle::from_radians(2.0 * std::asin(std::sqrt(h))).arcsec();
}

inline sky::SkyCoord at_degrees(double lon, double lat)
{
    return {core::Angle::from_degrees(lon), core::Angle::from_degrees(lat)};
}
}  // namespace sectile::test
