// SPDX-License-Identifier: BSD-3-Clause
#include <gtest/gtest.h>

#include "sectile/core/box.hpp"

namespace
{
using sectile::core::Box;

TEST(Box, CountsHalfOpenPixels)
{
    Box const box{2, 3, 5, 10};

    EXPECT_EQ(box.width(), 3);
    EXPECT_EQ(box.height(), 7);
    EXPECT_EQ(box.area(), 21);
    EXPECT_TRUE(box.contains(2, 3));
    EXPECT_TRUE(box.contains(4, 9));
    EXPECT_FALSE(box.contains(5, 9));
    EXPECT_FALSE(box.contains(4, 10));
}

TEST(Box, IsEmptyWhenTurnedInsideOut)
{
    Box const inverted{5, 5, 2, 9};

    EXPECT_TRUE(inverted.empty());
    EXPECT_EQ(inverted.width(), 0);
    EXPECT_EQ(inverted.area(), 0);
    EXPECT_TRUE(Box{}.empty());
}

TEST(Box, ClipsToTheCommonPart)
{
    Box const box{0, 0, 10, 10};

    EXPECT_EQ(box.clipped_to({5, -3, 20, 4}), (Box{5, 0, 10, 4}));
    EXPECT_EQ(box.clipped_to({10, 0, 20, 10}), Box{}) << "boxes that only touch share no pixel";
    EXPECT_EQ(box.clipped_to({30, 30, 40, 40}), Box{});
}

TEST(Box, GrowsAndShiftsWithoutChangingItself)
{
    Box const box{1, 2, 3, 4};

    EXPECT_EQ(box.grown_by(2), (Box{-1, 0, 5, 6}));
    EXPECT_EQ(box.shifted_by(-1, 10), (Box{0, 12, 2, 14}));
    EXPECT_TRUE(box.grown_by(-1).empty());
    EXPECT_EQ(box, (Box{1, 2, 3, 4}));
}

TEST(Box, ContainsEveryEmptyBoxAndItself)
{
    Box const box{0, 0, 4, 4};

    EXPECT_TRUE(box.contains(box));
    EXPECT_TRUE(box.contains(Box{9, 9, 9, 9}));
    EXPECT_FALSE(box.contains(Box{0, 0, 5, 4}));
}

TEST(Box, HoldsCanvasesBeyondTwoToThe31Pixels)
{
    Box const canvas{0, 0, 1'000'000, 1'000'000};

    EXPECT_EQ(canvas.area(), 1'000'000'000'000);
}
}  // namespace
