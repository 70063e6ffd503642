// SPDX-License-Identifier: BSD-3-Clause
#include <gtest/gtest.h>

#include "unit/measure/star_field.hpp"

namespace sectile::measure::test
{
TEST(MeasureFlux, ScattersAsItsErrorSays)
{
    Field field;
    field.width = 1200;
    field.height = 1200;
    field.profile = {3.0, INFINITY, 1.0, 0.0};
    field.stars = scatter(field, 500, 2000.0, 30'000.0, 25.0);

    auto const image = draw(field);
    StarCatalog const catalog = measure_stars(image.view(), 0, {});

    // A Gaussian has this share within a circle; a circle over pixels, whose light SEP spreads over
    // the pixel, has a little less.
    double const u2 = std::pow(catalog.aperture_radius * 2.3548 / 3.0, 2);
    double const share = 1.0 - std::exp(-0.5 * u2);
    std::vector<double> shares;
    for (TrueStar const& truth : field.stars) {
        Star const* const star = nearest(catalog, truth.x, truth.y);
        ASSERT_NE(star, nullptr);
        shares.push_back(star->flux / truth.flux);
    }
    double const median = median_of(shares);
    double squares = 0.0;
    for (std::size_t i = 0; i < shares.size(); ++i) {
        TrueStar const& truth = field.stars[i];
        Star const* const star = nearest(catalog, truth.x, truth.y);
        squares += std::pow((shares[i] - median) * truth.flux / star->flux_sigma, 2);
    }
    double const rms = std::sqrt(squares / static_cast<double>(shares.size()));
    std::printf("share %.4f for %.4f, rms pull %.3f\n", median, share, rms);
    EXPECT_NEAR(median, share, 0.01);
    EXPECT_NEAR(rms, 1.0, 0.15);  // 500 stars tell it to 0.03; centring adds a little
}

TEST(MeasureFlux, RatiosBetweenFramesOfOtherSeeingAreThoseOfTheLight)
{
    Field sharp;
    sharp.width = 1000;
    sharp.height = 1000;
    sharp.profile = {2.2, 3.5, 1.0, 0.0};
    sharp.sigma = 3.0;
    sharp.stars = scatter(sharp, 300, 10'000.0, 300'000.0, 30.0);
    Field soft = sharp;
    soft.seed = 2;
    soft.profile.fwhm = 4.4;
    for (TrueStar& star : soft.stars) {
        star.x += 0.37;
        star.flux *= 0.8;
    }

    auto const sharp_image = draw(sharp);
    auto const soft_image = draw(soft);
    StarCatalog const a = measure_stars(sharp_image.view(), 0, {});
    StarCatalog const b = measure_stars(soft_image.view(), 0, {});

    std::vector<double> ratios;
    for (TrueStar const& truth : sharp.stars) {
        Star const* const first = nearest(a, truth.x, truth.y);
        Star const* const second = nearest(b, truth.x + 0.37, truth.y);
        if (first != nullptr && second != nullptr) {
            ratios.push_back(second->flux / first->flux);
        }
    }
    ASSERT_GT(ratios.size(), 250U);
    std::sort(ratios.begin(), ratios.end());
    double const ratio = ratios[ratios.size() / 2];
    std::printf("ratio %.4f, scatter %.4f\n", ratio,
                0.5 * (ratios[ratios.size() * 84 / 100] - ratios[ratios.size() * 16 / 100]));
    EXPECT_NEAR(ratio, 0.8, 0.8 * 0.003);
}

TEST(MeasureFlux, BrightestComeFirstAndAreTheOnesKept)
{
    Field field;
    field.stars = scatter(field, 100, 2000.0, 100'000.0, 20.0);
    auto const image = draw(field);
    MeasureOptions options;
    StarCatalog const all = measure_stars(image.view(), 0, options);
    options.most_stars = 30;
    StarCatalog const few = measure_stars(image.view(), 0, options);

    ASSERT_GE(all.stars.size(), 95U);
    ASSERT_EQ(few.stars.size(), 30U);
    for (std::size_t i = 1; i < all.stars.size(); ++i) {
        EXPECT_GE(all.stars[i - 1].flux, all.stars[i].flux);
    }
    for (std::size_t i = 0; i < 25; ++i) {
        EXPECT_NEAR(few.stars[i].x, all.stars[i].x, 0.05);
    }
}
}  // namespace sectile::measure::test
