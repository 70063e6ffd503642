// SPDX-License-Identifier: BSD-3-Clause
#include <gtest/gtest.h>

#include "sectile/core/error.hpp"
#include "sectile/solve/photometric_solve.hpp"

#include "unit/core/pseudo_random.hpp"

namespace
{
using namespace sectile;
using solve::OffsetPair;
using solve::OffsetSolution;
using solve::solve_offsets;

/// Images that show the sky too bright by `level`; the correction is its negative, up to the gauge.
OffsetPair pair_of(std::vector<double> const& level, std::size_t a, std::size_t b,
                   double sigma = 1.0)
{
    return {a, b, level[b] - level[a], sigma};
}

/// Largest |offset + level| after removing the mean over the images of one component.
double largest_error(OffsetSolution const& solution, std::vector<double> const& level,
                     int component)
{
    double sum = 0.0;
    double count = 0.0;
    for (std::size_t i = 0; i < level.size(); ++i) {
        if (solution.component[i] == component) {
            sum += solution.offset[i] + level[i];
            count += 1.0;
        }
    }
    double largest = 0.0;
    for (std::size_t i = 0; i < level.size(); ++i) {
        if (solution.component[i] == component) {
            largest = std::max(largest, std::abs(solution.offset[i] + level[i] - sum / count));
        }
    }
    return largest;
}

/// Neighbours (also diagonal) of an n x n grid.
std::vector<OffsetPair> grid_pairs(std::vector<double> const& level, std::size_t n, double sigma)
{
    std::vector<OffsetPair> pairs;
    for (std::size_t a = 0; a < n * n; ++a) {
        for (std::size_t b = a + 1; b < n * n; ++b) {
            bool const near_x = (a % n > b % n ? a % n - b % n : b % n - a % n) <= 1;
            bool const near_y = b / n - a / n <= 1;
            if (near_x && near_y) {
                pairs.push_back(pair_of(level, a, b, sigma));
            }
        }
    }
    return pairs;
}

std::vector<double> random_levels(std::size_t count, std::uint64_t seed)
{
    PseudoRandom random(seed);
    std::vector<double> level(count);
    for (double& value : level) {
        value = random.uniform(-200.0, 200.0);
    }
    return level;
}

TEST(SolveOffsets, RecoversNoiselessOffsetsOfSeveralComponents)
{
    std::vector<double> const level = random_levels(12, 1);
    std::vector<OffsetPair> const pairs{
        pair_of(level, 0, 1), pair_of(level, 1, 2), pair_of(level, 2, 0),       // a triangle
        pair_of(level, 3, 5), pair_of(level, 5, 4),                             // a chain
        pair_of(level, 9, 8), pair_of(level, 8, 7), pair_of(level, 10, 7, 3.0)  // against the order
    };

    OffsetSolution const solution = solve_offsets(12, pairs, {});

    EXPECT_EQ(solution.component, (std::vector<int>{0, 0, 0, 1, 1, 1, 2, 3, 3, 3, 3, 4}));
    EXPECT_EQ(solution.isolated, (std::vector<std::size_t>{6, 11}));
    // Offsets of some hundred and a condition number of some ten leave a rounding of 1e-12.
    for (int component = 0; component < 5; ++component) {
        EXPECT_LT(largest_error(solution, level, component), 1e-10) << "component " << component;
    }
    EXPECT_LT(solution.rms_after, 1e-10);
    EXPECT_GT(solution.rms_before, 1.0);
}

TEST(SolveOffsets, LeavesIsolatedImagesAlone)
{
    OffsetSolution const solution = solve_offsets(3, {}, {});

    EXPECT_EQ(solution.offset, (std::vector<double>{0.0, 0.0, 0.0}));
    EXPECT_EQ(solution.isolated, (std::vector<std::size_t>{0, 1, 2}));
    EXPECT_EQ(solution.rms_before, 0.0);
    EXPECT_EQ(solution.rms_after, 0.0);
}

TEST(SolveOffsets, MakesTheWeightedMeanOfEachComponentZero)
{
    std::vector<double> const level{10.0, 30.0, -5.0, 100.0, 104.0};
    std::vector<OffsetPair> const pairs{pair_of(level, 0, 1), pair_of(level, 1, 2),
                                        pair_of(level, 3, 4)};
    std::vector<double> const area{1.0, 2.0, 5.0, 3.0, 1.0};

    OffsetSolution const solution = solve_offsets(5, pairs, area);

    std::vector<double> const& o = solution.offset;
    EXPECT_NEAR(o[0] * 1.0 + o[1] * 2.0 + o[2] * 5.0, 0.0, 1e-10);
    EXPECT_NEAR(o[3] * 3.0 + o[4] * 1.0, 0.0, 1e-10);
    EXPECT_NEAR(o[3], 1.0, 1e-10);
    EXPECT_NEAR(o[4], -3.0, 1e-10);
}

TEST(SolveOffsets, UsesThePlainMeanWhereAComponentHasNoWeight)
{
    std::vector<double> const level{0.0, 8.0};
    std::vector<OffsetPair> const pairs{pair_of(level, 0, 1)};
    std::vector<double> const area{0.0, 0.0};

    OffsetSolution const solution = solve_offsets(2, pairs, area);

    EXPECT_NEAR(solution.offset[0], 4.0, 1e-12);
    EXPECT_NEAR(solution.offset[1], -4.0, 1e-12);
}

TEST(SolveOffsets, WeighsPairsByTheirErrors)
{
    std::vector<OffsetPair> const pairs{{0, 1, 0.0, 1.0}, {0, 1, 1.0, 2.0}};

    OffsetSolution const solution = solve_offsets(2, pairs, {});

    // 0 +- 1 and 1 +- 2 give 0.2 by least squares; so near its centre Tukey's loss differs by one
    // per cent.
    EXPECT_NEAR(solution.offset[0] - solution.offset[1], 0.2, 0.003);
    EXPECT_LT(solution.rms_after, solution.rms_before);
}

// A 5 x 5 mosaic, pair noise sigma, one pair in ten off by 40 to 100 sigma; plain least squares
// would be wrong by some ten sigma. The measure is the solution that never saw the wild pairs: it
// is itself wrong by 0.65 sigma (1 sd) in a corner with three pairs, hence by up to 2.2 sigma (3.4
// sd) in the worst of 500 images.
TEST(SolveOffsets, IsRobustToTenPercentWildPairs)
{
    constexpr double sigma = 0.5;
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
        PseudoRandom random(seed);
        std::vector<double> const level = random_levels(25, 1000 + seed);
        std::vector<OffsetPair> pairs = grid_pairs(level, 5, sigma);
        std::vector<OffsetPair> good;
        for (std::size_t p = 0; p < pairs.size(); ++p) {
            pairs[p].difference += sigma * random.normal();
            if (p % 10 == seed % 10) {
                pairs[p].difference +=
                    random.uniform(20.0, 50.0) * (random.bits() & 1U ? 1.0 : -1.0);
            } else {
                good.push_back(pairs[p]);
            }
        }

        OffsetSolution const robust = solve_offsets(25, pairs, {});
        OffsetSolution const clean = solve_offsets(25, good, {});

        EXPECT_LT(largest_error(robust, level, 0), 2.2 * sigma) << "seed " << seed;
        for (std::size_t i = 0; i < level.size(); ++i) {
            // Wild pairs are as good as absent: the two solutions differ by the change of the scale
            // only.
            EXPECT_NEAR(robust.offset[i], clean.offset[i], 0.2 * sigma) << "seed " << seed;
        }
    }
}

