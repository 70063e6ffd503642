// SPDX-License-Identifier: BSD-3-Clause
#include <gtest/gtest.h>

#include "sectile/compute/debayer.hpp"

#include "mosaic.hpp"

namespace sectile::compute
{
namespace
{
using image::BayerPattern;
using testing::all_patterns;
using testing::mosaic_of;
using testing::noisy_with_holes;
using testing::raw_of;

TEST(DebayerBilinear, IsExactOnALinearRampOfEachColour)
{
    auto const ramp = [](int plane, std::int64_t x, std::int64_t y) {
        return 100.0 * (plane + 1) + 2.0 * static_cast<double>(x) - 3.0 * static_cast<double>(y);
    };
    core::Box const frame{0, 0, 37, 21};
    for (BayerPattern const pattern : all_patterns) {
        auto const raw = mosaic_of(pattern, frame, ramp);
        core::Box const inner = frame.grown_by(-1);
        image::Image<float> out(inner, 3);

        debayer_bilinear(pattern, raw.view(), out.view());

        for (int c = 0; c < 3; ++c) {
            for (std::int64_t y = inner.y0; y < inner.y1; ++y) {
                for (std::int64_t x = inner.x0; x < inner.x1; ++x) {
                    // Sums of a few small whole numbers: no rounding at all.
                    ASSERT_EQ(out.view().at(c, x, y), ramp(c, x, y)) << c << " " << x << " " << y;
                }
            }
        }
    }
}

TEST(DebayerBilinear, AWindowGivesWhatTheFrameGives)
{
    core::Box const frame{0, 0, 64, 48};
    auto const raw = raw_of(frame, noisy_with_holes);
    image::Image<float> whole(frame, 3);
    debayer_bilinear(BayerPattern::grbg, raw.view(), whole.view());
    for (core::Box const& part :
         {core::Box{5, 7, 40, 29}, core::Box{0, 0, 9, 9}, core::Box{33, 20, 64, 48}}) {
        auto const window = raw_of(part.grown_by(1).clipped_to(frame), noisy_with_holes);
        image::Image<float> out(part, 3);

        debayer_bilinear(BayerPattern::grbg, window.view(), out.view());

        auto const expected = std::as_const(whole).view().clipped_to(part);
        EXPECT_EQ(testing::different_bits<float>(std::as_const(out).view(), expected), 0);
    }
}

TEST(DebayerBilinear, UsesOnlyValidNeighbours)
{
    core::Box const frame{0, 0, 5, 5};
    // RGGB: (2,2) is red, its green neighbours are beside and along.
    auto const raw = raw_of(frame, [](std::int64_t x, std::int64_t y) {
        return x == 1 && y == 2 ? NAN : static_cast<double>(10 * y + x);
    });
    image::Image<float> out(frame, 3);

    debayer_bilinear(BayerPattern::rggb, raw.view(), out.view());

    auto const view = std::as_const(out).view();
    EXPECT_EQ(view.at(0, 2, 2), 22.0F);
    EXPECT_FLOAT_EQ(view.at(1, 2, 2), (23.0F + 12.0F + 32.0F) / 3.0F);
    EXPECT_FLOAT_EQ(view.at(2, 2, 2), (11.0F + 13.0F + 31.0F + 33.0F) / 4.0F);
    for (int c = 0; c < 3; ++c) {
        EXPECT_TRUE(std::isnan(view.at(c, 1, 2))) << "a masked pixel is masked in every colour";
    }
    // The frame's corner is red and has two green and one blue neighbour.
    EXPECT_EQ(view.at(1, 0, 0), (1.0F + 10.0F) / 2.0F);
    EXPECT_EQ(view.at(2, 0, 0), 11.0F);
}
}  // namespace
}  // namespace sectile::compute
