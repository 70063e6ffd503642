// SPDX-License-Identifier: BSD-3-Clause
#include <utility>

#include <gtest/gtest.h>

#include "sectile/compute/calibrate.hpp"
#include "sectile/core/error.hpp"

#include "scene.hpp"

namespace sectile::compute
{
namespace
{
using image::BayerPattern;

template <class Function>
image::Image<float> filled(core::Box const& box, int planes, Function const& pixel)
{
    image::Image<float> result(box, planes);
    for (int c = 0; c < planes; ++c) {
        for (std::int64_t y = box.y0; y < box.y1; ++y) {
            for (std::int64_t x = box.x0; x < box.x1; ++x) {
                result.view().at(c, x, y) = static_cast<float>(pixel(c, x, y));
            }
        }
    }
    return result;
}

core::Box const frame{0, 0, 90, 61};

double gain(BayerPattern pattern, std::int64_t x, std::int64_t y)
{
    double const r2 =
        std::pow(static_cast<double>(x) - 40.0, 2) + std::pow(static_cast<double>(y) - 30.0, 2);
    double const colours[3] = {0.8, 1.3, 0.6};
    return colours[image::bayer_plane(pattern, x, y)] * (1.0 - r2 / 9000.0);
}

double dark_current(std::int64_t x, std::int64_t y)
{
    return 50.0 + static_cast<double>((7 * x + 3 * y) % 11);
}

TEST(Calibrate, GivesTheSceneBackUpToTheLevelOfEachColour)
{
    for (BayerPattern const pattern : {BayerPattern::none, BayerPattern::gbrg}) {
        auto const sky = [](std::int64_t x) { return 400.0 + 2.0 * static_cast<double>(x); };
        auto raw = filled(frame, 1, [&](int, std::int64_t x, std::int64_t y) {
            return sky(x) * gain(pattern, x, y) + dark_current(x, y);
        });
        auto const dark = filled(
            frame, 1, [](int, std::int64_t x, std::int64_t y) { return dark_current(x, y); });
        auto const flat = filled(frame, 1, [&](int, std::int64_t x, std::int64_t y) {
            return 20000.0 * gain(pattern, x, y);
        });
        auto const level = flat_level(flat.view(), pattern);

        calibrate(raw.view(), pattern, {dark.view(), flat.view(), level, {}});

        for (std::int64_t y = 0; y < frame.y1; ++y) {
            for (std::int64_t x = 0; x < frame.x1; ++x) {
                auto const colour = static_cast<std::size_t>(image::bayer_plane(pattern, x, y));
                double const expected = sky(x) * level.levels[colour] / 20000.0;
                ASSERT_NEAR(raw.view().at(0, x, y), expected, 1e-6 * expected) << x << " " << y;
            }
        }
    }
}

TEST(Calibrate, MasksWhatCannotBeKnown)
{
    auto raw = filled(frame, 1, [](int, std::int64_t, std::int64_t) { return 100.0; });
    auto dark = filled(frame, 1, [](int, std::int64_t, std::int64_t) { return 20.0; });
    auto flat = filled(frame, 1, [](int, std::int64_t, std::int64_t) { return 2.0; });
    auto bad = filled(frame, 1, [](int, std::int64_t, std::int64_t) { return 0.0; });
    raw.view().at(0, 1, 1) = testing::nan_value;
    dark.view().at(0, 2, 1) = testing::nan_value;
    flat.view().at(0, 3, 1) = testing::nan_value;
    flat.view().at(0, 4, 1) = 0.0F;
    flat.view().at(0, 5, 1) = -1.0F;
    flat.view().at(0, 6, 1) = INFINITY;
    flat.view().at(0, 7, 1) = 1e-42F;
    bad.view().at(0, 8, 1) = 1.0F;
    bad.view().at(0, 9, 1) = testing::nan_value;
    raw.view().at(0, 10, 1) = INFINITY;

    calibrate(raw.view(), BayerPattern::none,
              {dark.view(), flat.view(), flat_level(flat.view(), BayerPattern::none), bad.view()});

    for (std::int64_t x = 1; x <= 10; ++x) {
        EXPECT_TRUE(std::isnan(raw.view().at(0, x, 1))) << x;
    }
    EXPECT_EQ(raw.view().at(0, 0, 1), 80.0F);
    EXPECT_EQ(raw.view().at(0, 11, 1), 80.0F);
}

TEST(Calibrate, AWindowGivesWhatTheFrameGives)
{
    auto const noise = [](int c, std::int64_t x, std::int64_t y) {
        return 100.0 + 50.0 * testing::uniform(testing::pixel_seed(4, c, x, y));
    };
    auto whole = filled(frame, 1, noise);
    auto const flat = filled(frame, 1, [](int, std::int64_t x, std::int64_t y) {
        return 20000.0 * gain(BayerPattern::rggb, x, y);
    });
    CalibrationMasters const masters{
        {}, flat.view(), flat_level(flat.view(), BayerPattern::rggb), {}};
    core::Box const part{17, 9, 60, 40};
    auto window = filled(part, 1, noise);

    calibrate(whole.view(), BayerPattern::rggb, masters);
    calibrate(window.view(), BayerPattern::rggb, masters);

    EXPECT_EQ(testing::different_bits<float>(std::as_const(window).view(),
                                             std::as_const(whole).view().clipped_to(part)),
              0);
}

TEST(Calibrate, WorksPlaneByPlaneAndSharesAMasterOfOnePlane)
{
    auto raw = filled(frame, 3, [](int c, std::int64_t, std::int64_t) { return 100.0 * (c + 1); });
    auto const dark = filled(frame, 1, [](int, std::int64_t, std::int64_t) { return 20.0; });
    auto const flat = filled(frame, 3, [](int c, std::int64_t x, std::int64_t) {
        return (x % 2 == 0 ? 0.5 : 1.5) * (c + 1);
    });
    FlatLevel const level{{1.0, 2.0, 3.0}};

    calibrate(raw.view(), BayerPattern::none, {dark.view(), flat.view(), level, {}});

    EXPECT_FLOAT_EQ(raw.view().at(0, 4, 4), 160.0F);
    EXPECT_FLOAT_EQ(raw.view().at(1, 5, 4), 120.0F);
    EXPECT_FLOAT_EQ(raw.view().at(2, 5, 4), 280.0F / 1.5F);
}

TEST(FlatLevel, IgnoresDustAndDeadPixelsOfEachColour)
{
    core::Box const box{0, 0, 200, 100};
    double const colours[3] = {12000.0, 30000.0, 8000.0};
    auto const flat = filled(box, 1, [&](int, std::int64_t x, std::int64_t y) {
        if (x == 17 || (x + 200 * y) % 53 == 0) {
            return y % 3 == 0 ? 0.0 : (y % 3 == 1 ? 65535.0 : static_cast<double>(NAN));
        }
        double const noise = testing::gaussian(testing::pixel_seed(1, 0, x, y));
        return colours[image::bayer_plane(BayerPattern::bggr, x, y)] * (1.0 + 0.01 * noise);
    });

    auto const level = flat_level(flat.view(), BayerPattern::bggr);

    ASSERT_EQ(level.levels.size(), 3U);
    for (std::size_t c = 0; c < 3; ++c) {
        // 1 % noise of 5000 pixels.
        EXPECT_NEAR(level.levels[c] / colours[c], 1.0, 0.001);
    }
    EXPECT_TRUE(std::isnan(
        flat_level(image::Image<float>(box, 1).view(), BayerPattern::none).levels.at(0)));
}

TEST(Calibrate, RefusesMastersThatDoNotFit)
{
    image::Image<float> raw(frame, 1);
    image::Image<float> const small(frame.grown_by(-1), 1);
    image::Image<float> const planes(frame, 2);
    image::Image<float> const flat(frame, 1);

    EXPECT_THROW(calibrate(raw.view(), BayerPattern::none, {small.view(), {}, {}, {}}),
                 core::InternalError);
    EXPECT_THROW(calibrate(raw.view(), BayerPattern::none, {planes.view(), {}, {}, {}}),
                 core::InternalError);
    EXPECT_THROW(calibrate(raw.view(), BayerPattern::rggb, {{}, flat.view(), {{1.0}}, {}}),
                 core::InternalError);
}
}  // namespace
}  // namespace sectile::compute
