// SPDX-License-Identifier: BSD-3-Clause
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "sectile/io/exposure_cards.hpp"

#include "io/fits_cards.hpp"
#include "io/frame_facts.hpp"

namespace sectile::io
{
namespace
{
HeaderCards header_of(std::vector<std::string> const& cards)
{
    std::string text;
    for (std::string card : cards) {
        card.resize(80, ' ');
        text += card;
    }
    return HeaderCards(text);
}

TEST(HeaderCards, ReadsWhatSmallCamerasWrite)
{
    HeaderCards const header = header_of(
        {"EXPTIME = '10.5    '", "GAIN    =            1.5D+01 / exponent of Fortran",
         "NAME    = 'O''Brien  '", "LONG    = 'first &'", "CONTINUE  'second'",
         "HIERARCH BAYERPATTERN = 'RGGB' / long", "EMPTY   = ''", "PATH    = 'a/b' / c",
         "BAD     = nan", "DP1     = 'EXTVER: 1'", "DP1     = 'NAXES: 2'", "END", "AFTER   = 1"});

    EXPECT_EQ(header.number({"EXPTIME"}), 10.5);
    EXPECT_EQ(header.number({"MISSING", "GAIN"}), 15.0);
    EXPECT_EQ(header.text({"NAME"}), "O'Brien");
    EXPECT_EQ(header.text({"LONG"}), "first second");
    EXPECT_EQ(header.text({"BAYERPATTERN"}), "RGGB");
    EXPECT_EQ(header.text({"EMPTY"}), std::nullopt);
    EXPECT_EQ(header.text({"PATH"}), "a/b");
    EXPECT_EQ(header.number({"BAD"}), std::nullopt);
    EXPECT_EQ(header.all_texts("DP1").size(), 2U);
    EXPECT_FALSE(header.has("AFTER"));
}

TEST(HeaderCards, ReadsLinesAsWell)
{
    HeaderCards const header(
        "SIMPLE  =                    T\r\nCRVAL1  = 12.5 / right ascension\r\nEND\r\n");

    EXPECT_EQ(header.cards().size(), 2U);
    EXPECT_EQ(header.number({"CRVAL1"}), 12.5);
}

TEST(FrameFacts, DatesBecomeModifiedJulianDates)
{
    // MJD 51544.5 is 2000-01-01T12:00; the others as astropy computes them. A millisecond is 1.2e-8
    // days.
    constexpr double millisecond = 1.2e-8;

    EXPECT_NEAR(parse_mjd("2000-01-01T12:00:00").value(), 51544.5, millisecond);
    EXPECT_NEAR(parse_mjd("2025-03-27T01:20:32.955368").value(), 60761.055936983423, millisecond);
    EXPECT_NEAR(parse_mjd("2017-12-19T18:33:43.317-0700").value(), 58107.0650846875, millisecond);
    EXPECT_NEAR(parse_mjd("2017-12-20T01:33:43.317Z").value(), 58107.0650846875, millisecond);
    EXPECT_EQ(parse_mjd("2000-02-29"), 51603.0);
    EXPECT_EQ(parse_mjd("26/10/92"), 48921.0);
    EXPECT_EQ(parse_mjd("2001-02-29"), std::nullopt);
    EXPECT_EQ(parse_mjd("2001-13-01T00:00:00"), std::nullopt);
    EXPECT_EQ(parse_mjd("2001-12-01T25:00:00"), std::nullopt);
    EXPECT_EQ(parse_mjd("yesterday"), std::nullopt);
    EXPECT_EQ(parse_mjd(""), std::nullopt);
}

TEST(FrameFacts, AnglesInDegreesAndSexagesimal)
{
    EXPECT_EQ(parse_angle("193.25", true), 193.25);
    EXPECT_NEAR(parse_angle("19 59 41.99", true).value(), 299.92495833, 1e-8);
    EXPECT_NEAR(parse_angle("19h59m41.99s", true).value(), 299.92495833, 1e-8);
    EXPECT_NEAR(parse_angle("-00:30:36", false).value(), -0.51, 1e-12);
    EXPECT_EQ(parse_angle("+12 30", false), 12.5);
    EXPECT_EQ(parse_angle("12 75 00", false), std::nullopt);
    EXPECT_EQ(parse_angle("unknown", false), std::nullopt);
}

TEST(FrameFacts, TheHduComesBeforeThePrimaryAndImpossibleValuesAreAbsent)
{
    HeaderCards const primary = header_of(
        {"OBJECT  = 'M 94    '", "EXPTIME = 10.0", "RA      = 193.04166", "DEC     = 40.970556",
         "GAIN    = 80", "AIRMASS = -1.0", "BUNIT   = 'of the primary'"});
    HeaderCards const header =
        header_of({"EXPTIME = 20.0", "EGAIN   = 0.25", "GAIN    = 120", "DATE-OBS= '2000-01-01'",
                   "UT      = '06:00:00'", "CCD-TEMP= -10.5", "DATAMAX = 65535", "EQMODE  = 1"});

    sky::ExposureFacts const facts = read_facts(header, primary);

    EXPECT_EQ(facts.object, "M 94");
    EXPECT_EQ(facts.exposure, 20.0);
    EXPECT_EQ(facts.gain, 0.25);
    EXPECT_EQ(facts.mjd, 51544.25);
    EXPECT_EQ(facts.sensor_temperature, -10.5);
    EXPECT_EQ(facts.saturation, 65535.0);
    EXPECT_EQ(facts.airmass, std::nullopt);
    EXPECT_EQ(facts.ra_hint, 193.04166);
    EXPECT_EQ(facts.dec_hint, 40.970556);
    EXPECT_EQ(facts.mount_mode, "1");
    EXPECT_EQ(facts.unit, "") << "the unit of another HDU says nothing";
}

TEST(FrameFacts, WhatIsWrittenOfCombinedExposuresIsReadBack)
{
    sky::ExposureFacts facts;
    facts.object = "O'Brien's object";
    facts.filter = "H alpha";
    facts.instrument = "camera";
    facts.telescope = "telescope";
    facts.unit = "adu";
    facts.date_obs = "2025-03-27T01:20:32.955";
    facts.mjd = 60761.055936983423;
    facts.mjd_end = 60761.1;
    facts.exposure = 1234.5;
    facts.gain = 0.1;
    facts.combined = 123;
    HeaderText text;
    for (FitsCard const& card : exposure_cards(facts)) {
        text.add(card);
    }

    sky::ExposureFacts const read = read_facts(HeaderCards(text.text()), HeaderCards(""));

    EXPECT_EQ(read.object, facts.object);
    EXPECT_EQ(read.filter, facts.filter);
    EXPECT_EQ(read.instrument, facts.instrument);
    EXPECT_EQ(read.telescope, facts.telescope);
    EXPECT_EQ(read.unit, facts.unit);
    EXPECT_EQ(read.date_obs, facts.date_obs);
    EXPECT_EQ(read.mjd, facts.mjd);
    EXPECT_EQ(read.mjd_end, facts.mjd_end);
    EXPECT_EQ(read.exposure, facts.exposure);
    EXPECT_EQ(read.gain, facts.gain);
    EXPECT_EQ(read.combined, facts.combined);
}

TEST(FrameFacts, AnExposureCountsAsOneAndHasNoEndOfItsOwn)
{
    HeaderCards const plain = header_of({"EXPTIME = 10.0", "MJD-OBS = 60000.5"});
    HeaderCards const odd = header_of({"NCOMBINE= 0", "MJD-END = 'tomorrow'"});

    for (HeaderCards const& header : {plain, odd}) {
        sky::ExposureFacts const facts = read_facts(header, HeaderCards(""));
        EXPECT_EQ(facts.combined, 1);
        EXPECT_EQ(facts.mjd_end, std::nullopt);
    }
}

TEST(FrameFacts, ObjectCoordinatesStandInForThePointing)
{
    sky::ExposureFacts const facts =
        read_facts(header_of({"RA      = 'none'", "DEC     = 95.0", "OBJCTRA = '01 00 00'",
                              "OBJCTDEC= '-10 30 00'"}),
                   HeaderCards(""));

    EXPECT_NEAR(facts.ra_hint.value(), 15.0, 1e-12);
    EXPECT_NEAR(facts.dec_hint.value(), -10.5, 1e-12);
}
}  // namespace
}  // namespace sectile::io
