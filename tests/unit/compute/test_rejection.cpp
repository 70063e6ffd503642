// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <vector>

#include <gtest/gtest.h>

#include "sectile/compute/kernels/combine_kern.hpp"

#include "scene.hpp"

namespace sectile::compute
{
namespace
{
constexpr Rejection all_methods[] = {Rejection::kappa_sigma, Rejection::winsorized_sigma_clip,
                                     Rejection::linear_fit_clip};

CombineRecipe recipe_of(Rejection rejection, FinalCombine final_combine = FinalCombine::mean)
{
    CombineRecipe recipe;
    recipe.rejection = rejection;
    recipe.final_combine = final_combine;
    return recipe;
}

kernels::CombinedPixel combined(CombineRecipe const& recipe, std::vector<float> const& value,
                                std::vector<float> const& weight, double noise)
{
    std::vector<double> sorted(value.begin(), value.end());
    std::sort(sorted.begin(), sorted.end());
    std::vector<double> scratch(2 * value.size());
    return kernels::combine_samples(
        recipe, {value.data(), weight.data(), nullptr, static_cast<int>(value.size()), noise},
        sorted.data(), scratch.data());
}

kernels::CombinedPixel combined(CombineRecipe const& recipe, std::vector<float> const& value,
                                double noise)
{
    return combined(recipe, value, std::vector<float>(value.size(), 1.0F), noise);
}

std::vector<float> clean_samples(int count, std::uint64_t seed)
{
    std::vector<float> value;
    for (int i = 0; i < count; ++i) {
        value.push_back(static_cast<float>(
            1000.0 + 10.0 * testing::gaussian(seed * 64 + static_cast<std::uint64_t>(i))));
    }
    return value;
}

/// Nine sharp frames and three soft ones, at the core of a star and beside it.
TEST(Rejection, LeavesStarsOfFramesThatDifferInSharpness)
{
    std::vector<float> core;
    std::vector<float> skirt;
    for (int i = 0; i < 12; ++i) {
        float const noise = clean_samples(12, 5)[static_cast<std::size_t>(i)] - 1000.0F;
        core.push_back((i < 9 ? 9000.0F : 3000.0F) + noise);
        skirt.push_back((i < 9 ? 1000.0F : 1600.0F) + noise);
    }
    for (Rejection const method : all_methods) {
        CombineRecipe recipe = recipe_of(method);
        recipe.ampfrac = 1.8;  // 0.3 + 2 (1 - (2.4 / 5)^2)
        std::vector<float> const weight(12, 1.0F);
        for (std::vector<float> const& value : {core, skirt}) {
            std::vector<double> sorted(value.begin(), value.end());
            std::sort(sorted.begin(), sorted.end());
            std::vector<double> scratch(2 * value.size());
            auto const kept = [&](double sky) {
                return kernels::combine_samples(
                           recipe, {value.data(), weight.data(), nullptr, 12, 10.0, sky},
                           sorted.data(), scratch.data())
                    .coverage;
            };
            EXPECT_EQ(kept(1000.0), 12.0);
            EXPECT_LT(kept(NAN), 12.0) << "bitten where the light is not known";
        }
    }
}

TEST(Rejection, FindsTrailsWhereTheSkyIsKnown)
{
    for (Rejection const method : all_methods) {
        CombineRecipe recipe = recipe_of(method);
        recipe.ampfrac = 1.0;
        for (int const count : {4, 5, 8, 20, 40}) {
            if (method == Rejection::linear_fit_clip && count < 8) {
                continue;
            }
            std::vector<float> value = clean_samples(count, 9);
            value[1] += 500.0F;
            std::vector<float> const weight(value.size(), 1.0F);
            std::vector<double> sorted(value.begin(), value.end());
            std::sort(sorted.begin(), sorted.end());
            std::vector<double> scratch(2 * value.size());

            auto const pixel = kernels::combine_samples(
                recipe, {value.data(), weight.data(), nullptr, count, 10.0, 1000.0}, sorted.data(),
                scratch.data());

            EXPECT_LT(pixel.high, 1400.0) << count;
            EXPECT_GE(pixel.coverage, count - 2.0) << count;
        }
    }
}

TEST(Rejection, FindsOneBrightOutlierAmongFewSamples)
{
    for (Rejection const method : all_methods) {
        for (int const count : {3, 5, 8, 20}) {
            if (method == Rejection::linear_fit_clip && count == 3) {
                // One of three samples is at most three mean deviations from a line: kappa 3 cannot
                // find it.
                continue;
            }
            for (std::uint64_t trial = 0; trial < 200; ++trial) {
                std::vector<float> value = clean_samples(count, trial);
                auto const struck = static_cast<std::size_t>(testing::mix(trial) % value.size());
                value[struck] += 500.0F;

                auto const pixel = combined(recipe_of(method), value, 10.0);

                EXPECT_LT(pixel.coverage, count) << "method " << static_cast<int>(method) << " of "
                                                 << count << ", trial " << trial;
                EXPECT_LT(std::fabs(pixel.value - 1000.0), 40.0);
            }
        }
    }
}

TEST(Rejection, FindsDarkOutliersToo)
{
    for (Rejection const method : all_methods) {
        std::vector<float> value = clean_samples(12, 5);
        value[3] -= 400.0F;
        value[7] += 600.0F;

        auto const pixel = combined(recipe_of(method), value, 10.0);

        EXPECT_EQ(pixel.coverage, 10.0) << static_cast<int>(method);
    }
}

TEST(Rejection, KeepsCleanSamples)
{
    for (Rejection const method : all_methods) {
        for (int const count : {3, 5, 8, 20, 50}) {
            double survivors = 0.0;
            constexpr int trials = 400;
            for (std::uint64_t trial = 0; trial < trials; ++trial) {
                survivors +=
                    combined(recipe_of(method), clean_samples(count, trial + 7000), 10.0).coverage;
            }

            // A Gaussian loses 0.27 % beyond 3 sigma; the centre's own scatter adds a little.
            EXPECT_GT(survivors / (count * trials), 0.99)
                << static_cast<int>(method) << " of " << count;
        }
    }
}

TEST(Rejection, KeepsMostCleanSamplesWithoutANoiseModel)
{
    for (Rejection const method : {Rejection::kappa_sigma, Rejection::winsorized_sigma_clip}) {
        double survivors = 0.0;
        for (std::uint64_t trial = 0; trial < 400; ++trial) {
            survivors += combined(recipe_of(method), clean_samples(20, trial), 0.0).coverage;
        }

        // The scale estimated from 20 samples scatters by 15 to 20 %, and low ones reject more.
        EXPECT_GT(survivors / (20.0 * 400.0), 0.975) << static_cast<int>(method);
    }
}

TEST(Rejection, NeverGoesBelowTwoSurvivors)
{
    for (Rejection const method : all_methods) {
        CombineRecipe recipe = recipe_of(method);
        recipe.kappa_low = 0.01;
        recipe.kappa_high = 0.01;
        for (int const count : {1, 2, 3, 4, 9}) {
            auto const pixel = combined(recipe, clean_samples(count, 3), 0.0);

            EXPECT_GE(pixel.coverage, std::min(count, 2)) << static_cast<int>(method);
        }
    }
}

TEST(Rejection, EqualSamplesAreAllKept)
{
    for (Rejection const method : all_methods) {
        auto const pixel = combined(recipe_of(method), std::vector<float>(9, 7.5F), 0.0);

        EXPECT_EQ(pixel.coverage, 9.0);
        EXPECT_EQ(pixel.value, 7.5);
    }
}

TEST(Rejection, SidesHaveTheirOwnKappa)
{
    std::vector<float> value = clean_samples(15, 1);
    value[2] -= 80.0F;
    value[9] += 80.0F;
    CombineRecipe recipe = recipe_of(Rejection::kappa_sigma);
    recipe.kappa_low = 100.0;

    EXPECT_EQ(combined(recipe, value, 10.0).coverage, 14.0);
}

TEST(KappaSigma, ScaleIsTheMedianDistance)
{
    std::vector<double> const sorted{1.0, 2.0, 4.0, 8.0, 16.0, 64.0};
    kernels::SampleRange const all{0, 6};

    double const median = kernels::median_of(sorted.data(), all);

    EXPECT_EQ(median, 6.0);
    // Distances 5 4 2 2 10 58, in order 2 2 4 5 10 58.
    EXPECT_EQ(kernels::median_distance(sorted.data(), all, median), 4.5);
    kernels::SampleRange const five{0, 5};
    // About 4: 3 2 0 4 12.
    EXPECT_EQ(kernels::median_distance(sorted.data(), five, 4.0), 3.0);
}

TEST(KappaSigma, MedianDistanceEqualsTheSortedOne)
{
    for (std::uint64_t trial = 0; trial < 300; ++trial) {
        std::vector<double> sorted;
        for (std::uint64_t i = 0; i < 3 + trial % 17; ++i) {
            sorted.push_back(std::floor(20.0 * testing::uniform(trial * 32 + i)));
        }
        std::sort(sorted.begin(), sorted.end());
        kernels::SampleRange const range{0, static_cast<int>(sorted.size())};
        double const median = kernels::median_of(sorted.data(), range);
        std::vector<double> distance;
        for (double const v : sorted) {
            distance.push_back(std::fabs(v - median));
        }
        std::sort(distance.begin(), distance.end());

        EXPECT_EQ(kernels::median_distance(sorted.data(), range, median),
                  kernels::median_of(distance.data(), range));
    }
}

TEST(WinsorizedSigma, ScaleOfGaussianSamplesIsTheirSigma)
{
    std::vector<double> sorted;
    for (std::uint64_t i = 0; i < 20000; ++i) {
        sorted.push_back(testing::gaussian(i));
    }
    std::sort(sorted.begin(), sorted.end());
    kernels::SampleRange const all{0, static_cast<int>(sorted.size())};

    double const scale = kernels::WinsorizedSigma{3.0, 3.0, 0.05, 0.05}.winsorized_scale(
        sorted.data(), all, kernels::median_of(sorted.data(), all), 0.0);

    // Three standard errors of a sigma from 20000 samples, and the rounding of the constant 1.134.
    EXPECT_NEAR(scale, 1.0, 0.02);
}

TEST(LinearFitClip, LineIsTheLeastAbsoluteOne)
{
    for (std::uint64_t trial = 0; trial < 100; ++trial) {
        std::vector<double> sorted;
        for (std::uint64_t i = 0; i < 9; ++i) {
            sorted.push_back(testing::gaussian(trial * 16 + i));
        }
        std::sort(sorted.begin(), sorted.end());
        std::vector<double> scratch(18);

        auto const line = kernels::LinearFitClip::fit(sorted.data(), {0, 9}, scratch.data());

        // Some best line passes through two of the samples: try all pairs.
        double best = 1e30;
        for (int i = 0; i < 9; ++i) {
            for (int j = i + 1; j < 9; ++j) {
                double const slope =
                    (sorted[static_cast<std::size_t>(j)] - sorted[static_cast<std::size_t>(i)]) /
                    (j - i);
                double sum = 0.0;
                for (int k = 0; k < 9; ++k) {
                    sum += std::fabs(sorted[static_cast<std::size_t>(k)] -
                                     sorted[static_cast<std::size_t>(i)] - slope * (k - i));
                }
                best = std::min(best, sum / 9.0);
            }
        }
        EXPECT_NEAR(line.mean_deviation, best, 1e-12) << trial;
    }
}

TEST(Combine, MeanIsWeighted)
{
    auto const pixel = combined(CombineRecipe{}, {1.0F, 4.0F}, {3.0F, 1.0F}, 0.0);

    EXPECT_DOUBLE_EQ(pixel.value, 1.75);
    EXPECT_DOUBLE_EQ(pixel.weight, 4.0);
    EXPECT_DOUBLE_EQ(pixel.coverage, 2.0);
}

TEST(Combine, MedianIsOfTheSurvivors)
{
    auto const recipe = recipe_of(Rejection::kappa_sigma, FinalCombine::median);

    auto const pixel = combined(recipe, {1.0F, 2.0F, 3.0F, 4.0F, 1000.0F}, 1.0);

    EXPECT_DOUBLE_EQ(pixel.value, 2.5);
    EXPECT_DOUBLE_EQ(pixel.weight, 4.0 * kernels::median_efficiency(4));
}

TEST(Combine, NoSampleIsNotANumber)
{
    auto const pixel = combined(CombineRecipe{}, {}, 0.0);

    EXPECT_TRUE(std::isnan(pixel.value));
    EXPECT_EQ(pixel.weight, 0.0);
    EXPECT_EQ(pixel.coverage, 0.0);
}

TEST(MedianEfficiency, AgreesWithSimulatedMedians)
{
    for (int const n : {3, 4, 7, 10, 11, 16, 31}) {
        constexpr int trials = 40000;
        double squares = 0.0;
        for (int trial = 0; trial < trials; ++trial) {
            std::vector<double> sorted;
            for (int i = 0; i < n; ++i) {
                sorted.push_back(testing::gaussian(static_cast<std::uint64_t>(trial) * 32 +
                                                   static_cast<std::uint64_t>(i)));
            }
            std::sort(sorted.begin(), sorted.end());
            double const median = kernels::median_of(sorted.data(), {0, n});
            squares += median * median;
        }

        // A variance from 40000 trials is good to 0.7 %; three of these.
        double const simulated = trials / (n * squares);
        EXPECT_NEAR(kernels::median_efficiency(n), simulated, 0.021 * simulated) << n;
    }
    EXPECT_NEAR(kernels::median_efficiency(100000), 0.63662, 1e-4);
}
}  // namespace
}  // namespace sectile::compute
