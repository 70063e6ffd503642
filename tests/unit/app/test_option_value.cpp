// SPDX-License-Identifier: BSD-3-Clause
#include <gtest/gtest.h>

#include "app/option_value.hpp"
#include "app/suggestion.hpp"

namespace sectile::app
{
namespace
{
TEST(OptionValue, ReadsRealNumbersWhollyOrNotAtAll)
{
    EXPECT_EQ(parse_real("3"), 3.0);
    EXPECT_EQ(parse_real(" -2.5e-3 "), -2.5e-3);
    EXPECT_EQ(parse_real("+0.1"), 0.1);
    for (char const* text : {"", " ", "3x", "1,5", "nan", "inf", "-inf", "1e999", "0x10", "+-3"}) {
        EXPECT_THROW(static_cast<void>(parse_real(text)), BadValue) << text;
    }
}

TEST(OptionValue, ReadsWholeNumbersOnly)
{
    EXPECT_EQ(parse_integer("-7"), -7);
    EXPECT_EQ(parse_integer("9223372036854775807"), std::numeric_limits<std::int64_t>::max());
    EXPECT_EQ(parse_count("18446744073709551615"), std::numeric_limits<std::uint64_t>::max());
    for (char const* text : {"", "1.0", "9223372036854775808", "seven"}) {
        EXPECT_THROW(static_cast<void>(parse_integer(text)), BadValue) << text;
    }
    EXPECT_THROW(static_cast<void>(parse_count("-1")), BadValue);
}

TEST(OptionValue, ReadsSwitches)
{
    for (char const* text : {"true", "On", "YES", "1"}) {
        EXPECT_TRUE(parse_switch(text)) << text;
    }
    for (char const* text : {"false", "Off", "no", "0"}) {
        EXPECT_FALSE(parse_switch(text)) << text;
    }
    EXPECT_THROW(static_cast<void>(parse_switch("maybe")), BadValue);
}

TEST(OptionValue, KnowsBinaryAndDecimalSizes)
{
    EXPECT_EQ(parse_bytes("0"), 0);
    EXPECT_EQ(parse_bytes("1234"), 1234);
    EXPECT_EQ(parse_bytes("64KiB"), 65536);
    EXPECT_EQ(parse_bytes("500MB"), 500'000'000);
    EXPECT_EQ(parse_bytes("1.5 GiB"), 1'610'612'736);
    EXPECT_EQ(parse_bytes("2TB"), 2'000'000'000'000);
    for (char const* text : {"", "GiB", "8G", "8gib", "-1GiB", "1e30GB", "8GiBs", "nanGB"}) {
        EXPECT_THROW(static_cast<void>(parse_bytes(text)), BadValue) << text;
    }
}

TEST(OptionValue, WritesSizesThatReadBack)
{
    for (std::int64_t const bytes :
         {std::int64_t{0}, std::int64_t{1}, std::int64_t{1000}, std::int64_t{65536},
          std::int64_t{8} << 30, (std::int64_t{1} << 40) + 1024, std::int64_t{123456789}}) {
        EXPECT_EQ(parse_bytes(format_bytes(bytes)), bytes);
    }
    EXPECT_EQ(format_bytes(std::int64_t{8} << 30), "8GiB");
}

TEST(OptionValue, ReadsPositionsInDegreesAndSexagesimal)
{
    sky::SkyCoord const degrees = parse_position("10.5, -41.25");
    sky::SkyCoord const sexagesimal = parse_position("12:30:00,-00:30:36");

    EXPECT_NEAR(degrees.lon.degrees(), 10.5, 1e-12);  // one rounding to radians and back
    EXPECT_NEAR(degrees.lat.degrees(), -41.25, 1e-12);
    EXPECT_NEAR(sexagesimal.lon.degrees(), 187.5, 1e-12);
    EXPECT_NEAR(sexagesimal.lat.degrees(), -0.51, 1e-12);
    for (char const* text :
         {"", "10", "10,", "400,0", "10,91", "12:60:00,0", "1:2:3:4,0", "24:00,0", "-1,0", "a,b"}) {
        EXPECT_THROW(static_cast<void>(parse_position(text)), BadValue) << text;
    }
}

TEST(OptionValue, SaysTheRangeItWants)
{
    EXPECT_NO_THROW(check_range(0.7, {0.7, 0.8}));
    EXPECT_NO_THROW(check_range(0.8, {0.7, 0.8}));
    EXPECT_THROW(check_range(0.0, {0.0, 1.0, true}), BadValue);
    try {
        check_range(0.9, {0.7, 0.8});
        FAIL() << "0.9 lies outside";
    } catch (BadValue const& bad) {
        EXPECT_STREQ(bad.what(), "it must lie between 0.7 and 0.8");
    }
}

TEST(OptionValue, AnglesOfFewDigitsComeBackAsTheirText)
{
    for (char const* text : {"0.1", "0.3", "1.7", "23.456789", "359.999999", "2.4"}) {
        double const degrees = core::Angle::from_degrees(parse_real(text)).degrees();
        double const arcsec = core::Angle::from_arcsec(parse_real(text)).arcsec();

        EXPECT_EQ(format_angle(degrees), text);
        EXPECT_EQ(format_angle(arcsec), text);
    }
}

TEST(Suggestion, CountsEdits)
{
    EXPECT_EQ(edit_distance("", ""), 0U);
    EXPECT_EQ(edit_distance("", "abc"), 3U);
    EXPECT_EQ(edit_distance("kitten", "sitting"), 3U);
    EXPECT_EQ(edit_distance("kappa", "kapa"), 1U);
}

TEST(Suggestion, NamesTheNearestWordOrNone)
{
    std::vector<std::string> const known{"stacking_kappa_low", "stacking_kappa_high", "mode"};

    EXPECT_EQ(nearest_word("stacking_kapa_low", known), "stacking_kappa_low");
    EXPECT_EQ(nearest_word("mod", known), "mode");
    EXPECT_EQ(nearest_word("something_else_entirely", known), "");
    EXPECT_EQ(nearest_word("xyzw", known), "");
}
}  // namespace
}  // namespace sectile::app
