// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "sectile/core/error.hpp"
#include "sectile/solve/wcs_fit.hpp"

#include "solve/wcs_cards.hpp"
#include "wcs_sketches.hpp"

namespace sectile::test
{
namespace
{
using solve::SkyMatch;
using solve::WcsFit;

/// Replaces or adds a card with a number.
sky::WcsDescription with_card(sky::WcsDescription description, std::string const& name,
                              double value)
{
    std::string const fresh = card(name, value);
    std::string kept;
    std::string const cards = description.cards;
    for (std::size_t at = 0; at < cards.size(); at += 80) {
        if (cards.compare(at, 10, fresh, 0, 10) != 0) {
            kept += cards.substr(at, 80);
        }
    }
    description.cards = kept + fresh;
    return description;
}

/// The sketch with 2.4 % wrong scale, turned by 0.3 degrees and 120 arcsec off.
sky::WcsDescription wrong_start(WcsSketch sketch)
{
    sketch.scale *= 1.024;
    sketch.angle += 0.3;
    if (sketch.lat < 90.0) {
        sketch.lon += 100.0 / 3600.0 / std::cos(sketch.lat * std::numbers::pi / 180.0);
    }
    sketch.lat += (sketch.lat > 0.0 ? -66.0 : 66.0) / 3600.0;
    return describe(sketch);
}

TEST(FitWcs, FindsTheTruthFromAWrongStart)
{
    for (auto const& [name, sketch] : zoo()) {
        SCOPED_TRACE(name);
        sky::SkyWcs const truth = make_wcs(sketch);
        std::vector<SkyMatch> const matches = matches_of(truth, 100);
        sky::WcsDescription const start = wrong_start(sketch);
        ASSERT_GT(worst_difference(truth, start), 70.0);

        WcsFit const fit = solve::fit_wcs(start, matches);

        EXPECT_TRUE(fit.converged);
        EXPECT_EQ(fit.parameters, 6);
        EXPECT_EQ(fit.used, 100U);
        // TPV turns with the plane, and a CAR tilts: their truth is found to less than a
        // thousandth.
        EXPECT_LT(worst_difference(truth, fit.wcs), 0.001);
        EXPECT_LT(fit.rms_pixels, 0.001);
        EXPECT_NEAR(fit.rms, fit.rms_pixels * truth.pixel_scale().arcsec(), 1e-4);
        std::printf("%-14s %2d iterations, worst %.2e px\n", name.c_str(), fit.iterations,
                    worst_difference(truth, fit.wcs));
    }
}

TEST(FitWcs, FewStarsFixShiftRotationAndScale)
{
    for (std::size_t const count : {3U, 5U, 8U, 11U}) {
        for (auto const& [name, sketch] : zoo()) {
            SCOPED_TRACE(name + ", " + std::to_string(count) + " stars");
            sky::SkyWcs const truth = make_wcs(sketch);

            WcsFit const fit = solve::fit_wcs(wrong_start(sketch), matches_of(truth, count));

            EXPECT_EQ(fit.parameters, 4);
            EXPECT_EQ(fit.used, count);
            EXPECT_LT(worst_difference(truth, fit.wcs), 0.01);
        }
    }
}

TEST(FitWcs, AShiftKeepsScaleAndTurn)
{
    WcsSketch const sketch{.angle = 33.0};
    WcsSketch beside = sketch;
    beside.lon += 0.004;
    beside.lat -= 0.003;
    sky::SkyWcs const truth = make_wcs(sketch);
    std::vector<SkyMatch> matches = matches_of(truth, 20);
    sky::WcsDescription const start = describe(beside);

    WcsFit const exact = solve::fit_wcs(start, matches, {.freedom = solve::WcsFreedom::shift});

    EXPECT_TRUE(exact.converged);
    EXPECT_EQ(exact.parameters, 2);
    EXPECT_GT(worst_difference(truth, start), 5.0);
    // North of the two places differs by 4e-5 radians.
    EXPECT_LT(worst_difference(truth, exact.wcs), 0.05);

    for (std::size_t i = 0; i < matches.size(); ++i) {
        matches[i].pixel.x *= 1.01;  // another scale
    }
    WcsFit const stretched = solve::fit_wcs(start, matches, {.freedom = solve::WcsFreedom::shift});
    EXPECT_NEAR(sky::SkyWcs(stretched.wcs).pixel_scale().arcsec() / truth.pixel_scale().arcsec(),
                1.0, 1e-9);
}

/// The scatter of the fits over many noises is what least squares promises: the rms error of the
/// map over the stars is sigma sqrt(p / n) for p parameters, 5 % more for Tukey's weights.
TEST(FitWcs, IsAsExactAsTheNoiseAllows)
{
    for (auto const& [name, sketch] : zoo()) {
        SCOPED_TRACE(name);
        constexpr double noise = 0.3;
        constexpr std::size_t count = 80;
        constexpr int fields = 30;
        sky::SkyWcs const truth = make_wcs(sketch);
        double sum = 0.0;
        double rms = 0.0;
        for (int k = 0; k < fields; ++k) {
            std::vector<SkyMatch> const matches =
                matches_of(truth, count, noise, 100 + static_cast<std::uint64_t>(k));
            WcsFit const fit = solve::fit_wcs(wrong_start(sketch), matches);
            sky::SkyWcs const found(fit.wcs);
            for (sky::PixelPos const& pixel : random_pixels(truth.bounds(), count)) {
                double const apart =
                    separation(truth.pixel_to_sky(pixel), found.pixel_to_sky(pixel)) /
                    truth.pixel_scale().arcsec();
                sum += apart * apart / (fields * count);
            }
            rms += fit.rms_pixels / fields;
        }
        double const promised = noise * std::sqrt(6.0 / count);
        EXPECT_NEAR(std::sqrt(sum) / promised, 1.03, 0.2);
        // 2-D: sqrt(2) sigma, less the six degrees of freedom that the fit has taken.
        EXPECT_NEAR(rms / (noise * std::sqrt(2.0 - 6.0 / count)), 1.0, 0.05);
    }
}

TEST(FitWcs, LeavesOutWrongMatches)
{
    for (auto const& [name, sketch] : zoo()) {
        SCOPED_TRACE(name);
        sky::SkyWcs const truth = make_wcs(sketch);
        std::vector<SkyMatch> matches = matches_of(truth, 60, 0.05);
        for (std::size_t i = 0; i < 15; ++i) {
            matches[4 * i].pixel.x += 5.0 + 10.0 * static_cast<double>(i);
            matches[4 * i].pixel.y += 40.0;
        }

        WcsFit const fit = solve::fit_wcs(wrong_start(sketch), matches);

        EXPECT_LT(worst_difference(truth, fit.wcs), 0.1);
        EXPECT_LE(fit.used, 45U);
        EXPECT_GE(fit.used, 40U);
        EXPECT_EQ(fit.used + fit.rejected.size(), matches.size());
        for (std::uint32_t i = 0; i < 60; i += 4) {
            EXPECT_TRUE(std::count(fit.rejected.begin(), fit.rejected.end(), i) == 1);
        }
    }
}

/// Whatever form the matrix had, the rest of the header stays and CD replaces it.
TEST(FitWcs, RewritesEveryFormOfTheMatrix)
{
    sky::SkyWcs const truth = make_wcs({.angle = 12.0});
    std::string const common = card("CRVAL1", 150.01) + card("CRVAL2", 29.99) +
                               card("CRPIX1", 500.5) + card("CRPIX2", 400.5) +
                               card("CTYPE1", "'RA---TAN'") + card("CTYPE2", "'DEC--TAN'");
    double const scale = 1.02 / 3600.0;
    std::vector<std::string> const forms{
        card("CDELT1", -scale) + card("CDELT2", scale) + card("CROTA2", 11.8),
        card("CDELT1", -scale) + card("CDELT2", scale) + card("PC1_1", 0.98) + card("PC1_2", -0.2) +
            card("PC2_1", 0.2) + card("PC2_2", 0.98),
        card("CD1_1", -scale) + card("CD1_2", 0.2 * scale) + card("CD2_1", 0.2 * scale) +
            card("CD2_2", scale),
        card("CDELT1", -scale) + card("CDELT2", scale),
        card("CDELT1", -1.02) + card("CDELT2", 1.02) + card("CUNIT1", "'arcsec'") +
            card("CUNIT2", "'arcsec'") + card("CRVAL1", 150.01 * 3600) +
            card("CRVAL2", 29.99 * 3600),
        card("NAXIS", "3") + card("CTYPE3", "'FREQ'") + card("CRVAL3", 1.4e9) +
            card("CDELT3", 2e6) + card("CDELT1", -scale) + card("CDELT2", scale),
    };
    for (std::string const& form : forms) {
        SCOPED_TRACE(form);
        sky::WcsDescription start{common + form + card("EXPTIME", 30.0), {}, {}, 1000, 800};

        WcsFit const fit = solve::fit_wcs(start, matches_of(truth, 50));

        EXPECT_LT(worst_difference(truth, fit.wcs), 1e-6);
        EXPECT_EQ(fit.wcs.cards.text().size() % 80, 0U);
        EXPECT_NE(fit.wcs.cards.text().find("CD1_1 "), std::string::npos);
        EXPECT_NE(fit.wcs.cards.text().find("EXPTIME "), std::string::npos);
        for (char const* gone : {"CDELT1 ", "PC1_1 ", "CROTA2 "}) {
            EXPECT_EQ(fit.wcs.cards.text().find(gone), std::string::npos) << gone;
        }
    }
}

/// What is not a finite number is no value, as it is to WCSLIB: the default of the standard holds.
TEST(FitWcs, PassesOverCardsThatAreNotFinite)
{
    sky::SkyWcs const truth = make_wcs({.angle = 12.0});
    double const scale = 1.02 / 3600.0;
    for (char const* const odd : {"NaN", "-Inf", "1E999"}) {
        SCOPED_TRACE(odd);
        std::string const cards =
            card("NAXIS", "3") + card("CRVAL1", 150.01) + card("CRVAL2", 29.99) +
            card("CRPIX1", 500.5) + card("CRPIX2", 400.5) + card("CTYPE1", "'RA---TAN'") +
            card("CTYPE2", "'DEC--TAN'") + card("CTYPE3", "'FREQ'") + card("CDELT3", odd) +
            card("CDELT1", -scale) + card("CDELT2", scale);
        sky::WcsDescription const start{cards, {}, {}, 1000, 800};

        WcsFit const fit = solve::fit_wcs(start, matches_of(truth, 50));

        EXPECT_LT(worst_difference(truth, fit.wcs), 1e-6);
    }
}

TEST(FitWcs, LatitudeMayComeFirst)
{
    WcsSketch sketch{.lon_type = "DEC--TAN", .lat_type = "RA---TAN", .lon = 30.0, .lat = 150.0};
    sky::SkyWcs const truth = make_wcs(sketch);
    sketch.lon += 0.02;
    sketch.lat += 0.03;
    sketch.scale *= 1.024;

    WcsFit const fit = solve::fit_wcs(describe(sketch), matches_of(truth, 50));

    EXPECT_LT(worst_difference(truth, fit.wcs), 1e-6);
}

/// The default of LONPOLE jumps when CRVAL leaves the pole; the image must not turn round.
TEST(FitWcs, LeavesThePoleWithoutTurning)
{
    WcsSketch const sketch{.lon = 20.0, .lat = 90.0};
    solve::EditableWcs const editable(describe(sketch));
    solve::LinearWcs linear = editable.linear();
    linear.crval_latitude = 89.98;
    linear.crval_longitude = 50.0;
    sky::SkyWcs const truth(editable.with(linear));

    WcsFit const fit = solve::fit_wcs(describe(sketch), matches_of(truth, 50));

    EXPECT_TRUE(fit.converged);
    EXPECT_LE(fit.iterations, 8);
    EXPECT_LT(worst_difference(truth, fit.wcs), 1e-6);
}

/// The written LONPOLE of a CAR at the equator allows only one side of it.
TEST(FitWcs, CarCrossesTheEquatorWithAWrittenLonpole)
{
    for (double const lat : {-0.02, 0.02}) {
        WcsSketch sketch{.lon_type = "GLON-CAR", .lat_type = "GLAT-CAR", .lon = 10.0, .lat = lat};
        sky::SkyWcs const truth = make_wcs(sketch);
        sketch.lat = 0.0;
        sketch.more = card("LONPOLE", 0.0) + card("LATPOLE", 90.0);

        WcsFit const fit = solve::fit_wcs(describe(sketch), matches_of(truth, 50));

        EXPECT_LT(worst_difference(truth, fit.wcs), 1e-3);
    }
}

/// CDELT acts behind the polynomial of TPV: the two forms of the matrix are not the same there.
TEST(FitWcs, DistortionOfThePlaneKeepsItsScale)
{
    WcsSketch sketch{.lon_type = "RA---TPV", .lat_type = "DEC--TPV", .more = tpv_cards()};
    sky::WcsDescription description = describe(sketch);
    std::string cards = description.cards;
    for (char const* name : {"CD1_1", "CD1_2", "CD2_1", "CD2_2"}) {
        std::string const field = std::string(name) + "   ";
        cards.erase(cards.find(field), 80);
    }
    description.cards = cards + card("CDELT1", -1.0 / 3600.0) + card("CDELT2", 1.0 / 3600.0);
    sky::SkyWcs const truth(description);

    WcsFit const fit = solve::fit_wcs(
        with_card(with_card(description, "CRVAL1", 150.02), "PC1_1", 1.01), matches_of(truth, 50));

    EXPECT_LT(worst_difference(truth, fit.wcs), 0.001);
}

TEST(FitWcs, PassesOverWhatIsNotFinite)
{
    double const nan = std::numeric_limits<double>::quiet_NaN();
    sky::SkyWcs const truth = make_wcs({});
    std::vector<SkyMatch> matches = matches_of(truth, 40);
    matches[3].pixel.x = nan;
    matches[7].sky.lat = core::Angle::from_radians(nan);
    matches[9].weight = nan;
    matches[11].weight = 0.0;

    WcsFit const fit = solve::fit_wcs(wrong_start({}), matches);

    EXPECT_LT(worst_difference(truth, fit.wcs), 1e-6);
    EXPECT_EQ(fit.used, 36U);
    EXPECT_EQ(fit.rejected, (std::vector<std::uint32_t>{3, 7, 9, 11}));
}

TEST(FitWcs, RefusesWhatCannotBeFitted)
{
    sky::SkyWcs const truth = make_wcs({});
    std::vector<SkyMatch> matches = matches_of(truth, 20);
    std::vector<SkyMatch> const same(20, matches.front());
    sky::WcsDescription const unusable{card("CTYPE1", "'LINEAR'"), {}, {}, 100, 100};

    EXPECT_THROW((void)solve::fit_wcs(unusable, matches), core::InputError);
    EXPECT_THROW((void)solve::fit_wcs(describe({}), same), core::InputError);
    EXPECT_THROW((void)solve::fit_wcs(describe({}), {}), core::InputError);
    EXPECT_THROW((void)solve::fit_wcs(describe({}), std::span(matches).first(2)), core::InputError);
    for (SkyMatch& match : matches) {
        match.pixel.x = std::numeric_limits<double>::quiet_NaN();
    }
    EXPECT_THROW((void)solve::fit_wcs(describe({}), matches), core::InputError);
}

TEST(FitWcs, StarsOnALineGiveNoShear)
{
    sky::SkyWcs const truth = make_wcs({});
    std::vector<SkyMatch> matches;
    for (int i = 0; i < 40; ++i) {
        sky::PixelPos const pixel{20.0 * i, 100.0 + 10.0 * i};
        matches.push_back({pixel, truth.pixel_to_sky(pixel), 1.0});
    }

    WcsFit const fit = solve::fit_wcs(wrong_start({}), matches);

    EXPECT_EQ(fit.parameters, 4);
    EXPECT_LT(worst_difference(truth, fit.wcs), 1e-5);
}

/// Real headers: the start is the header with another reference value and scale.
TEST(FitWcs, RealHeadersFindBack)
{
    std::filesystem::path const folder = test_data() / "wcs_zoo";
    if (!std::filesystem::exists(folder)) {
        GTEST_SKIP() << "no test data at " << folder;
    }
    int fitted = 0;
    for (char const* name :
         {"sip.fits", "sip2.fits", "tpv.fits", "1904-66_ZPN.fits", "1904-66_ARC.fits",
          "1904-66_STG.fits", "1904-66_ZEA.fits", "1904-66_TAN.fits", "pole.fits", "razero.fits",
          "DECam_00154912_12_header.fits"}) {
        SCOPED_TRACE(name);
        std::vector<HeaderBlock> const headers = read_header_blocks(folder / name);
        for (std::size_t hdu = 0; hdu < headers.size(); ++hdu) {
            std::optional<sky::SkyWcs> truth;
            try {
                truth.emplace(describe_file(folder / name, hdu));
            } catch (core::InputError const&) {
                continue;
            }
            solve::EditableWcs const editable(truth->description());
            solve::LinearWcs linear = editable.linear();
            linear.crval_latitude +=
                (linear.crval_latitude > 0.0 ? -20.0 : 20.0) * truth->pixel_scale().degrees();
            linear.crval_longitude += 10.0 * truth->pixel_scale().degrees();
            for (double& element : linear.matrix) {
                element *= 1.024;
            }
            sky::WcsDescription const start = editable.with(linear);

            WcsFit const fit = solve::fit_wcs(start, matches_of(*truth, 60));

            EXPECT_LT(worst_difference(*truth, fit.wcs), 0.001);
            ++fitted;
        }
    }
    EXPECT_GE(fitted, 11);
}

TEST(FitWcs, KeepsLookUpTables)
{
    sky::SkyWcs const truth(with_lookup({.angle = 10.0}));
    WcsSketch const wrong{.lon = 150.02, .scale = 1.02 / 3600.0, .angle = 10.2};

    WcsFit const fit = solve::fit_wcs(with_lookup(wrong), matches_of(truth, 50));

    EXPECT_EQ(fit.wcs.pixel_lookup.size(), 1U);
    EXPECT_LT(worst_difference(truth, fit.wcs), 1e-6);
}
}  // namespace
}  // namespace sectile::test
