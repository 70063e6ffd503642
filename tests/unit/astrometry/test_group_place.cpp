// SPDX-License-Identifier: BSD-3-Clause
#include <cmath>
#include <random>
#include <vector>

#include <gtest/gtest.h>

#include "astrometry/group_place.hpp"

namespace sectile::astrometry
{
namespace
{
/// Stars of a frame, and the same moved by `move` and then by (dx, dy).
struct Frame
{
    std::vector<sky::PixelPos> places;
    std::vector<sky::PixelPos> own;
};

class Placements : public ::testing::Test
{
  protected:
    Frame frame(solve::PlaneAffine const& move, double dx, double dy)
    {
        std::uniform_real_distribution<double> place(0.0, 1000.0);
        Frame made;
        for (int i = 0; i < 12; ++i) {
            made.places.push_back({place(random_), place(random_)});
            sky::PixelPos const at = move.apply(made.places.back());
            made.own.push_back({at.x + dx, at.y + dy});
        }
        return made;
    }
    void add(Frame const& frame) { placement_.add(frame.places, frame.own); }
    [[nodiscard]] double distance(solve::PlaneAffine const& expected) const
    {
        sky::PixelPos const a = placement_.fit().apply({500.0, 500.0});
        sky::PixelPos const b = expected.apply({500.0, 500.0});
        return std::hypot(a.x - b.x, a.y - b.y);
    }

    std::mt19937 random_{7};
    OwnPlacement placement_;
    solve::PlaneAffine const turned_{1.001, -0.02, 5.0, 0.02, 1.001, -3.0};
};

TEST_F(Placements, WithoutFramesNothingMoves)
{
    sky::PixelPos const at = placement_.fit().apply({7.0, 9.0});

    EXPECT_EQ(at.x, 7.0);
    EXPECT_EQ(at.y, 9.0);
}

TEST_F(Placements, FindsTurnScaleAndShift)
{
    add(frame(turned_, 0.0, 0.0));
    add(frame(turned_, 0.0, 0.0));

    solve::PlaneAffine const fit = placement_.fit();

    EXPECT_NEAR(fit.xx, turned_.xx, 1e-12);
    EXPECT_NEAR(fit.yx, turned_.yx, 1e-12);
    EXPECT_LT(distance(turned_), 1e-9);
}

TEST_F(Placements, ErrorsOfFramesAverageOut)
{
    std::normal_distribution<double> error(0.0, 0.3);
    for (int i = 0; i < 100; ++i) {
        add(frame(turned_, error(random_), error(random_)));
    }

    // 0.3 / sqrt(100) per axis; the weights cost a few percent.
    EXPECT_LT(distance(turned_), 0.09);
}

TEST_F(Placements, AFrameOfAnotherCalibrationDoesNotDrawTheOthersAway)
{
    for (double const error : {-0.02, 0.01, 0.015, -0.005}) {
        add(frame(turned_, error, -error));
    }
    add(frame(turned_, 0.8, 0.5));  // the mean would be 0.19 off

    EXPECT_LT(distance(turned_), 0.02);
}

TEST_F(Placements, StarsWithoutAPlaceDoNotCount)
{
    Frame some = frame(turned_, 0.0, 0.0);
    some.own.front().x = NAN;
    add(some);

    EXPECT_LT(distance(turned_), 1e-9);
}
}  // namespace
}  // namespace sectile::astrometry
