// SPDX-License-Identifier: BSD-3-Clause
#include <cmath>
#include <vector>

#include <gtest/gtest.h>

#include "sectile/solve/plane_fit.hpp"

namespace
{
using sectile::solve::fit_plane;
using sectile::solve::PlanePoint;

/// Repeatable pseudo-noise of unit variance (sum of twelve uniform numbers of a linear congruence).
class Noise
{
  public:
    double operator()()
    {
        double sum = -6.0;
        for (int i = 0; i < 12; ++i) {
            state_ = state_ * 6364136223846793005ULL + 1442695040888963407ULL;
            sum += static_cast<double>(state_ >> 11) / 9007199254740992.0;
        }
        return sum;
    }

  private:
    unsigned long long state_ = 42;
};

std::vector<PlanePoint> tilted_grid(double noise_sigma)
{
    std::vector<PlanePoint> points;
    Noise noise;
    for (int y = 0; y < 20; ++y) {
        for (int x = 0; x < 20; ++x) {
            points.push_back({10.0 * x, 10.0 * y,
                              5.0 + 0.02 * 10.0 * x - 0.03 * 10.0 * y + noise_sigma * noise()});
        }
    }
    return points;
}

TEST(PlaneFit, ExactDataGiveTheExactPlane)
{
    auto const fit = fit_plane(tilted_grid(0.0));

    EXPECT_NEAR(fit.slope_x, 0.02, 1e-12);
    EXPECT_NEAR(fit.slope_y, -0.03, 1e-12);
    EXPECT_NEAR(fit.at(0.0, 0.0), 5.0, 1e-10);
}

TEST(PlaneFit, OutliersOnOneSideDoNotTiltIt)
{
    auto points = tilted_grid(0.1);
    for (std::size_t i = 0; i < points.size(); i += 10) {
        points[i].value += 50.0;  // a column of stars
    }

    auto const fit = fit_plane(points);

    // Five times the standard error of a slope from 360 points of sigma 0.1 over 200 units.
    EXPECT_NEAR(fit.slope_x, 0.02, 5.0 * fit.slope_x_sigma);
    EXPECT_LT(fit.slope_x_sigma, 2e-4);
    EXPECT_NEAR(fit.slope_y, -0.03, 5.0 * fit.slope_y_sigma);
}

TEST(PlaneFit, PointsOnALineFixNoSlope)
{
    std::vector<PlanePoint> points;
    for (int i = 0; i < 30; ++i) {
        points.push_back({static_cast<double>(i), 2.0 * i, 7.0});
    }

    auto const fit = fit_plane(points);

    EXPECT_NEAR(fit.level, 7.0, 1e-12);
    EXPECT_TRUE(std::isinf(fit.slope_x_sigma));
    EXPECT_TRUE(std::isinf(fit.slope_y_sigma));
}

TEST(PlaneFit, OnePointIsALevel)
{
    auto const fit = fit_plane(std::vector<PlanePoint>{{3.0, 4.0, -2.0}});

    EXPECT_EQ(fit.level, -2.0);
    EXPECT_EQ(fit.at(100.0, 100.0), -2.0);
}
}  // namespace
