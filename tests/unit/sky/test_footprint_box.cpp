// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <cmath>

#include <gtest/gtest.h>

#include "sectile/sky/make_grid_map.hpp"

#include "sky_fixtures.hpp"

namespace sectile::test
{
namespace
{
using core::Box;
using sky::PixelPos;
using sky::SkyWcs;

/// Smallest box of canvas pixels that the pixel corners of the source touch, by trying them all.
Box brute_force(SkyWcs const& destination, Box const& canvas, SkyWcs const& source)
{
    std::vector<PixelPos> row(static_cast<std::size_t>(source.width()) + 1);
    std::vector<sky::SkyCoord> sky(row.size());
    Box touched;
    for (std::int64_t y = 0; y <= source.height(); ++y) {
        for (std::size_t i = 0; i < row.size(); ++i) {
            row[i] = {static_cast<double>(i) - 0.5, static_cast<double>(y) - 0.5};
        }
        source.pixel_to_sky(row, sky);
        destination.sky_to_pixel(sky, row);
        for (PixelPos const& p : row) {
            if (std::isfinite(p.x) && std::isfinite(p.y)) {
                auto const px = static_cast<std::int64_t>(std::floor(p.x + 0.5));
                auto const py = static_cast<std::int64_t>(std::floor(p.y + 0.5));
                Box const pixel{px, py, px + 1, py + 1};
                touched = touched.empty()
                              ? pixel
                              : Box{std::min(touched.x0, pixel.x0), std::min(touched.y0, pixel.y0),
                                    std::max(touched.x1, pixel.x1), std::max(touched.y1, pixel.y1)};
            }
        }
    }
    return touched.clipped_to(canvas);
}

/// The box holds all that the source touches and is at most `slack` pixels larger on each side.
void expect_tight(SkyWcs const& destination, SkyWcs const& source, std::int64_t slack)
{
    Box const canvas = destination.bounds();
    Box const box = footprint_box(destination, canvas, source, 0);
    Box const truth = brute_force(destination, canvas, source);
    EXPECT_TRUE(box.contains(truth))
        << box.x0 << ' ' << box.y0 << ' ' << box.x1 << ' ' << box.y1 << " does not hold "
        << truth.x0 << ' ' << truth.y0 << ' ' << truth.x1 << ' ' << truth.y1;
    EXPECT_TRUE(truth.grown_by(slack).contains(box))
        << box.x0 << ' ' << box.y0 << ' ' << box.x1 << ' ' << box.y1 << " is much larger than "
        << truth.x0 << ' ' << truth.y0 << ' ' << truth.x1 << ' ' << truth.y1;
}

SkyWcs whole_sky()
{
    return make_wcs({.lon_type = "RA---CAR",
                     .lat_type = "DEC--CAR",
                     .lon = 180.0,
                     .lat = 0.0,
                     .scale = 0.01,
                     .width = 36000,
                     .height = 18000});
}

TEST(FootprintBox, IsTightForARotatedFrame)
{
    SkyWcs const canvas = make_wcs({.width = 4000, .height = 4000});

    for (double const angle : {0.0, 30.0, 45.0, 170.0, -95.0}) {
        SCOPED_TRACE(angle);
        expect_tight(
            canvas,
            make_wcs({.lon = 150.2, .lat = 29.9, .angle = angle, .width = 300, .height = 200}), 3);
    }
}

TEST(FootprintBox, HoldsABentOutline)
{
    // A wide field near the pole: its edges are strongly curved on the canvas.
    SkyWcs const source = make_wcs(
        {.lon = 40.0, .lat = 75.0, .scale = 0.02, .angle = 25.0, .width = 800, .height = 600});

    expect_tight(whole_sky(), source, 40);
}

TEST(FootprintBox, AddsTheMarginAndStaysOnTheCanvas)
{
    SkyWcs const canvas = make_wcs({.width = 2000, .height = 2000});
    SkyWcs const source = make_wcs({.width = 100, .height = 100});

    Box const plain = footprint_box(canvas, canvas.bounds(), source, 0);
    Box const grown = footprint_box(canvas, canvas.bounds(), source, 7);
    Box const clipped = footprint_box(canvas, {0, 0, 1000, 1000}, source, 7);

    EXPECT_EQ(grown, plain.grown_by(7));
    EXPECT_EQ(clipped, grown.clipped_to({0, 0, 1000, 1000}));
}

TEST(FootprintBox, IsEmptyOffTheCanvas)
{
    SkyWcs const canvas = make_wcs({});

    EXPECT_TRUE(footprint_box(canvas, canvas.bounds(), make_wcs({.lat = 32.0}), 4).empty());
    EXPECT_TRUE(
        footprint_box(canvas, canvas.bounds(), make_wcs({.lon = 330.0, .lat = -30.0}), 4).empty())
        << "the antipodes are not on the tangent plane";
}

TEST(FootprintBox, CoversAllLongitudesAroundThePole)
{
    SkyWcs const source =
        make_wcs({.lon = 100.0, .lat = 89.5, .scale = 0.005, .width = 400, .height = 400});

    Box const box = footprint_box(whole_sky(), whole_sky().bounds(), source, 0);

    EXPECT_EQ(box.x0, 0);
    EXPECT_EQ(box.x1, 36000);
    EXPECT_EQ(box.y1, 18000);
    expect_tight(whole_sky(), source, 60);
}

TEST(FootprintBox, CoversBothSidesOfTheSeam)
{
    SkyWcs const source = make_wcs(
        {.lon = 0.3, .lat = 20.0, .scale = 0.005, .angle = 20.0, .width = 500, .height = 400});

    Box const box = footprint_box(whole_sky(), whole_sky().bounds(), source, 0);

    EXPECT_LE(box.x0, 1);
    EXPECT_GE(box.x1, 35999);
    expect_tight(whole_sky(), source, 30);
}

TEST(FootprintBox, HoldsASourceThatSeesMoreThanTheCanvasCan)
{
    SkyWcs const source = make_wcs({.lon_type = "RA---ZEA",
                                    .lat_type = "DEC--ZEA",
                                    .lon = 0.0,
                                    .lat = 0.0,
                                    .scale = 0.3,
                                    .width = 500,
                                    .height = 500});
    SkyWcs const canvas = make_wcs({.lon_type = "RA---SIN",
                                    .lat_type = "DEC--SIN",
                                    .lon = 60.0,
                                    .lat = 10.0,
                                    .scale = 0.1,
                                    .width = 1300,
                                    .height = 1300});

    expect_tight(canvas, source, 40);
}

TEST(FootprintBox, FollowsDistortions)
{
    SkyWcs const canvas = make_wcs({.width = 4000, .height = 4000});
    SkyWcs const source = make_wcs({.more = card("A_ORDER", 3.0) + card("A_0_2", 2e-5) +
                                            card("B_ORDER", 3.0) + card("B_3_0", 4e-8)});

    expect_tight(canvas, source, 4);
}
}  // namespace
}  // namespace sectile::test
