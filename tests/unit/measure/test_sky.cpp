// SPDX-License-Identifier: BSD-3-Clause
#include <gtest/gtest.h>

#include "unit/measure/star_field.hpp"

namespace sectile::measure::test
{
namespace
{
void expect_sky(Field const& field, SkyModel const& sky)
{
    std::printf("level off %.3f sigma, gradient %.5f %.5f for %.5f %.5f, noise %.4f\n",
                (sky.level - field.level) / field.sigma, sky.gradient_x, sky.gradient_y,
                field.gradient_x, field.gradient_y, sky.noise_sigma / field.sigma);
    EXPECT_NEAR(sky.level, field.level, 0.1 * field.sigma);
    EXPECT_NEAR(sky.noise_sigma / field.sigma, 1.0, 0.02);
    // 0.1 sigma from one side to the other.
    EXPECT_NEAR(sky.gradient_x * field.width, field.gradient_x * field.width, 0.1 * field.sigma);
    EXPECT_NEAR(sky.gradient_y * field.height, field.gradient_y * field.height, 0.1 * field.sigma);
    EXPECT_EQ(sky.x_ref, static_cast<double>(field.x0) + 0.5 * (field.width - 1));
    EXPECT_EQ(sky.y_ref, static_cast<double>(field.y0) + 0.5 * (field.height - 1));
}
}  // namespace

TEST(MeasureSky, OfPureNoise)
{
    Field field;
    field.gradient_x = 0.1;
    field.gradient_y = -0.2;

    expect_sky(field, measure_stars(draw(field).view(), 0, {}).sky);
}

TEST(MeasureSky, OfAStarField)
{
    Field field;
    field.width = 1080;
    field.height = 1000;
    field.x0 = 17;
    field.y0 = 5;
    field.gradient_x = 0.3;
    field.gradient_y = 0.1;
    field.profile = {3.0, 3.0, 1.0, 0.0};
    field.stars = scatter(field, 1000, 300.0, 300'000.0, 10.0);

    expect_sky(field, measure_stars(draw(field).view(), 0, {}).sky);
}

TEST(MeasureSky, WithHoles)
{
    Field field;
    field.width = 700;
    field.height = 600;
    field.gradient_x = 0.2;
    field.stars = scatter(field, 200, 1000.0, 100'000.0, 15.0);
    auto image = draw(field);
    for (std::int64_t y = 0; y < 600; ++y) {
        for (std::int64_t x = 0; x < 700; ++x) {
            bool const corner = x + y < 400;  // as a rotated frame has
            bool const spot = (x / 7 + y / 5) % 11 == 0;
            if (corner || spot) {
                image.view().at(0, x, y) = NAN;
            }
        }
    }

    StarCatalog const catalog = measure_stars(image.view(), 0, {});

    expect_sky(field, catalog.sky);
    for (Star const& star : catalog.stars) {
        EXPECT_TRUE(std::isfinite(star.flux));
        EXPECT_GT(star.x + star.y, 395.0) << "a star in the hole";
    }
}

TEST(MeasureSky, OfWholeNumbersWithLittleNoise)
{
    Field field;
    field.level = 100.3;
    field.sigma = 0.8;
    auto image = draw(field);
    for (std::int64_t y = 0; y < field.height; ++y) {
        for (std::int64_t x = 0; x < field.width; ++x) {
            image.view().at(0, x, y) = std::round(image.view().at(0, x, y));
        }
    }

    SkyModel const sky = measure_stars(image.view(), 0, {}).sky;

    EXPECT_NEAR(sky.level, 100.3, 0.1 * field.sigma);
    // Rounding adds a twelfth to the variance.
    EXPECT_NEAR(sky.noise_sigma, std::sqrt(0.64 + 1.0 / 12.0), 0.02 * 0.8);
}

TEST(MeasureSky, NoiseIsThatOfAPixelWhereNeighboursShareIt)
{
    Field field;
    field.sigma = 10.0;
    auto const white = draw(field);
    auto image = draw(field);
    for (std::int64_t y = 1; y < field.height - 1; ++y) {
        for (std::int64_t x = 1; x < field.width - 1; ++x) {
            double sum = 0.0;
            for (int dy = -1; dy <= 1; ++dy) {
                for (int dx = -1; dx <= 1; ++dx) {
                    sum += white.view().at(0, x + dx, y + dy);
                }
            }
            image.view().at(0, x, y) = static_cast<float>(sum / 9.0);
        }
    }

    SkyModel const sky = measure_stars(image.view(), 0, {}).sky;

    EXPECT_NEAR(sky.noise_sigma, 10.0 / 3.0, 0.02 * 10.0 / 3.0);
}
}  // namespace sectile::measure::test
