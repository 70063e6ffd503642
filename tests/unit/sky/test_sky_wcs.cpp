// SPDX-License-Identifier: BSD-3-Clause
#include <thread>

#include <gtest/gtest.h>

#include "sectile/core/error.hpp"
#include "sectile/sky/sky_wcs.hpp"

#include "sky_fixtures.hpp"

namespace sectile::test
{
namespace
{
using sky::PixelPos;
using sky::SkyCoord;
using sky::SkyWcs;

/// Coefficients of a plate solution of a small telescope: 3 pixels of distortion at the corners.
std::string sip_cards()
{
    return card("A_ORDER", 2.0) + card("A_2_0", 6.0e-6) + card("A_1_1", -4.0e-6) +
           card("A_0_2", 2.0e-6) + card("B_ORDER", 2.0) + card("B_2_0", -3.0e-6) +
           card("B_1_1", 5.0e-6) + card("B_0_2", 7.0e-6);
}

TEST(SkyWcs, PutsTheReferenceValueAtTheZeroBasedReferencePixel)
{
    SkyWcs const wcs = make_wcs({.lon = 150.0, .lat = 30.0, .width = 1000, .height = 800});

    SkyCoord const centre = wcs.pixel_to_sky(PixelPos{499.5, 399.5});

    EXPECT_NEAR(centre.lon.degrees(), 150.0, 1e-12);
    EXPECT_NEAR(centre.lat.degrees(), 30.0, 1e-12);
}

TEST(SkyWcs, FollowsTheGnomonicProjection)
{
    SkyWcs const wcs = make_wcs({.lon = 0.0, .lat = 0.0, .scale = 0.001});

    SkyCoord const up = wcs.pixel_to_sky(PixelPos{499.5, 399.5 + 300.0});
    SkyCoord const left = wcs.pixel_to_sky(PixelPos{499.5 - 300.0, 399.5});

    double const expected = std::atan(0.3 * std::numbers::pi / 180.0);
    EXPECT_NEAR(up.lat.radians(), expected, 1e-14);
    EXPECT_NEAR(left.lon.radians(), expected, 1e-14) << "east is to the left";
}

TEST(SkyWcs, ReportsScaleOrientationAndParity)
{
    SkyWcs const plain = make_wcs({.lat = 60.0, .scale = 2.0 / 3600.0, .angle = 33.0});
    SkyWcs const mirrored = make_wcs({.lat = 60.0, .angle = -120.0, .mirrored = true});

    EXPECT_NEAR(plain.pixel_scale().arcsec(), 2.0, 1e-8);
    EXPECT_NEAR(plain.position_angle().degrees(), 33.0, 1e-5);
    EXPECT_FALSE(plain.is_mirrored());
    EXPECT_NEAR(mirrored.position_angle().degrees(), -120.0, 1e-5);
    EXPECT_TRUE(mirrored.is_mirrored());
    EXPECT_EQ(plain.projection(), "TAN");
    EXPECT_EQ(plain.bounds(), (core::Box{0, 0, 1000, 800}));
}

TEST(SkyWcs, ReturnsLongitudesOfOneTurn)
{
    SkyWcs const wcs = make_wcs({.lon = 0.0, .lat = 10.0});

    SkyCoord const west = wcs.pixel_to_sky(PixelPos{900.0, 100.0});

    EXPECT_GT(west.lon.degrees(), 359.0);
    EXPECT_LT(west.lon.degrees(), 360.0);
    EXPECT_LT(worst_round_trip(wcs, random_pixels(wcs.bounds(), 100)), 1e-8);
}

struct FrameCase
{
    char const* name;
    WcsSketch sketch;
    SkyCoord expected;
    double tolerance;  ///< arcsec
};

// Expected positions from astropy 5.2 for native (83.1, -35.2), as FK5 J2000. FK4 within 0.1 mas:
// its E-terms are known to no more.
TEST(SkyWcs, ConvertsEveryCelestialFrameToTheIcrs)
{
    std::string const fk4 = card("RADESYS", "'FK4'") + card("EQUINOX", 1950.0);
    std::string const fk5 = card("RADESYS", "'FK5'") + card("EQUINOX", 1975.0);
    std::vector<FrameCase> const cases{
        {"FK4",
         {.lon = 83.1, .lat = -35.2, .more = fk4},
         at_degrees(83.5456135364, -35.1676046965),
         1e-4},
        {"old equinox alone",
         {.lon = 83.1, .lat = -35.2, .more = card("EQUINOX", 1950.0)},
         at_degrees(83.5456135364, -35.1676046965),
         1e-4},
        // astropy precesses by the IAU 2006 model, here it is that of 1976: 0.3 arcsec a century.
        {"FK5",
         {.lon = 83.1, .lat = -35.2, .more = fk5},
         at_degrees(83.3227969803, -35.1835489157),
         0.1},
        {"galactic",
         {.lon_type = "GLON-TAN", .lat_type = "GLAT-TAN", .lon = 83.1, .lat = -35.2},
         at_degrees(339.6362858177, 17.1953413492),
         1e-6},
        {"supergalactic",
         {.lon_type = "SLON-TAN", .lat_type = "SLAT-TAN", .lon = 83.1, .lat = -35.2},
         at_degrees(149.0091181660, 16.0444248837),
         1e-6},
        // astropy's ecliptic is that of the IAU 2006 obliquity: 0.042 arcsec.
        {"ecliptic",
         {.lon_type = "ELON-TAN", .lat_type = "ELAT-TAN", .lon = 83.1, .lat = -35.2},
         at_degrees(84.2421290910, -11.8985340279),
         0.1},
    };

    for (FrameCase const& one : cases) {
        SCOPED_TRACE(one.name);
        SkyWcs const wcs = make_wcs(one.sketch);
        SkyCoord const sky = wcs.pixel_to_sky(PixelPos{499.5, 399.5});
        EXPECT_LT(separation(sky, one.expected), one.tolerance);
        EXPECT_LT(worst_round_trip(wcs, random_pixels(wcs.bounds(), 50)), 1e-7);
    }
}

TEST(SkyWcs, TakesAxesInAnyOrder)
{
    SkyWcs const usual = make_wcs({.angle = 20.0});
    sky::WcsDescription swapped = describe({});
    double const c = std::cos(20.0 * std::numbers::pi / 180.0) / 3600.0;
    double const s = std::sin(20.0 * std::numbers::pi / 180.0) / 3600.0;
    swapped.cards = card("CTYPE1", "'DEC--TAN'") + card("CTYPE2", "'RA---TAN'") +
                    card("CRVAL1", 30.0) + card("CRVAL2", 150.0) + card("CRPIX1", 500.5) +
                    card("CRPIX2", 400.5) + card("CD1_1", s) + card("CD1_2", c) +
                    card("CD2_1", -c) + card("CD2_2", s);

    SkyWcs const wcs(swapped);

    for (PixelPos const& pixel : random_pixels(usual.bounds(), 20)) {
        EXPECT_LT(separation(wcs.pixel_to_sky(pixel), usual.pixel_to_sky(pixel)), 1e-8);
    }
}

TEST(SkyWcs, ReducesCubesToTheCelestialPair)
{
    SkyWcs const flat = make_wcs({});
    WcsSketch with_frequency;
    with_frequency.more =
        card("CTYPE3", "'FREQ'") + card("CRVAL3", 1.4e9) + card("CRPIX3", 1.0) + card("CD3_3", 1e6);
    sky::WcsDescription colour_first = describe({});
    colour_first.cards = card("CTYPE2", "'RA---TAN'") + card("CTYPE3", "'DEC--TAN'") +
                         card("CRVAL2", 150.0) + card("CRVAL3", 30.0) + card("CRPIX2", 500.5) +
                         card("CRPIX3", 400.5) + card("CDELT1", 1.0) +
                         card("CDELT2", -1.0 / 3600.0) + card("CDELT3", 1.0 / 3600.0);

    for (SkyWcs const& wcs : {make_wcs(with_frequency), SkyWcs(colour_first)}) {
        for (PixelPos const& pixel : random_pixels(flat.bounds(), 20)) {
            EXPECT_LT(separation(wcs.pixel_to_sky(pixel), flat.pixel_to_sky(pixel)), 1e-8);
        }
    }
}

TEST(SkyWcs, AppliesSipWithAndWithoutItsSuffix)
{
    SkyWcs const plain = make_wcs({});
    SkyWcs const named =
        make_wcs({.lon_type = "RA---TAN-SIP", .lat_type = "DEC--TAN-SIP", .more = sip_cards()});
    SkyWcs const unnamed = make_wcs({.more = sip_cards()});
    PixelPos const pixel{100.0, 700.0};

    double const u = 100.0 - 499.5;
    double const v = 700.0 - 399.5;
    PixelPos const shifted{pixel.x + 6.0e-6 * u * u - 4.0e-6 * u * v + 2.0e-6 * v * v,
                           pixel.y - 3.0e-6 * u * u + 5.0e-6 * u * v + 7.0e-6 * v * v};

    EXPECT_LT(separation(named.pixel_to_sky(pixel), plain.pixel_to_sky(shifted)), 1e-8);
    EXPECT_LT(separation(unnamed.pixel_to_sky(pixel), plain.pixel_to_sky(shifted)), 1e-8);
    EXPECT_LT(worst_round_trip(named, random_pixels(named.bounds(), 500)), 1e-6);
}

TEST(SkyWcs, ReadsTheOldScampPolynomialAsTpv)
{
    std::string const terms = card("PV1_0", 0.0) + card("PV1_1", 1.0) + card("PV1_7", 1e-2) +
                              card("PV2_0", 0.0) + card("PV2_1", 1.0) + card("PV2_4", 2e-3);
    SkyWcs const tpv =
        make_wcs({.lon_type = "RA---TPV", .lat_type = "DEC--TPV", .scale = 5e-4, .more = terms});
    SkyWcs const scamp = make_wcs({.scale = 5e-4, .more = terms});
    SkyWcs const plain = make_wcs({.scale = 5e-4});
    PixelPos const corner{0.0, 0.0};

    EXPECT_LT(separation(scamp.pixel_to_sky(corner), tpv.pixel_to_sky(corner)), 1e-9);
    EXPECT_GT(separation(plain.pixel_to_sky(corner), tpv.pixel_to_sky(corner)), 0.1);
    EXPECT_LT(worst_round_trip(tpv, random_pixels(tpv.bounds(), 500)), 1e-6);
}

TEST(SkyWcs, PrefersSipOverScampTermsInTheSameHeader)
{
    std::string const terms =
        card("PV1_1", 1.0) + card("PV1_7", 1e-2) + card("PV2_1", 1.0) + card("PV2_4", 2e-3);
    SkyWcs const sip = make_wcs({.more = sip_cards()});
    SkyWcs const both = make_wcs({.more = sip_cards() + terms});

    EXPECT_LT(separation(both.pixel_to_sky({10, 20}), sip.pixel_to_sky({10, 20})), 1e-9);
}

TEST(SkyWcs, AppliesTheDetectorTableBeforeSipAndThePixelTable)
{
    std::string const lookup = card("CPDIS1", "'Lookup'") + card("DP1", "'EXTVER: 1'") +
                               card("D2IMDIS2", "'Lookup'") + card("D2IM2", "'EXTVER: 1'");
    sky::WcsDescription description = describe({.more = sip_cards() + lookup});
    // x grows by 0 ... 2 pixels along the columns; entries at 1-based pixels 1, 501, 1001.
    description.pixel_lookup.push_back({.axis = 0,
                                        .columns = 3,
                                        .rows = 1,
                                        .crpix_x = 1.0,
                                        .crpix_y = 1.0,
                                        .crval_x = 1.0,
                                        .crval_y = 1.0,
                                        .cdelt_x = 500.0,
                                        .cdelt_y = 1.0,
                                        .values = {0.0F, 1.0F, 2.0F}});
    description.detector_lookup.push_back(
        {.axis = 1, .columns = 1, .rows = 1, .crpix_x = 1.0, .crpix_y = 1.0, .values = {0.25F}});
    SkyWcs const wcs(description);
    SkyWcs const plain = make_wcs({});
    PixelPos const pixel{250.0, 300.0};

    double const u = 250.0 - 499.5;
    double const v = 300.25 - 399.5;
    PixelPos const expected{
        250.0 + 6.0e-6 * u * u - 4.0e-6 * u * v + 2.0e-6 * v * v + 250.0 / 500.0,
        300.25 - 3.0e-6 * u * u + 5.0e-6 * u * v + 7.0e-6 * v * v};

    EXPECT_LT(separation(wcs.pixel_to_sky(pixel), plain.pixel_to_sky(expected)), 1e-8);
    EXPECT_LT(worst_round_trip(wcs, random_pixels(wcs.bounds(), 500)), 1e-6);
}

TEST(SkyWcs, ReadsTablesThatCountFromZero)
{
    sky::WcsDescription description = describe({.more = card("CPDIS1", "'Lookup'")});
    description.pixel_lookup.push_back(
        {.axis = 0, .columns = 3, .rows = 1, .cdelt_x = 500.0, .values = {0.0F, 1.0F, 2.0F}});
    SkyWcs const wcs(description);
    SkyWcs const plain = make_wcs({});

    EXPECT_LT(separation(wcs.pixel_to_sky({250.0, 10.0}), plain.pixel_to_sky({250.5, 10.0})), 1e-8);
}

TEST(SkyWcs, ReadsASidecarWithoutAxes)
{
    sky::WcsDescription sidecar = describe({});
    sidecar.cards = card("SIMPLE", "T") + card("BITPIX", "8") + card("NAXIS", "0") +
                    card("WCSAXES", "2") + sidecar.cards.text() + "END";

    SkyWcs const wcs(sidecar);

    EXPECT_EQ(wcs.width(), 1000);
    EXPECT_LT(separation(wcs.pixel_to_sky({3, 4}), make_wcs({}).pixel_to_sky({3, 4})), 1e-9);
}

TEST(SkyWcs, GivesNothingForPositionsOffTheProjectionAndKeepsTheOthers)
{
    SkyWcs const wcs = make_wcs({.lon = 10.0, .lat = 0.0});
    std::vector<SkyCoord> const sky{at_degrees(10.0, 0.0), at_degrees(190.0, 0.0),
                                    at_degrees(10.1, 0.1), at_degrees(std::nan(""), 0.0)};
    std::vector<PixelPos> pixels(sky.size());

    wcs.sky_to_pixel(sky, pixels);

    EXPECT_NEAR(pixels[0].x, 499.5, 1e-8);
    EXPECT_TRUE(std::isnan(pixels[1].x)) << "behind the tangent plane";
    EXPECT_NEAR(pixels[2].y, 399.5 + 360.0, 0.1);
    EXPECT_TRUE(std::isnan(pixels[3].y));
}

TEST(SkyWcs, FollowsACylindricalImageAcrossTheFarSideOfItsReference)
{
    sky::WcsDescription description = describe({.lon_type = "GLON-CAR", .lat_type = "GLAT-CAR"});
    // A tile of a survey of the galactic plane at longitude 180 whose reference is longitude 0.
    description.cards = card("CTYPE1", "'GLON-CAR'") + card("CTYPE2", "'GLAT-CAR'") +
                        card("CRVAL1", 0.0) + card("CRVAL2", 0.0) + card("CRPIX1", 180500.5) +
                        card("CRPIX2", 400.5) + card("CDELT1", -1e-3) + card("CDELT2", 1e-3);
    SkyWcs const wcs(description);

    EXPECT_LT(worst_round_trip(wcs, random_pixels(wcs.bounds(), 200)), 1e-7);
    EXPECT_FALSE(reason_unusable(wcs, {}).has_value());
}

TEST(SkyWcs, IsCopiedDeeplyForThreads)
{
    auto original = std::make_unique<SkyWcs>(
        describe({.lon_type = "RA---TAN-SIP", .lat_type = "DEC--TAN-SIP", .more = sip_cards()}));
    std::vector<PixelPos> const pixels = random_pixels(original->bounds(), 2000);
    std::vector<SkyCoord> expected(pixels.size());
    original->pixel_to_sky(pixels, expected);
    std::vector<SkyWcs> copies(4, *original);
    original.reset();

    std::vector<std::vector<SkyCoord>> found(copies.size(), std::vector<SkyCoord>(pixels.size()));
    std::vector<std::thread> threads;
    for (std::size_t t = 0; t < copies.size(); ++t) {
        threads.emplace_back([&, t] {
            SkyWcs const mine = copies[t];
            mine.pixel_to_sky(pixels, found[t]);
        });
    }
    for (std::thread& thread : threads) {
        thread.join();
    }

    for (std::vector<SkyCoord> const& one : found) {
        for (std::size_t i = 0; i < pixels.size(); ++i) {
            ASSERT_EQ(one[i].lon.radians(), expected[i].lon.radians());
            ASSERT_EQ(one[i].lat.radians(), expected[i].lat.radians());
        }
    }
}

TEST(SkyWcs, MovesAndAssigns)
{
    SkyWcs first = make_wcs({.lon = 10.0});
    SkyWcs const second = make_wcs({.lon = 20.0});

    first = second;
    SkyWcs const moved = std::move(first);

    EXPECT_NEAR(moved.pixel_to_sky({499.5, 399.5}).lon.degrees(), 20.0, 1e-10);
    EXPECT_EQ(moved.description().cards, second.description().cards);
}
}  // namespace
}  // namespace sectile::test
