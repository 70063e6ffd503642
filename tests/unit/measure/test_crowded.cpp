// SPDX-License-Identifier: BSD-3-Clause
#include <chrono>

#include <gtest/gtest.h>

#include "sectile/core/memory_budget.hpp"

#include "unit/measure/star_field.hpp"

namespace sectile::measure::test
{
namespace
{
double milliseconds_of(image::Image<float> const& image, StarCatalog& catalog,
                       MeasureOptions const& options)
{
    auto const start = std::chrono::steady_clock::now();
    catalog = measure_stars(image.view(), 0, options);
    return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start)
        .count();
}
}  // namespace

TEST(MeasureCrowded, TenThousandStars)
{
    Field field;
    field.width = 1080;
    field.height = 1920;
    field.profile = {2.5, 3.5, 1.0, 0.0};
    field.stars = scatter(field, 10'000, 500.0, 200'000.0, 2.0);
    ASSERT_EQ(field.stars.size(), 10'000U);
    auto const image = draw(field);
    MeasureOptions options;
    options.most_stars = 20'000;

    StarCatalog catalog;
    double const time = milliseconds_of(image, catalog, options);

    std::vector<TrueStar> bright = field.stars;
    std::sort(bright.begin(), bright.end(),
              [](TrueStar const& a, TrueStar const& b) { return a.flux > b.flux; });
    bright.resize(1000);
    int const found = found_of(catalog, bright);
    std::printf("%.0f ms, %zu stars, %d of the 1000 brightest, fwhm %.3f, noise %.3f, level %.3f\n",
                time, catalog.stars.size(), found, catalog.fwhm, catalog.sky.noise_sigma / 10.0,
                (catalog.sky.level - 1000.0) / 10.0);
    EXPECT_GT(catalog.stars.size(), 5000U);
    EXPECT_GE(found, 980);
    EXPECT_NEAR(catalog.fwhm, 2.5, 0.15);  // the light of neighbours passes for wings
    EXPECT_NEAR(catalog.sky.noise_sigma, 10.0, 1.0);
}

TEST(MeasureCrowded, AnOrdinaryFrameStaysWithinItsMemory)
{
    Field field;
    field.width = 1080;
    field.height = 1920;
    field.profile = {3.0, 3.5, 1.0, 0.0};
    field.stars = scatter(field, 800, 1000.0, 300'000.0, 10.0);
    auto const image = draw(field);
    core::MemoryBudget& budget = core::MemoryBudget::of_process();
    auto const before = budget.in_use();
    budget.reset_peak();

    StarCatalog catalog;
    double const time = milliseconds_of(image, catalog, {});

    std::printf("%.0f ms, %zu stars\n", time, catalog.stars.size());
    EXPECT_LE(budget.peak() - before, measure_bytes(1080, 1920));
    EXPECT_EQ(budget.in_use(), before);
}

TEST(MeasureCrowded, MoreThanTheUsualLimitsHoldAtOnce)
{
    // One connected object of 422,500 pixels; SEP holds 300,000 unless told otherwise.
    Field field;
    field.width = 1800;
    field.height = 1000;
    field.stars = scatter(field, 30, 20'000.0, 50'000.0, 30.0);
    auto image = draw(field);
    add_plateau(image, {150, 150, 800, 800}, 1000.0F);
    MeasureOptions options;
    options.mesh = 2000;  // does not follow the plateau

    StarCatalog catalog;
    double const time = milliseconds_of(image, catalog, options);

    std::vector<TrueStar> outside = field.stars;
    std::erase_if(outside, [](TrueStar const& star) { return star.x <= 830.0; });
    std::printf("%.0f ms, %zu stars\n", time, catalog.stars.size());
    ASSERT_GT(outside.size(), 5U);
    EXPECT_EQ(found_of(catalog, outside), std::ssize(outside));
}
}  // namespace sectile::measure::test
