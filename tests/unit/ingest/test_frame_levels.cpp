// SPDX-License-Identifier: BSD-3-Clause
// Sky, noise and extremes of a frame from its pixels.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <functional>
#include <limits>
#include <tuple>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "sectile/ingest/frame_levels.hpp"

#include "support/scratch_folder.hpp"
#include "unit/core/pseudo_random.hpp"
#include "unit/io/fits_bytes.hpp"

namespace sectile::ingest
{
namespace
{
using image::BayerPattern;
using image::Image;

constexpr float nan_value = std::numeric_limits<float>::quiet_NaN();

using Pixel = std::function<float(std::int64_t x, std::int64_t y)>;

/// A frame of one stored plane.
struct Frame
{
    Frame(std::int64_t width, std::int64_t height, Pixel const& pixel)
        : pixels({0, 0, width, height}, 1)
    {
        geometry.width = width;
        geometry.height = height;
        auto const view = pixels.view();
        for (std::int64_t y = 0; y < height; ++y) {
            for (std::int64_t x = 0; x < width; ++x) {
                view.at(0, x, y) = pixel(x, y);
            }
        }
    }
    [[nodiscard]] Image<float> rows(std::int64_t from, std::int64_t to) const
    {
        Image<float> part({0, from, geometry.width, to}, 1);
        for (std::int64_t y = from; y < to; ++y) {
            for (std::int64_t x = 0; x < geometry.width; ++x) {
                part.view().at(0, x, y) = pixels.view().at(0, x, y);
            }
        }
        return part;
    }
    /// In parts that begin at these rows, in this order.
    [[nodiscard]] FrameLevels levels_by(
        std::vector<std::pair<std::int64_t, std::int64_t>> const& parts) const
    {
        FrameLevelPass pass(geometry);
        for (auto const& [from, to] : parts) {
            Image<float> const part = rows(from, to);
            pass.add(part.view());
        }
        return pass.result();
    }
    [[nodiscard]] FrameLevels levels() const { return levels_by({{0, geometry.height}}); }