TEST(SolveOffsets, StaysRegularWhenAllPairsOfAnImageAreWild)
{
    std::vector<double> const level = random_levels(9, 3);
    std::vector<OffsetPair> pairs = grid_pairs(level, 3, 0.1);
    pairs.push_back({8, 8 + 1, 1000.0, 0.1});
    pairs.push_back({7, 8 + 1, -1000.0, 0.1});

    OffsetSolution const solution = solve_offsets(10, pairs, {});

    for (double const offset : solution.offset) {
        EXPECT_TRUE(std::isfinite(offset));
    }
    // The nine good images are not dragged along.
    EXPECT_NEAR(solution.offset[1] - solution.offset[0], level[0] - level[1], 1e-3);
    EXPECT_NEAR(solution.offset[8] - solution.offset[0], level[0] - level[8], 1e-3);
}

TEST(SolveOffsets, DoesNotDependOnTheDirectionOfPairs)
{
    std::vector<double> const level = random_levels(16, 9);
    std::vector<OffsetPair> const pairs = grid_pairs(level, 4, 1.0);
    std::vector<OffsetPair> turned = pairs;
    for (OffsetPair& pair : turned) {
        pair = {pair.b, pair.a, -pair.difference, pair.sigma};
    }

    std::vector<double> const offset = solve_offsets(16, pairs, {}).offset;
    std::vector<double> const other = solve_offsets(16, turned, {}).offset;

    for (std::size_t i = 0; i < offset.size(); ++i) {
        EXPECT_NEAR(offset[i], other[i], 1e-10);
    }
    EXPECT_EQ(offset, solve_offsets(16, pairs, {}).offset) << "the same input, the same bits";
}

TEST(SolveOffsets, SolvesThousandsOfPairsOfOnePlace)
{
    PseudoRandom random(11);
    std::vector<double> const level = random_levels(700, 5);
    std::vector<OffsetPair> pairs;
    for (std::size_t a = 0; a < level.size(); ++a) {
        for (int k = 0; k < 20; ++k) {
            auto const b = static_cast<std::size_t>(random.integer(0, 699));
            if (b != a) {
                pairs.push_back(pair_of(level, a, b));
            }
        }
    }
    pairs[3].difference += 1e4;  // a wild one

    OffsetSolution const solution = solve_offsets(level.size(), pairs, {});

    EXPECT_LT(largest_error(solution, level, solution.component[0]), 1e-4);
}

TEST(SolveOffsets, RefusesBrokenPairs)
{
    auto const solved = [](OffsetPair const& pair) {
        std::vector<OffsetPair> const pairs{pair};
        return solve_offsets(2, pairs, {});
    };

    EXPECT_THROW((void)solved({0, 2, 1.0, 1.0}), core::InternalError);
    EXPECT_THROW((void)solved({1, 1, 1.0, 1.0}), core::InternalError);
    EXPECT_THROW((void)solved({0, 1, 1.0, 0.0}), core::InternalError);
    EXPECT_THROW((void)solved({0, 1, std::nan(""), 1.0}), core::InternalError);
    std::vector<double> const one{1.0};
    EXPECT_THROW((void)solve_offsets(2, {}, one), core::InternalError);
}
}  // namespace
