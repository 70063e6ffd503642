// SPDX-License-Identifier: BSD-3-Clause
#include <optional>
#include <string>

#include <gtest/gtest.h>

#include "sectile/sky/card_value.hpp"

namespace sectile::test
{
namespace
{
TEST(CardValue, TextIsTheStringOrWhatStandsBeforeTheComment)
{
    EXPECT_EQ(sky::parse_card_text("  'RA---TAN'  / axis 1"), "RA---TAN");
    EXPECT_EQ(sky::parse_card_text(" 'O''Neill / north '"), "O'Neill / north");
    EXPECT_EQ(sky::parse_card_text(" 'no last quote"), "no last quote");
    EXPECT_EQ(sky::parse_card_text("     -12.5 / degrees"), "-12.5");
    EXPECT_EQ(sky::parse_card_text("  / no value"), "");
    EXPECT_EQ(sky::parse_card_text(""), "");
}

TEST(CardValue, NumberKnowsTheWaysOfFits)
{
    EXPECT_EQ(sky::parse_card_number("42"), 42.0);
    EXPECT_EQ(sky::parse_card_number("+1.5E-3"), 1.5e-3);
    EXPECT_EQ(sky::parse_card_number("-2.5D+02"), -250.0);
    EXPECT_EQ(sky::parse_card_number("1.d2"), 100.0);
}

TEST(CardValue, WhatIsNotAFiniteNumberIsNone)
{
    for (char const* const text :
         {"", "+", "T", "1.0 2", "12abc", "NaN", "nan", "-INF", "infinity", "1E999"}) {
        EXPECT_EQ(sky::parse_card_number(text), std::nullopt) << text;
    }
}
}  // namespace
}  // namespace sectile::test
