// SPDX-License-Identifier: BSD-3-Clause
#include <gtest/gtest.h>

#include "sectile/core/error.hpp"

#include "unit/measure/star_field.hpp"

namespace sectile::measure::test
{
namespace
{
image::Image<float> constant(int width, int height, float value)
{
    image::Image<float> image({0, 0, width, height}, 1);
    for (int y = 0; y < height; ++y) {
        std::fill_n(image.view().row(0, y), width, value);
    }
    return image;
}
}  // namespace

TEST(MeasureOddPlane, WithoutValidPixelsIsUnknown)
{
    auto const image = constant(200, 100, NAN);

    StarCatalog const catalog = measure_stars(image.view(), 0, {});

    EXPECT_TRUE(catalog.stars.empty());
    EXPECT_TRUE(std::isnan(catalog.sky.level));
    EXPECT_TRUE(std::isnan(catalog.sky.noise_sigma));
    EXPECT_TRUE(std::isnan(catalog.fwhm));
    EXPECT_EQ(catalog.saturated_fraction, 0.0);
}

TEST(MeasureOddPlane, EmptyIsUnknown)
{
    EXPECT_TRUE(measure_stars({}, 0, {}).stars.empty());
}

TEST(MeasureOddPlane, ThatDoesNotExistIsRefused)
{
    auto const image = constant(32, 32, 1.0F);

    EXPECT_THROW((void)measure_stars(image.view(), 1, {}), core::InternalError);
}

TEST(MeasureOddPlane, ConstantHasALevelAndNoNoise)
{
    for (float const value : {0.0F, -3.25F, 1000.1F, 65535.0F}) {
        auto const image = constant(300, 200, value);

        StarCatalog const catalog = measure_stars(image.view(), 0, {});

        EXPECT_TRUE(catalog.stars.empty());
        EXPECT_NEAR(catalog.sky.level, value, 1e-6 * std::abs(value));
        EXPECT_NEAR(catalog.sky.noise_sigma, 0.0, 1e-6 * std::abs(value));
        EXPECT_NEAR(catalog.sky.gradient_x, 0.0, 1e-8 * std::abs(value));
    }
}

TEST(MeasureOddPlane, SaturatedAllOverHasNoStars)
{
    auto const image = constant(300, 200, 65535.0F);
    MeasureOptions options;
    options.saturation = 65000.0;

    StarCatalog const catalog = measure_stars(image.view(), 0, options);

    EXPECT_TRUE(catalog.stars.empty());
    EXPECT_EQ(catalog.saturated_fraction, 1.0);
}

TEST(MeasureOddPlane, OfAnySmallSizeIsMeasured)
{
    for (int width : {1, 2, 7, 8, 9, 15, 16, 17, 31, 47, 65, 129}) {
        for (int height : {1, 3, 8, 16, 33, 64, 130}) {
            Field field;
            field.width = width;
            field.height = height;
            auto const image = draw(field);

            StarCatalog const catalog = measure_stars(image.view(), 0, {});

            if (width >= 16 && height >= 16) {
                EXPECT_NEAR(catalog.sky.level, field.level, 0.5 * field.sigma);
                EXPECT_NEAR(catalog.sky.noise_sigma, field.sigma, 0.3 * field.sigma);
            }
            EXPECT_LE(catalog.stars.size(), 1U);
        }
    }
}

TEST(MeasureOddPlane, AStarInATinyOne)
{
    Field field;
    field.width = 16;
    field.height = 16;
    field.stars = {{8.3, 7.6, 5000.0}};
    auto const image = draw(field);

    StarCatalog const catalog = measure_stars(image.view(), 0, {});

    ASSERT_EQ(catalog.stars.size(), 1U);
    EXPECT_NEAR(catalog.stars[0].x, 8.3, 0.1);
    EXPECT_NEAR(catalog.stars[0].y, 7.6, 0.1);
}

TEST(MeasureOddPlane, StarsWithoutAnyNoise)
{
    Field field;
    field.sigma = 0.0;
    field.stars = scatter(field, 60, 5000.0, 100'000.0, 20.0);
    auto const image = draw(field);

    StarCatalog const catalog = measure_stars(image.view(), 0, {});

    EXPECT_EQ(catalog.stars.size(), field.stars.size());
    EXPECT_NEAR(catalog.fwhm, 3.0, 0.03);
}

TEST(MeasureOddPlane, SaturatedStarsAreMarkedAndLeftOutOfTheSeeing)
{
    Field field;
    field.stars = scatter(field, 80, 5000.0, 1'000'000.0, 20.0);
    auto image = draw(field);
    MeasureOptions options;
    options.saturation = 20'000.0;
    std::int64_t clipped = 0;
    for (std::int64_t y = 0; y < field.height; ++y) {
        for (std::int64_t x = 0; x < field.width; ++x) {
            float& value = image.view().at(0, x, y);
            clipped += value >= 20'000.0F ? 1 : 0;
            value = std::min(value, 20'000.0F);
        }
    }

    StarCatalog const catalog = measure_stars(image.view(), 0, options);

    ASSERT_GT(clipped, 20);
    EXPECT_DOUBLE_EQ(catalog.saturated_fraction, static_cast<double>(clipped) / (512.0 * 512.0));
    int marked = 0;
    int bright = 0;
    for (TrueStar const& truth : field.stars) {
        Star const* const star = nearest(catalog, truth.x, truth.y);
        ASSERT_NE(star, nullptr);
        double const pixel = field.level + truth.flux * field.profile.peak();
        if (pixel > 24'000.0) {
            EXPECT_TRUE(star->saturated);
            EXPECT_TRUE(std::isnan(star->fwhm));
            ++bright;
        } else if (pixel < 18'000.0) {
            EXPECT_FALSE(star->saturated);
        }
        marked += star->saturated ? 1 : 0;
    }
    EXPECT_GT(bright, 5);
    EXPECT_GE(marked, bright);
    EXPECT_NEAR(catalog.fwhm, 3.0, 0.06);
}

TEST(MeasureOddPlane, HotPixelsAndCosmicRaysAreNotStars)
{
    Field field;
    field.stars = scatter(field, 60, 5000.0, 100'000.0, 25.0);
    auto image = draw(field);
    PseudoRandom random(5);
    for (int i = 0; i < 400; ++i) {
        std::int64_t const x = random.integer(2, 509);
        std::int64_t const y = random.integer(2, 509);
        image.view().at(0, x, y) += static_cast<float>(random.uniform(100.0, 20'000.0));
    }
    for (int i = 0; i < 10; ++i) {
        std::int64_t const x = random.integer(20, 480);
        std::int64_t const y = random.integer(20, 480);
        for (int k = 0; k < 8; ++k) {
            image.view().at(0, x + k, y + k / 3) += 3000.0F;
        }
    }

    StarCatalog const catalog = measure_stars(image.view(), 0, {});

    int false_stars = 0;
    for (Star const& star : catalog.stars) {
        false_stars += std::none_of(field.stars.begin(), field.stars.end(),
                                    [&](TrueStar const& truth) {
                                        return std::hypot(truth.x - star.x, truth.y - star.y) < 3.0;
                                    })
                           ? 1
                           : 0;
    }
    std::printf("%d false stars, %zu in all\n", false_stars, catalog.stars.size());
    EXPECT_LE(false_stars, 4);  // pairs of neighbouring hot pixels
    EXPECT_GE(catalog.stars.size(), 55U);
    EXPECT_NEAR(catalog.fwhm, 3.0, 0.09);
}

TEST(MeasureOddPlane, SharpStarsAreNotHotPixels)
{
    Field field;
    field.profile.fwhm = 1.4;
    field.stars = scatter(field, 100, 2000.0, 100'000.0, 15.0);
    auto const image = draw(field);

    StarCatalog const catalog = measure_stars(image.view(), 0, {});

    EXPECT_EQ(found_of(catalog, field.stars), 100);
}

TEST(MeasureOddPlane, OtherPlanesAndPaddingDoNotMatter)
{
    Field field;
    field.width = 200;
    field.height = 150;
    field.stars = scatter(field, 20, 5000.0, 50'000.0, 20.0);
    auto const one = draw(field);
    image::Image<float> three({0, 0, 200, 150}, 3);
    for (std::int64_t y = 0; y < 150; ++y) {
        std::copy_n(one.view().row(0, y), 200, three.view().row(2, y));
        std::fill_n(three.view().row(1, y), 200, NAN);
    }

    StarCatalog const a = measure_stars(one.view(), 0, {});
    StarCatalog const b = measure_stars(three.view(), 2, {});

    ASSERT_EQ(a.stars.size(), b.stars.size());
    ASSERT_GE(a.stars.size(), 18U);
    for (std::size_t i = 0; i < a.stars.size(); ++i) {
        EXPECT_EQ(a.stars[i].flux, b.stars[i].flux);
    }
}

TEST(MeasureOddPlane, StarsAtEdgesAndHolesAreMarked)
{
    Field field;
    field.stars = scatter(field, 40, 20'000.0, 50'000.0, 30.0);
    field.stars.push_back({1.2, 300.0, 50'000.0});
    field.stars.push_back({400.0, 510.4, 50'000.0});
    auto image = draw(field);
    TrueStar const holed = field.stars[0];
    image.view().at(0, std::lround(holed.x) + 2, std::lround(holed.y)) = NAN;

    StarCatalog const catalog = measure_stars(image.view(), 0, {});

    Star const* const left = nearest(catalog, 1.2, 300.0);
    Star const* const bottom = nearest(catalog, 400.0, 510.4);
    Star const* const hole = nearest(catalog, holed.x, holed.y);
    ASSERT_TRUE(left != nullptr && bottom != nullptr && hole != nullptr);
    EXPECT_TRUE(left->near_edge);
    EXPECT_TRUE(bottom->near_edge);
    EXPECT_TRUE(hole->near_mask);
    EXPECT_FALSE(hole->near_edge);
    EXPECT_NEAR(hole->x, holed.x, 0.1);
    EXPECT_EQ(std::count_if(catalog.stars.begin(), catalog.stars.end(),
                            [](Star const& s) { return s.near_edge; }),
              2);
}
}  // namespace sectile::measure::test
