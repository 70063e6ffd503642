// SPDX-License-Identifier: BSD-3-Clause
// The bars of METHODS.md, section 17: what a satellite trail leaves behind, and what clean samples
// lose, by method and number of frames.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <vector>

#include <gtest/gtest.h>

#include "sectile/compute/kernels/combine_kern.hpp"

#include "scene.hpp"

namespace sectile::compute
{
namespace
{
constexpr double noise = 10.0;
constexpr double sky = 1000.0;

char const* name_of(Rejection method)
{
    switch (method) {
        case Rejection::kappa_sigma:
            return "kappa_sigma";
        case Rejection::winsorized_sigma_clip:
            return "winsorized_sigma_clip";
        case Rejection::linear_fit_clip:
            return "linear_fit_clip";
        case Rejection::none:
            break;
    }
    return "none";
}

/// What a stack makes of many pixels of `count` frames, the first of which has `excess` more.
struct Outcome
{
    double residue = 0.0;  ///< mean of the combined value, less the sky
    double scatter = 0.0;  ///< rms of the same
    double lost = 0.0;     ///< share of the clean samples that were rejected
    int missed = 0;        ///< pixels whose struck sample was kept
};

/// `known`: the noise that the sources say they have; their true noise is 10.
Outcome stack(Rejection method, int count, double excess, double known)
{
    CombineRecipe recipe;
    recipe.rejection = method;
    constexpr int trials = 4000;
    auto const n = static_cast<std::size_t>(count);
    std::vector<float> value(n);
    std::vector<float> const weight(n, 1.0F);
    std::vector<double> sorted(n);
    std::vector<double> scratch(2 * n);
    Outcome outcome;
    for (std::uint64_t trial = 0; trial < trials; ++trial) {
        for (std::size_t i = 0; i < n; ++i) {
            value[i] = static_cast<float>(
                sky + noise * testing::gaussian((trial * 64 + i) * 7 + n * 1000003));
        }
        value[0] += static_cast<float>(excess);
        sorted.assign(value.begin(), value.end());
        std::sort(sorted.begin(), sorted.end());
        auto const pixel =
            kernels::combine_samples(recipe, {value.data(), weight.data(), nullptr, count, known},
                                     sorted.data(), scratch.data());
        double const struck = value[0];
        bool const is_found = struck < pixel.low || struck > pixel.high;
        double const clean = excess != 0.0 ? count - 1 : count;
        double const kept_clean = pixel.coverage - (excess != 0.0 && !is_found ? 1.0 : 0.0);
        outcome.residue += (pixel.value - sky) / trials;
        outcome.scatter += (pixel.value - sky) * (pixel.value - sky) / trials;
        outcome.lost += (clean - kept_clean) / clean / trials;
        outcome.missed += is_found ? 0 : 1;
    }
    outcome.scatter = std::sqrt(outcome.scatter);
    return outcome;
}

class RejectionBars : public ::testing::TestWithParam<Rejection>
{};

TEST_P(RejectionBars, ATrailInOneOfFiveLeavesLessThanHalfASigma)
{
    for (int const count : {5, 6, 7}) {
        Outcome const outcome = stack(GetParam(), count, 500.0, noise);

        EXPECT_LT(std::abs(outcome.residue), 0.5 * noise) << name_of(GetParam()) << " " << count;
        // One pixel with the whole trail is seen: none of 4000 may keep it.
        EXPECT_EQ(outcome.missed, 0) << name_of(GetParam()) << " " << count;
    }
}

TEST_P(RejectionBars, ATrailInOneOfEightOrMoreIsInvisible)
{
    for (int const count : {8, 12, 20, 40}) {
        Outcome const outcome = stack(GetParam(), count, 500.0, noise);
        double const of_stack = noise / std::sqrt(count - 1.0);

        // The mean of 4000 pixels is good to 0.016 of the stack's noise; four of these.
        EXPECT_LT(std::abs(outcome.residue), 0.065 * of_stack)
            << name_of(GetParam()) << " " << count;
        EXPECT_LT(outcome.scatter, 1.05 * of_stack) << name_of(GetParam()) << " " << count;
        EXPECT_EQ(outcome.missed, 0) << name_of(GetParam()) << " " << count;
    }
}

TEST_P(RejectionBars, CleanSamplesLoseLessThanOneInAHundred)
{
    for (int const count : {3, 4, 5, 8, 12, 20, 40}) {
        Outcome const clean = stack(GetParam(), count, 0.0, noise);
        Outcome const struck = stack(GetParam(), count, 500.0, noise);

        std::printf(
            "%-22s N=%2d: clean lost %.4f, struck: clean lost %.4f missed %d residue %.3f\n",
            name_of(GetParam()), count, clean.lost, struck.lost, struck.missed,
            struck.residue / noise);
        EXPECT_LT(clean.lost, 0.01) << name_of(GetParam()) << " " << count;
        if (count >= 5) {
            EXPECT_LT(struck.lost, 0.01) << name_of(GetParam()) << " " << count;
        }
    }
}

/// The frames say a little less or more noise than they have; interpolated samples have less.
TEST_P(RejectionBars, HoldWhereTheNoiseIsKnownToTenPercent)
{
    for (double const known : {0.9 * noise, 1.25 * noise}) {
        for (int const count : {5, 8, 20}) {
            Outcome const outcome = stack(GetParam(), count, 500.0, known);

            EXPECT_LT(std::abs(outcome.residue), 0.05 * noise)
                << name_of(GetParam()) << " " << count << " " << known;
            EXPECT_LT(outcome.lost, 0.01) << name_of(GetParam()) << " " << count << " " << known;
        }
    }
}

/// Soft edges of a trail: what cannot be told from noise stays, and is bounded by kappa / N.
TEST_P(RejectionBars, AFaintTrailLeavesAtMostWhatKappaAllows)
{
    for (int const count : {5, 8, 20}) {
        for (double const excess : {20.0, 40.0, 60.0, 100.0}) {
            Outcome const outcome = stack(GetParam(), count, excess, noise);

            EXPECT_LT(outcome.residue, 4.0 * noise / count)
                << name_of(GetParam()) << " " << count << " " << excess;
        }
    }
}

INSTANTIATE_TEST_SUITE_P(Methods, RejectionBars,
                         ::testing::Values(Rejection::kappa_sigma, Rejection::winsorized_sigma_clip,
                                           Rejection::linear_fit_clip),
                         [](auto const& test) { return std::string(name_of(test.param)); });
}  // namespace
}  // namespace sectile::compute
