// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cmath>
#include <cstdint>
#include <numbers>

#include <fmt/format.h>

#include "sectile/sky/sky_wcs.hpp"

#include "support/fits_card.hpp"

namespace sectile::test
{
/// Tangential system of 2 arcsec pixels, turned by `degrees`, whose pixel (x, y) lies at RA 150,
/// Dec 20: two of them differ by a shift of pixels, exactly.
inline sky::WcsDescription canvas_wcs(std::int64_t width, std::int64_t height, double x, double y,
                                      double degrees = 0.0)
{
    double const c = std::cos(degrees * std::numbers::pi / 180.0) * 2.0 / 3600.0;
    double const s = std::sin(degrees * std::numbers::pi / 180.0) * 2.0 / 3600.0;
    sky::WcsDescription wcs;
    wcs.width = width;
    wcs.height = height;
    wcs.cards = card("CTYPE1  = 'RA---TAN'") + card("CTYPE2  = 'DEC--TAN'") +
                card("CRVAL1", 150.0) + card("CRVAL2", 20.0) + card("CRPIX1", x + 1.0) +
                card("CRPIX2", y + 1.0) + card("CD1_1", -c) + card("CD1_2", s) + card("CD2_1", s) +
                card("CD2_2", c);
    return wcs;
}
}  // namespace sectile::test
