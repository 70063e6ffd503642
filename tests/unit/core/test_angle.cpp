// SPDX-License-Identifier: BSD-3-Clause
#include <gtest/gtest.h>

#include "sectile/core/angle.hpp"

namespace
{
using sectile::core::Angle;

TEST(Angle, ConvertsBetweenItsUnits)
{
    Angle const right = Angle::from_degrees(90.0);

    EXPECT_DOUBLE_EQ(right.radians(), 1.5707963267948966);
    EXPECT_DOUBLE_EQ(right.degrees(), 90.0);
    EXPECT_DOUBLE_EQ(right.arcsec(), 324000.0);
    EXPECT_DOUBLE_EQ(Angle::from_arcsec(3600.0).degrees(), 1.0);
}

TEST(Angle, KeepsRadiansBitForBit)
{
    EXPECT_EQ(Angle::from_radians(0.1).radians(), 0.1);
    EXPECT_EQ(Angle().radians(), 0.0);
}

TEST(Angle, IsOrderedAcrossUnits)
{
    EXPECT_LT(Angle::from_arcsec(3599.0), Angle::from_degrees(1.0));
    EXPECT_GT(Angle::from_radians(1.0), Angle::from_degrees(57.0));
    EXPECT_EQ(Angle::from_degrees(0.0), Angle::from_arcsec(0.0));
}
}  // namespace