    sky::FrameGeometry geometry;
    Image<float> pixels;
};

void expect_equal(FrameLevels const& a, FrameLevels const& b)
{
    ASSERT_EQ(a.planes.size(), b.planes.size());
    for (std::size_t i = 0; i < a.planes.size(); ++i) {
        EXPECT_EQ(a.planes[i].background, b.planes[i].background) << i;
        EXPECT_EQ(a.planes[i].noise_sigma, b.planes[i].noise_sigma) << i;
        EXPECT_EQ(a.planes[i].percentile_25, b.planes[i].percentile_25) << i;
        EXPECT_EQ(a.planes[i].percentile_90, b.planes[i].percentile_90) << i;
    }
    EXPECT_EQ(a.masked_fraction, b.masked_fraction);
    EXPECT_EQ(a.lowest, b.lowest);
    EXPECT_EQ(a.highest, b.highest);
}

TEST(FrameLevels, OfWholeNumbersAreFinerThanOne)
{
    // 40,000 samples of a noise of 1.2 counts: medians are good to 0.008, and to 0.013 of sigma.
    for (double const level : {100.1, 100.37, 100.5, 100.8}) {
        PseudoRandom random(3);
        Frame const frame(300, 260, [&](auto, auto) {
            return static_cast<float>(std::round(level + 1.2 * random.normal()));
        });

        FrameLevels const levels = frame.levels();

        EXPECT_NEAR(levels.planes.at(0).background, level, 0.03) << level;
        // Rounding adds a variance of 1/12.
        EXPECT_NEAR(levels.planes[0].noise_sigma, std::sqrt(1.2 * 1.2 + 1.0 / 12.0), 0.05) << level;
    }
}

TEST(FrameLevels, StarsDoNotMoveTheBackground)
{
    PseudoRandom random(4);
    Frame const frame(300, 260, [&](auto, auto) {
        double const star = random.uniform(0.0, 1.0) < 0.04 ? random.uniform(50.0, 5000.0) : 0.0;
        return static_cast<float>(1000.0 + 10.0 * random.normal() + star);
    });

    FrameLevels const levels = frame.levels();

    // 4 % above move the plain median by 0.05 sigma, and clipping leaves less.
    EXPECT_NEAR(levels.planes.at(0).background, 1000.0, 0.5);
    // 8 % of the differences are wild, so that their median is the 0.5425 quantile of the rest.
    EXPECT_NEAR(levels.planes[0].noise_sigma, 11.04, 0.25);
}

TEST(FrameLevels, PercentilesAreThoseOfTheValues)
{
    PseudoRandom random(5);
    Frame const frame(300, 260,
                      [&](auto, auto) { return static_cast<float>(random.uniform(0.0, 100.0)); });

    FrameLevels const levels = frame.levels();

    EXPECT_NEAR(levels.planes.at(0).percentile_25, 25.0, 1.0);
    EXPECT_NEAR(levels.planes[0].percentile_90, 90.0, 1.0);
    EXPECT_TRUE(std::isnan(levels.planes[0].scale)) << "not known yet";
}

TEST(FrameLevels, OfAConstantFrameHaveNoNoise)
{
    Frame const frame(64, 48, [](auto, auto) { return 17.5F; });

    FrameLevels const levels = frame.levels();

    EXPECT_EQ(levels.planes.at(0).background, 17.5);
    EXPECT_EQ(levels.planes[0].noise_sigma, 0.0);
    EXPECT_EQ(levels.planes[0].percentile_90, 17.5);
    EXPECT_EQ(levels.lowest, 17.5);
    EXPECT_EQ(levels.highest, 17.5);
    EXPECT_EQ(levels.masked_fraction, 0.0);
}

TEST(FrameLevels, WhereMostDifferencesVanishTheirRmsCounts)
{
    // Steps of one count, of which 9 in 10 pixels know nothing: the median difference is 0.
    PseudoRandom random(6);
    Frame const frame(300, 260,
                      [&](auto, auto) { return random.uniform(0.0, 1.0) < 0.1 ? 101.0F : 100.0F; });

    FrameLevels const levels = frame.levels();

    EXPECT_NEAR(levels.planes.at(0).noise_sigma, std::sqrt(0.1 * 0.9), 0.01);
}

TEST(FrameLevels, MaskedPixelsDoNotCount)
{
    PseudoRandom random(7);
    Frame const frame(200, 100, [&](std::int64_t x, std::int64_t y) {
        bool const is_masked = x < 50 || (x + y) % 10 == 0;
        return is_masked ? nan_value : static_cast<float>(500.0 + 3.0 * random.normal());
    });

    FrameLevels const levels = frame.levels();

    EXPECT_NEAR(levels.planes.at(0).background, 500.0, 0.2);
    EXPECT_NEAR(levels.planes[0].noise_sigma, 3.0, 0.2);
    EXPECT_DOUBLE_EQ(levels.masked_fraction, (50.0 * 100.0 + 0.1 * 150.0 * 100.0) / 20'000.0);
    EXPECT_GT(levels.lowest, 480.0);
    EXPECT_LT(levels.highest, 520.0);
}

TEST(FrameLevels, OfAFrameThatIsAllMaskedAreUnknown)
{
    Frame const frame(40, 30, [](auto, auto) { return nan_value; });

    FrameLevels const levels = frame.levels();

    EXPECT_EQ(levels.masked_fraction, 1.0);
    EXPECT_TRUE(std::isnan(levels.planes.at(0).background));
    EXPECT_TRUE(std::isnan(levels.planes[0].percentile_25));
    EXPECT_GT(levels.lowest, levels.highest);
}

TEST(FrameLevels, ExtremesAreOfAllPixels)
{
    // One pixel each, off the lattice of a frame that is sampled on every tenth pair.
    Frame frame(2100, 2000, [](auto, auto) { return 10.0F; });
    frame.pixels.view().at(0, 1005, 1005) = -3.0F;
    frame.pixels.view().at(0, 1007, 1007) = 7e4F;

    FrameLevels const levels = frame.levels();

    EXPECT_EQ(levels.lowest, -3.0);
    EXPECT_EQ(levels.highest, 7e4F);
    EXPECT_EQ(levels.planes.at(0).background, 10.0);
}

TEST(FrameLevels, EveryColourOfAMosaicIsMeasuredAlone)
{
    // Large ones are sampled on a lattice, which must meet all colours too.
    for (std::int64_t const width : {90, 1501}) {
        for (auto const& [pattern, red_x, red_y] :
             {std::tuple{BayerPattern::rggb, 0, 0}, std::tuple{BayerPattern::bggr, 1, 1},
              std::tuple{BayerPattern::grbg, 1, 0}, std::tuple{BayerPattern::gbrg, 0, 1}}) {
            SCOPED_TRACE(width);
            PseudoRandom random(8);
            Frame frame(width, width, [&](std::int64_t x, std::int64_t y) {
                bool const in_red_column = x % 2 == red_x;
                bool const in_red_row = y % 2 == red_y;
                double const level = in_red_column && in_red_row     ? 100.0
                                     : !in_red_column && !in_red_row ? 300.0
                                                                     : 200.0;
                return static_cast<float>(level * (1.0 + 0.01 * random.normal()));
            });
            frame.geometry.bayer = pattern;
            frame.geometry.planes = 3;

            FrameLevels const levels = frame.levels();

            ASSERT_EQ(levels.planes.size(), 3U);
            for (std::size_t colour = 0; colour < 3; ++colour) {
                double const level = 100.0 * static_cast<double>(colour + 1);
                EXPECT_NEAR(levels.planes[colour].background, level, 0.002 * level);
                EXPECT_NEAR(levels.planes[colour].noise_sigma, 0.01 * level, 0.0015 * level);
            }
        }
    }
}

TEST(FrameLevels, DoNotDependOnThePartsNorOnTheirOrder)
{
    PseudoRandom random(9);
    Frame frame(901, 703, [&](auto, auto) {
        return random.uniform(0.0, 1.0) < 0.01
                   ? nan_value
                   : static_cast<float>(std::round(1000.0 + 5.0 * random.normal()));
    });
    for (BayerPattern const pattern : {BayerPattern::none, BayerPattern::rggb}) {
        frame.geometry.bayer = pattern;
        frame.geometry.planes = pattern == BayerPattern::none ? 1 : 3;
        FrameLevels const whole = frame.levels();

        expect_equal(frame.levels_by({{350, 703}, {0, 1}, {1, 350}}), whole);
        std::vector<std::pair<std::int64_t, std::int64_t>> backwards;
        for (std::int64_t end = 703; end > 0; end -= 7) {
            backwards.emplace_back(std::max<std::int64_t>(0, end - 7), end);
        }
        expect_equal(frame.levels_by(backwards), whole);
    }
}

TEST(FrameLevels, OfAFileDoNotDependOnTheRowsReadAtOnce)
{
    test::ScratchFolder const folder("frame_levels");
    PseudoRandom random(10);
    Frame const frame(101, 83, [&](auto, auto) {
        return static_cast<float>(std::round(1000.0 + 5.0 * random.normal()));
    });
    std::vector<std::int16_t> stored;
    for (std::int64_t y = 0; y < 83; ++y) {
        for (std::int64_t x = 0; x < 101; ++x) {
            stored.push_back(static_cast<std::int16_t>(frame.pixels.view().at(0, x, y)));
        }
    }
    sky::FrameHeader header;
    header.path = folder / "frame.fits";
    header.geometry = frame.geometry;
    header.geometry.bits_per_pixel = 16;
    test::FitsBytes().image(16, {101, 83}).data(stored).write(header.path);
    FrameLevels const whole = frame.levels();

    for (std::int64_t const rows : {0, 1, 7, 83, 5000}) {
        SCOPED_TRACE(rows);
        expect_equal(measure_levels(header, rows), whole);
    }
}
}  // namespace
}  // namespace sectile::ingest
