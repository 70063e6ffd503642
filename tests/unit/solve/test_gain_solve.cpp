// SPDX-License-Identifier: BSD-3-Clause
#include <cmath>
#include <cstdint>
#include <random>
#include <vector>

#include <gtest/gtest.h>

#include "sectile/solve/gain_solve.hpp"

namespace sectile::solve
{
namespace
{
/// Stars of one sky in images with gains of their own.
struct Images
{
    std::vector<double> log_gain;  ///< of the images: counts per light
    std::vector<FluxMeasurement> measurements;

    Images(std::size_t count, std::size_t stars, std::uint64_t seed, double scatter = 0.01,
           double outliers = 0.0, double seen = 1.0)
    {
        std::mt19937_64 random(seed);
        std::normal_distribution<double> normal(0.0, 1.0);
        auto const uniform = [&](double low, double high) {
            return std::uniform_real_distribution<double>(low, high)(random);
        };
        for (std::size_t i = 0; i < count; ++i) {
            log_gain.push_back(uniform(-0.4, 0.4));
        }
        for (std::uint32_t star = 0; star < stars; ++star) {
            double const flux = 500.0 * std::pow(uniform(1e-3, 1.0), -1.25);
            for (std::uint32_t image = 0; image < count; ++image) {
                double const sigma = 100.0 / flux;
                double log_flux =
                    std::log(flux) + log_gain[image] + std::hypot(sigma, scatter) * normal(random);
                if (uniform(0.0, 1.0) < outliers) {
                    log_flux += uniform(0.1, 1.0);
                }
                if (uniform(0.0, 1.0) < seen) {
                    measurements.push_back({image, star, log_flux, sigma});
                }
            }
        }
    }
    /// What the solution should say of an image.
    [[nodiscard]] double truth(std::size_t image) const { return log_gain[0] - log_gain[image]; }
};

TEST(GainSolve, FindsGainsAndStatesItsErrors)
{
    for (std::size_t const count : {2U, 3U, 5U, 20U}) {
        double sum = 0.0;
        int values = 0;
        for (std::uint64_t seed = 1; seed <= 60; ++seed) {
            Images const images(count, 40, seed, 0.01);

            GainSolution const found = solve_gains(count, 0, images.measurements);

            EXPECT_EQ(found.log_gain[0], 0.0);
            EXPECT_EQ(found.sigma[0], 0.0);
            for (std::size_t i = 1; i < count; ++i) {
                double const pull = (found.log_gain[i] - images.truth(i)) / found.sigma[i];
                sum += pull * pull;
                ++values;
            }
        }
        double const pull = std::sqrt(sum / values);
        EXPECT_GT(pull, 0.75) << count;
        EXPECT_LT(pull, 1.55) << count;
    }
}

TEST(GainSolve, IsNotMovedByVariableStars)
{
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
        Images const images(6, 60, seed, 0.005, 0.15);

        GainSolution const found = solve_gains(6, 0, images.measurements);

        for (std::size_t i = 1; i < 6; ++i) {
            EXPECT_NEAR(found.log_gain[i], images.truth(i), 0.025) << seed;
        }
    }
}

TEST(GainSolve, ExactFluxesGiveExactGains)
{
    Images images(4, 25, 3, 0.0);
    for (FluxMeasurement& each : images.measurements) {
        each.log_flux = 5.0 + 0.1 * each.star + images.log_gain[each.image];
        each.sigma = 0.0;
    }

    GainSolution const found = solve_gains(4, 0, images.measurements);

    for (std::size_t i = 0; i < 4; ++i) {
        EXPECT_NEAR(found.log_gain[i], images.truth(i), 1e-6);
        EXPECT_LE(found.sigma[i], 1e-3);
    }
}

TEST(GainSolve, StarsThatAreNotEverywhereDo)
{
    Images const images(8, 80, 9, 0.01, 0.0, 0.4);

    GainSolution const found = solve_gains(8, 0, images.measurements);

    for (std::size_t i = 1; i < 8; ++i) {
        EXPECT_NEAR(found.log_gain[i], images.truth(i), 5.0 * found.sigma[i]);
        EXPECT_LT(found.sigma[i], 0.01);
    }
}

TEST(GainSolve, WhatHasNothingInCommonGetsNoGain)
{
    std::vector<FluxMeasurement> const data{{0, 0, 1.0, 0.01},
                                            {1, 0, 1.5, 0.01},
                                            {2, 1, 2.0, 0.01},
                                            {3, 1, 2.5, 0.01},
                                            {4, 2, 1.0, 0.01}};

    GainSolution const found = solve_gains(6, 0, data);

    EXPECT_NEAR(found.log_gain[1], -0.5, 1e-6);
    EXPECT_EQ(found.stars[1], 1U);
    for (std::size_t const apart : {2U, 3U, 4U, 5U}) {
        EXPECT_TRUE(std::isnan(found.log_gain[apart])) << apart;
        EXPECT_EQ(found.stars[apart], 0U);
    }
    EXPECT_TRUE(std::isnan(solve_gains(2, 0, {}).log_gain[1]));
}
}  // namespace
}  // namespace sectile::solve
