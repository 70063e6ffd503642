// SPDX-License-Identifier: BSD-3-Clause
#include <cstring>
#include <iostream>

#include <gtest/gtest.h>

#include "sectile/sky/make_grid_map.hpp"

#include "sky_fixtures.hpp"

namespace sectile::test
{
namespace
{
using core::Box;
using image::GridMap;
using sky::PixelPos;
using sky::SkyWcs;

struct Accuracy
{
    double worst = 0.0;          ///< of positions within 10 pixels of the source
    std::size_t compared = 0;    ///< positions that count for it
    std::size_t mismatched = 0;  ///< valid in one and not in the other
};

/// Compares the map with the exact transform at pixels spread over its domain.
Accuracy accuracy_of(GridMap const& map, SkyWcs const& destination, SkyWcs const& source)
{
    std::vector<PixelPos> pixels = random_pixels(map.domain, 4000);
    for (PixelPos& pixel : pixels) {
        pixel = {std::floor(pixel.x), std::floor(pixel.y)};
    }
    std::vector<sky::SkyCoord> sky(pixels.size());
    std::vector<PixelPos> exact(pixels.size());
    destination.pixel_to_sky(pixels, sky);
    source.sky_to_pixel(sky, exact);
    Accuracy accuracy;
    Box const near = source.bounds().grown_by(10);
    for (std::size_t i = 0; i < pixels.size(); ++i) {
        auto const x = static_cast<std::int64_t>(pixels[i].x);
        double found_x = 0.0;
        double found_y = 0.0;
        map.evaluate_row(static_cast<std::int64_t>(pixels[i].y), x, x + 1, &found_x, &found_y);
        bool const valid = std::isfinite(exact[i].x);
        accuracy.mismatched += valid != std::isfinite(found_x) ? 1 : 0;
        if (valid && near.contains(static_cast<std::int64_t>(std::floor(exact[i].x)),
                                   static_cast<std::int64_t>(std::floor(exact[i].y)))) {
            ++accuracy.compared;
            double const error = std::hypot(found_x - exact[i].x, found_y - exact[i].y);
            accuracy.worst = error > accuracy.worst || std::isnan(error) ? error : accuracy.worst;
        }
    }
    return accuracy;
}

/// Makes the map of the source's footprint as the engine does, prints and checks its largest error.
GridMap expect_accurate(std::string const& name, SkyWcs const& destination, Box const& canvas,
                        SkyWcs const& source, int least_spacing)
{
    Box const domain = footprint_box(destination, canvas, source, 4);
    EXPECT_FALSE(domain.empty()) << name;
    int const spacing = choose_map_spacing(destination, source, domain);
    GridMap const map = make_grid_map(destination, source, domain, spacing);
    Accuracy const accuracy = accuracy_of(map, destination, source);
    std::size_t const exact = map.exact_x.size() / (static_cast<std::size_t>(spacing) *
                                                    static_cast<std::size_t>(spacing));
    std::cout << name << ": spacing " << spacing << ", exact cells " << exact << " of "
              << (map.nodes_x - 1) * (map.nodes_y - 1) << ", largest error " << accuracy.worst
              << " px at " << accuracy.compared << " pixels\n";
    ::testing::Test::RecordProperty("largest_error_" + name, std::to_string(accuracy.worst));
    EXPECT_LE(accuracy.worst, sky::grid_map_tolerance) << name;
    EXPECT_LE(map.max_error, sky::grid_map_tolerance) << name;
    EXPECT_GT(accuracy.compared, 500U) << name;
    EXPECT_EQ(accuracy.mismatched, 0U) << name;
    EXPECT_GE(spacing, least_spacing) << name;
    return map;
}

TEST(MakeGridMap, IsAccurateFromTanToRotatedTan)
{
    SkyWcs const canvas = make_wcs({.lon = 150.1, .lat = 30.1, .width = 4000, .height = 4000});
    SkyWcs const source = make_wcs({.angle = 37.0});

    GridMap const map = expect_accurate("TAN_rotated", canvas, canvas.bounds(), source, 32);

    EXPECT_TRUE(map.exact_cell.empty());
}

TEST(MakeGridMap, IsAccurateForASmartTelescopeWithSip)
{
    std::filesystem::path const file =
        test_data() / "m94_seestar/session1" / "Light_M_94_10.0s_IRCUT_20250326-212046.wcs";
    if (!std::filesystem::exists(file)) {
        GTEST_SKIP() << "no test data at " << file;
    }
    SkyWcs const source(describe_file(file, 0));
    ASSERT_EQ(source.width(), 1080);
    SkyWcs const canvas = make_wcs(
        {.lon = 192.7, .lat = 41.1, .scale = 2.37 / 3600.0, .width = 4000, .height = 4000});

    expect_accurate("TAN-SIP", canvas, canvas.bounds(), source, 16);
}

TEST(MakeGridMap, IsAccurateForTheTpvOfAWideCamera)
{
    std::filesystem::path const file =
        test_data() / "decam_tpv" / "c4d_150411_035242_ooi_z_ls9.N3.fits";
    if (!std::filesystem::exists(file)) {
        GTEST_SKIP() << "no test data at " << file;
    }
    SkyWcs const source(describe_file(file, 1));
    sky::SkyCoord const centre = source.pixel_to_sky(PixelPos{125.0, 125.0});
    SkyWcs const canvas = make_wcs({.lon = centre.lon.degrees(),
                                    .lat = centre.lat.degrees(),
                                    .scale = 0.25 / 3600.0,
                                    .width = 3000,
                                    .height = 2000});

    expect_accurate("TPV", canvas, canvas.bounds(), source, 16);
}

TEST(MakeGridMap, IsAccurateFromEquatorialTanToGalacticCar)
{
    std::filesystem::path const file = test_data() / "galactic_center" / "gc_msx_e.fits";
    if (!std::filesystem::exists(file)) {
        GTEST_SKIP() << "no test data at " << file;
    }
    SkyWcs const source(describe_file(file, 0));
    SkyWcs const canvas = make_wcs(
        {.lon = 266.4, .lat = -28.9, .scale = 6.0 / 3600.0, .width = 1500, .height = 1500});

    expect_accurate("CAR", canvas, canvas.bounds(), source, 16);
}

TEST(MakeGridMap, IsAccurateAtThePole)
{
    SkyWcs const source =
        make_wcs({.lon = 38.0, .lat = 89.9, .scale = 5.0 / 3600.0, .angle = 70.0});
    SkyWcs const canvas =
        make_wcs({.lon = 0.0, .lat = 90.0, .scale = 4.0 / 3600.0, .width = 2000, .height = 2000});

    expect_accurate("pole_TAN", canvas, canvas.bounds(), source, 16);
}

TEST(MakeGridMap, IsAccurateAtThePoleOfACylindricalCanvas)
{
    SkyWcs const source =
        make_wcs({.lon = 38.0, .lat = 89.6, .scale = 5.0 / 3600.0, .width = 600, .height = 600});
    SkyWcs const canvas = make_wcs({.lon_type = "RA---CAR",
                                    .lat_type = "DEC--CAR",
                                    .lon = 180.0,
                                    .lat = 0.0,
                                    .scale = 0.02,
                                    .width = 18000,
                                    .height = 9000});

    expect_accurate("pole_CAR", canvas, canvas.bounds(), source, 2);
}

TEST(MakeGridMap, IsAccurateForPoleOfTheZoo)
{
    std::filesystem::path const file = test_data() / "wcs_zoo" / "pole.fits";
    if (!std::filesystem::exists(file)) {
        GTEST_SKIP() << "no test data at " << file;
    }
    SkyWcs const source(describe_file(file, 0));
    sky::SkyCoord const centre = source.pixel_to_sky(PixelPos{100.0, 100.0});
    SkyWcs const canvas = make_wcs({.lon = centre.lon.degrees(),
                                    .lat = centre.lat.degrees(),
                                    .scale = 8.0 / 3600.0,
                                    .angle = 15.0,
                                    .width = 1000,
                                    .height = 1000});

    expect_accurate("pole_zoo", canvas, canvas.bounds(), source, 8);
}

TEST(MakeGridMap, IsAccurateBetweenHemispheres)
{
    // The border of the sky crosses the canvas: cells there are partly without position.
    SkyWcs const source = make_wcs({.lon_type = "RA---AIT",
                                    .lat_type = "DEC--AIT",
                                    .lon = 0.0,
                                    .lat = 0.0,
                                    .scale = 0.5,
                                    .width = 660,
                                    .height = 330});
    SkyWcs const canvas = make_wcs({.lon_type = "RA---SIN",
                                    .lat_type = "DEC--SIN",
                                    .lon = 180.0,
                                    .lat = 20.0,
                                    .scale = 0.25,
                                    .width = 500,
                                    .height = 500});

    GridMap const map = expect_accurate("AIT_to_SIN", canvas, canvas.bounds(), source, 1);

    EXPECT_FALSE(map.exact_cell.empty()) << "the border and the seam need exact cells";
}

TEST(MakeGridMap, FollowsTheKinksOfALookupTable)
{
    sky::WcsDescription description = describe({.more = card("CPDIS1", "'Lookup'")});
    description.pixel_lookup.push_back({.axis = 0,
                                        .columns = 5,
                                        .rows = 1,
                                        .crpix_x = 1.0,
                                        .crval_x = 1.0,
                                        .cdelt_x = 250.0,
                                        .values = {0.0F, 1.0F, -1.0F, 1.0F, 0.0F}});
    SkyWcs const source(description);
    SkyWcs const canvas = make_wcs({.lon = 150.1, .lat = 30.1, .width = 3000, .height = 3000});
    Box const domain = footprint_box(canvas, canvas.bounds(), source, 4);

    GridMap const map = make_grid_map(canvas, source, domain, 32);

    EXPECT_FALSE(map.exact_cell.empty());
    EXPECT_LE(accuracy_of(map, canvas, source).worst, sky::grid_map_tolerance);
}

/// Positions of the pixels of `box`, row by row, x before y.
std::vector<double> positions(GridMap const& map, Box const& box)
{
    auto const width = static_cast<std::size_t>(box.width());
    std::vector<double> all(2 * width * static_cast<std::size_t>(box.height()));
    double* out = all.data();
    for (std::int64_t y = box.y0; y < box.y1; ++y) {
        map.evaluate_row(y, box.x0, box.x1, out, out + width);
        out += 2 * width;
    }
    return all;
}

bool same_bytes(std::vector<double> const& a, std::vector<double> const& b)
{
    return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(double)) == 0;
}

TEST(MakeGridMap, GivesTheSameBytesWhateverTheDomain)
{
    // Seam, pole and border of the sky in one map, so that every kind of cell takes part.
    SkyWcs const source = make_wcs({.lon_type = "RA---CAR",
                                    .lat_type = "DEC--CAR",
                                    .lon = 0.0,
                                    .lat = 0.0,
                                    .scale = 0.5,
                                    .width = 720,
                                    .height = 360});
    SkyWcs const canvas = make_wcs({.lon_type = "RA---SIN",
                                    .lat_type = "DEC--SIN",
                                    .lon = 180.0,
                                    .lat = 60.0,
                                    .scale = 0.25,
                                    .width = 300,
                                    .height = 300});
    for (int const spacing : {1, 4, 16, 64}) {
        SCOPED_TRACE(spacing);
        Box const whole{-37, -21, 300, 300};
        GridMap const map = make_grid_map(canvas, source, whole, spacing);
        for (Box const& part : {Box{-37, -21, 300, -20}, Box{0, 0, 300, 64}, Box{5, 63, 6, 65},
                                Box{-30, 17, 299, 131}, Box{100, 131, 300, 300}}) {
            GridMap const band = make_grid_map(canvas, source, part, spacing);
            EXPECT_TRUE(same_bytes(positions(band, part), positions(map, part)));
        }
    }
}

TEST(MakeGridMap, MapsEveryPixelExactlyAtSpacingOne)
{
    SkyWcs const source = make_wcs({.angle = 10.0});
    SkyWcs const canvas = make_wcs({});
    Box const domain{-5, 10, 40, 30};
    GridMap const map = make_grid_map(canvas, source, domain, 1);

    std::vector<double> const found = positions(map, {7, 20, 8, 21});
    PixelPos const exact = source.sky_to_pixel(canvas.pixel_to_sky(PixelPos{7.0, 20.0}));

    EXPECT_EQ(found[0], exact.x);
    EXPECT_EQ(found[1], exact.y);
}

TEST(MakeGridMap, IsEmptyForAnEmptyDomain)
{
    SkyWcs const wcs = make_wcs({});

    GridMap const map = make_grid_map(wcs, wcs, {}, choose_map_spacing(wcs, wcs, {}));

    EXPECT_TRUE(map.domain.empty());
    EXPECT_EQ(map.bytes(), 0U);
}

TEST(ChooseMapSpacing, IsLargestForAPureShift)
{
    SkyWcs const source = make_wcs({});
    sky::WcsDescription shifted = describe({});
    shifted.cards = describe({.width = 1400}).cards;
    SkyWcs const canvas(shifted);

    EXPECT_EQ(choose_map_spacing(canvas, source, {0, 0, 1000, 800}), 64);
}

TEST(ChooseMapSpacing, FallsWithTheBendOfTheMap)
{
    SkyWcs const canvas = make_wcs({});
    auto const with_sip = [](double term) {
        return make_wcs({.more = card("A_ORDER", 2.0) + card("A_2_0", term)});
    };
    Box const domain{0, 0, 1000, 800};

    // Error of linear interpolation of c x^2 over spacing s: c s^2 / 4, at most the tolerance
    // of 2.5e-4.
    EXPECT_EQ(choose_map_spacing(canvas, with_sip(2e-6), domain), 16);
    EXPECT_EQ(choose_map_spacing(canvas, with_sip(8e-6), domain), 8);
    EXPECT_EQ(choose_map_spacing(canvas, with_sip(1.2e-4), domain), 2);
}
}  // namespace
}  // namespace sectile::test
