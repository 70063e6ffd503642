// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <random>

#include <gtest/gtest.h>

#include "product/stretch.hpp"

namespace sectile::product
{
namespace
{
constexpr float nan = std::numeric_limits<float>::quiet_NaN();
constexpr int side = 300;

/// Noisy sky of different level in each channel with square stars of one colour.
class FieldTest : public ::testing::Test
{
  protected:
    static constexpr std::array<double, 3> levels{1000.0, 1500.0, 700.0};
    static constexpr std::array<double, 3> color{1.5, 1.0, 0.5};
    static constexpr double noise = 10.0;

    [[nodiscard]] static AreaMean make_field(double star_brightness)
    {
        std::mt19937 generator(7);
        std::normal_distribution<double> normal;
        core::Box const box{0, 0, side, side};
        AreaMean field{image::Image<float>(box, 3), image::Image<float>(box, 3)};
        for (int plane = 0; plane < 3; ++plane) {
            auto const channel = static_cast<std::size_t>(plane);
            for (int y = 0; y < side; ++y) {
                for (int x = 0; x < side; ++x) {
                    bool const star = is_star(x, y);
                    field.mean.view().at(plane, x, y) =
                        static_cast<float>(levels[channel] + noise * normal(generator) +
                                           (star ? star_brightness * color[channel] : 0.0));
                    field.fraction.view().at(plane, x, y) = 1.0F;
                }
            }
        }
        return field;
    }
    [[nodiscard]] static bool is_star(int x, int y) { return x % 60 < 4 && y % 60 < 4; }

