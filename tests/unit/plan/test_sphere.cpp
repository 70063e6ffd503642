// SPDX-License-Identifier: BSD-3-Clause
#include <gtest/gtest.h>

#include "plan/sphere.hpp"
#include "unit/core/pseudo_random.hpp"
#include "unit/plan/fields.hpp"

namespace
{
using namespace sectile;
using plan::Cap;
using plan::UnitVector;

std::vector<UnitVector> random_points(PseudoRandom& random, std::size_t count,
                                      double radius_degrees)
{
    sky::SkyCoord const center =
        test::sky_at(random.uniform(0.0, 360.0), random.uniform(-90.0, 90.0));
    std::vector<UnitVector> points;
    double const reach = std::tan(radius_degrees * test::degree);
    for (std::size_t i = 0; i < count; ++i) {
        points.push_back(plan::to_vector(test::from_tangent_plane(
            center, random.uniform(-reach, reach), random.uniform(-reach, reach))));
    }
    return points;
}

TEST(Sphere, ConvertsDirectionsBothWays)
{
    for (double const ra : {0.0, 12.5, 180.0, 359.999}) {
        for (double const dec : {-89.9, -30.0, 0.0, 45.0, 89.9}) {
            sky::SkyCoord const back = plan::to_sky(plan::to_vector(test::sky_at(ra, dec)));

            EXPECT_NEAR(back.lon.degrees(), ra, 1e-11);
            EXPECT_NEAR(back.lat.degrees(), dec, 1e-11);
        }
    }
}

TEST(Sphere, MeasuresSmallAndLargeAngles)
{
    UnitVector const a = plan::to_vector(test::sky_at(0.0, 0.0));

    EXPECT_NEAR(plan::separation(a, plan::to_vector(test::sky_at(1e-9, 0.0))), 1e-9 * test::degree,
                1e-18);
    EXPECT_NEAR(plan::separation(a, plan::to_vector(test::sky_at(180.0, 0.0))), std::numbers::pi,
                1e-15);
}

TEST(EnclosingCap, IsTheSmallestOne)
{
    PseudoRandom random(11);
    for (int trial = 0; trial < 50; ++trial) {
        std::vector<UnitVector> const points = random_points(
            random, static_cast<std::size_t>(random.integer(3, 25)), random.uniform(0.01, 60.0));

        Cap const cap = plan::enclosing_cap(points);

        // Brute force: the smallest cap is fixed by two or three points of its rim.
        double best = 10.0;
        auto const consider = [&](UnitVector center) {
            double const length = plan::norm(center);
            if (length < 1e-12) {
                return;
            }
            center = (1.0 / length) * center;
            double radius = 0.0;
            for (UnitVector const& point : points) {
                radius = std::max(radius, plan::separation(center, point));
            }
            best = std::min(best, radius);
        };
        for (std::size_t i = 0; i < points.size(); ++i) {
            for (std::size_t j = i + 1; j < points.size(); ++j) {
                consider(points[i] + points[j]);
                for (std::size_t k = j + 1; k < points.size(); ++k) {
                    UnitVector const normal =
                        plan::cross(points[j] - points[i], points[k] - points[i]);
                    consider(normal);
                    consider(-1.0 * normal);
                }
            }
        }
        EXPECT_NEAR(cap.radius, best, 1e-9) << "trial " << trial;
        for (UnitVector const& point : points) {
            EXPECT_LE(plan::separation(cap.center, point), cap.radius + 1e-12);
        }
    }
}

TEST(EnclosingCap, HandlesFewRepeatedAndOppositePoints)
{
    UnitVector const x{1.0, 0.0, 0.0};
    UnitVector const y{0.0, 1.0, 0.0};

    EXPECT_EQ(plan::enclosing_cap(std::vector{x}).radius, 0.0);
    EXPECT_EQ(plan::enclosing_cap(std::vector{x, x, x}).radius, 0.0);
    EXPECT_NEAR(plan::enclosing_cap(std::vector{x, y, x, y}).radius, 0.25 * std::numbers::pi,
                1e-12);
    EXPECT_EQ(plan::enclosing_cap(std::vector{x, -1.0 * x}).radius, std::numbers::pi);
}

TEST(FarthestPair, EqualsBruteForce)
{
    PseudoRandom random(12);
    for (int trial = 0; trial < 50; ++trial) {
        std::vector<UnitVector> const points = random_points(
            random, static_cast<std::size_t>(random.integer(1, 80)), random.uniform(0.01, 20.0));
        double best = 0.0;
        for (UnitVector const& a : points) {
            for (UnitVector const& b : points) {
                best = std::max(best, plan::separation(a, b));
            }
        }

        EXPECT_NEAR(plan::farthest_pair(points).separation, best, 1e-12) << "trial " << trial;
    }
}

TEST(ConvexHull, LeavesOutInnerAndCollinearPoints)
{
    std::vector<std::array<double, 2>> const points{{0, 0}, {1, 0}, {2, 0}, {2, 2},
                                                    {0, 2}, {1, 1}, {0, 0}, {0, 1}};

    EXPECT_EQ(plan::convex_hull(points).size(), 4U);
    EXPECT_EQ(plan::convex_hull(std::vector<std::array<double, 2>>(5, {1.0, 1.0})).size(), 1U);
}

TEST(Wrapped, FoldsIntoHalfATurn)
{
    EXPECT_NEAR(plan::wrapped(3.5 * std::numbers::pi), -0.5 * std::numbers::pi, 1e-14);
    EXPECT_EQ(plan::wrapped(std::numbers::pi), -std::numbers::pi);
    EXPECT_EQ(plan::wrapped(0.0), 0.0);
}
}  // namespace
