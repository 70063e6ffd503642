// SPDX-License-Identifier: BSD-3-Clause
#include <cmath>
#include <vector>

#include <gtest/gtest.h>

#include "sectile/core/robust.hpp"

#include "pseudo_random.hpp"

namespace sectile::core
{
namespace
{
TEST(GroupedMedian, OfFewValues)
{
    std::vector<double> one{3.0};
    EXPECT_EQ(grouped_median_in_place(one), 3.0);
    std::vector<double> two{1.0, 2.0};
    EXPECT_EQ(grouped_median_in_place(two), 1.5);
    std::vector<int> same{7, 7, 7, 7};
    EXPECT_EQ(grouped_median_in_place(same), 7.0);
    // Three of five at 2, which stands for 1.5 to 2.5: two and a half values lie below 2.
    std::vector<int> grouped{2, 3, 2, 1, 2};
    EXPECT_DOUBLE_EQ(grouped_median_in_place(grouped), 2.0);
    std::vector<int> skewed{2, 2, 2, 3, 3};
    EXPECT_NEAR(grouped_median_in_place(skewed), 2.0 + 0.5 * 2.5 / 3.0, 1e-12);
}

TEST(GroupedMedian, ScatterOfRoundedCountsIsThatBeforeRounding)
{
    for (double const sigma : {3.0, 4.0, 6.0, 8.5}) {
        PseudoRandom random(5);
        std::vector<double> distances;
        for (int i = 0; i < 200000; ++i) {
            distances.push_back(std::abs(std::round(sigma * random.normal())));
        }

        double const found = sigma_of_mad * grouped_median_in_place(distances);

        // Rounding adds its own variance, 1/12.
        EXPECT_NEAR(found / std::sqrt(sigma * sigma + 1.0 / 12.0), 1.0, 0.01) << sigma;
    }
}
}  // namespace
}  // namespace sectile::core