    /// Mean and scatter of the codes of one channel over the sky.
    [[nodiscard]] static SkyLevel sky_codes(image::Image<std::uint8_t> const& picture, int channel)
    {
        double sum = 0.0;
        double squares = 0.0;
        int count = 0;
        for (int y = 0; y < side; ++y) {
            for (int x = 0; x < side; ++x) {
                if (!is_star(x, y)) {
                    double const code = picture.view().at(channel, x, y);
                    sum += code;
                    squares += code * code;
                    ++count;
                }
            }
        }
        double const mean = sum / count;
        return {mean, std::sqrt(squares / count - mean * mean)};
    }
};

TEST(MeasureSky, FindsLevelAndNoiseUnderStarsAndNebula)
{
    std::mt19937 generator(3);
    std::normal_distribution<float> normal(500.0F, 8.0F);
    Samples values(100000);
    std::generate(values.begin(), values.end(), [&] { return normal(generator); });
    for (std::size_t i = 0; i < values.size(); i += 5) {
        values[i] += 200.0F;  // a fifth of the field is far above the sky
    }

    SkyLevel const sky = measure_sky(values);

    // The uneven clipping shifts the median by 0.03 sigma; the rest is the noise of 80 000 values.
    EXPECT_NEAR(sky.level, 500.0, 0.05 * 8.0);
    EXPECT_NEAR(sky.sigma, 8.0, 0.05 * 8.0);
}

TEST(MeasureSky, ConstantAndEmptyFieldsHaveNoNoise)
{
    Samples constant(100, 3.0F);
    Samples none;

    EXPECT_EQ(measure_sky(constant).level, 3.0);
    EXPECT_EQ(measure_sky(constant).sigma, 0.0);
    EXPECT_EQ(measure_sky(none).sigma, 0.0);
}

TEST_F(FieldTest, SkyIsNeutralDarkAndQuiet)
{
    AreaMean const field = make_field(5000.0);

    auto const picture = stretched(field, choose_stretch(field));

    for (int channel = 0; channel < 3; ++channel) {
        SkyLevel const codes = sky_codes(picture, channel);
        EXPECT_GT(codes.level, 10.0);
        EXPECT_LT(codes.level, 50.0);
        EXPECT_LT(codes.sigma, 20.0);
        EXPECT_NEAR(codes.level, sky_codes(picture, 0).level, 1.5);
    }
}

TEST_F(FieldTest, EmptyFieldDoesNotShowItsNoiseBrightly)
{
    AreaMean const field = make_field(0.0);

    auto const picture = stretched(field, choose_stretch(field));

    EXPECT_LT(sky_codes(picture, 1).level, 50.0);
    EXPECT_LT(sky_codes(picture, 1).sigma, 20.0);
}

TEST_F(FieldTest, FaintStructureOfTwoSigmaIsVisible)
{
    AreaMean const field = make_field(5000.0);

    Stretch const stretch = choose_stretch(field);

    // An extended difference of about 3 codes in dark grey is just visible.
    EXPECT_GT(255.0 * (stretch(2.0 * noise) - stretch(0.0)), 9.0);
}

TEST_F(FieldTest, ColoursOfStarsSurviveAlsoAboveWhite)
{
    for (double const brightness : {800.0, 5000.0, 1e6}) {
        AreaMean const field = make_field(brightness);
        Stretch stretch = choose_stretch(field);
        stretch.white = 3000.0;
        stretch.balance = {1.0, 1.0, 1.0};  // a camera that needs no balance

        auto const picture = stretched(field, stretch);

        auto const view = picture.view();
        double const red = view.at(0, 61, 61);
        double const green = view.at(1, 61, 61);
        double const blue = view.at(2, 61, 61);
        // The black point lies 25 below the sky, which pulls the ratio of 3 of the faintest star
        // towards 1; codes are rounded.
        EXPECT_NEAR(red / blue, 3.0, 0.35) << brightness;
        EXPECT_NEAR(red / green, 1.5, 0.12) << brightness;
    }
}

TEST_F(FieldTest, TypicalStarOfAGreenCameraBecomesWhite)
{
    AreaMean field = make_field(0.0);
    // Sixty bright pixels with twice as much green as red and blue, and a few red ones.
    for (int i = 0; i < 70; ++i) {
        for (int channel = 0; channel < 3; ++channel) {
            bool const red_star = i >= 60;
            double const ratio = channel == (red_star ? 0 : 1) ? 2.0 : 1.0;
            field.mean.view().at(channel, 10 + i, 30) += static_cast<float>(2000.0 * ratio);
        }
    }

    Stretch const stretch = choose_stretch(field);

    // The median of 70 shares with noise of 0.5 % each.
    EXPECT_NEAR(stretch.balance[0] / stretch.balance[1], 2.0, 0.05);
    EXPECT_NEAR(stretch.balance[2] / stretch.balance[1], 2.0, 0.05);
}

TEST_F(FieldTest, BrighterIsNeverDarker)
{
    Stretch const stretch = choose_stretch(make_field(5000.0));

    double last = -1.0;
    for (double brightness = -100.0; brightness < 10000.0; brightness += 10.0) {
        double const value = stretch(brightness);
        EXPECT_GE(value, last);
        last = value;
    }
    EXPECT_EQ(stretch(stretch.black), 0.0);
    EXPECT_DOUBLE_EQ(stretch(stretch.white), 1.0);
}

TEST_F(FieldTest, AlphaIsTheValidFraction)
{
    AreaMean field = make_field(0.0);
    for (int plane = 0; plane < 3; ++plane) {
        field.mean.view().at(plane, 5, 6) = nan;
        field.fraction.view().at(plane, 5, 6) = 0.0F;
        field.fraction.view().at(plane, 7, 6) = 0.4F;
    }

    auto const picture = stretched(field, choose_stretch(field));

    EXPECT_EQ(picture.view().at(3, 5, 6), 0);
    EXPECT_EQ(picture.view().at(3, 7, 6), 102);  // 0.4 * 255
    EXPECT_EQ(picture.view().at(3, 8, 6), 255);
}

TEST(SampledRows, AreAllOfASmallPictureAndEvenlySpreadOverABigOne)
{
    SampledRows const all({0, 0, 1024, 1024});
    EXPECT_EQ(all.step, 1);
    EXPECT_EQ(all.first, 0);
    EXPECT_EQ(all.count, 1024);
    for (core::Box const& box : {core::Box{0, 0, 4096, 4096}, core::Box{0, 0, 4096, 257},
                                 core::Box{0, 0, 1, 4096}, core::Box{0, 0, 3000, 1999}}) {
        SampledRows const some(box);
        EXPECT_GE(some.first, 0);
        EXPECT_LT(some.first, some.step);
        EXPECT_LT(some.first + (some.count - 1) * some.step, box.height());
        EXPECT_GE(some.first + some.count * some.step, box.height());
        EXPECT_LE(some.count * box.width(), 1 << 20);
    }
}

TEST(Stretched, MonochromeIsGrey)
{
    core::Box const box{0, 0, 20, 1};
    AreaMean field{image::Image<float>(box, 1), image::Image<float>(box, 1)};
    for (int x = 0; x < 20; ++x) {
        field.mean.view().at(0, x, 0) = static_cast<float>(x * x);
        field.fraction.view().at(0, x, 0) = 1.0F;
    }

    auto const picture = stretched(field, choose_stretch(field));

    ASSERT_EQ(picture.planes(), 4);
    for (int x = 0; x < 20; ++x) {
        EXPECT_EQ(picture.view().at(0, x, 0), picture.view().at(1, x, 0));
        EXPECT_EQ(picture.view().at(0, x, 0), picture.view().at(2, x, 0));
    }
    EXPECT_GT(picture.view().at(0, 19, 0), picture.view().at(0, 2, 0));
}

TEST(Stretched, EmptyCanvasIsTransparent)
{
    core::Box const box{0, 0, 4, 3};
    AreaMean field{image::Image<float>(box, 3), image::Image<float>(box, 3)};
    for (int plane = 0; plane < 3; ++plane) {
        for (int y = 0; y < 3; ++y) {
            std::fill_n(field.mean.view().row(plane, y), 4, nan);
        }
    }

    auto const picture = stretched(field, choose_stretch(field));

    for (int y = 0; y < 3; ++y) {
        for (int x = 0; x < 4; ++x) {
            EXPECT_EQ(picture.view().at(3, x, y), 0);
        }
    }
}
}  // namespace
}  // namespace sectile::product
