// SPDX-License-Identifier: BSD-3-Clause
#include <cmath>
#include <set>
#include <string>

#include <gtest/gtest.h>

#include "product/coverage_drawing.hpp"
#include "product/drawing.hpp"

namespace sectile::product
{
namespace
{
/// Oklab lightness of an sRGB colour (Ottosson 2020).
double lightness(Color const& color)
{
    auto const linear = [](std::uint8_t code) {
        double const value = code / 255.0;
        return value <= 0.04045 ? value / 12.92 : std::pow((value + 0.055) / 1.055, 2.4);
    };
    double const r = linear(color[0]);
    double const g = linear(color[1]);
    double const b = linear(color[2]);
    double const l = std::cbrt(0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b);
    double const m = std::cbrt(0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b);
    double const s = std::cbrt(0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b);
    return 0.2104542553 * l + 0.7936177850 * m - 0.0040720468 * s;
}

Color color_at(image::ImageView<std::uint8_t const> picture, std::int64_t x, std::int64_t y)
{
    return {picture.at(0, x, y), picture.at(1, x, y), picture.at(2, x, y)};
}

/// A whole coverage picture, drawn in two parts.
image::Image<std::uint8_t> draw_coverage(image::ImageView<std::uint32_t const> coverage)
{
    CoverageDrawing const drawing(coverage);
    core::Box const box = drawing.box();
    std::int64_t const cut = box.height() / 3;
    image::Image<std::uint8_t> picture(box, 4);
    drawing.draw(picture.view().clipped_to({0, cut, box.x1, box.y1}));
    drawing.draw(picture.view().clipped_to({0, 0, box.x1, cut}));
    return picture;
}

TEST(MapColor, LightnessRisesEvenly)
{
    for (int step = 0; step <= 24; ++step) {
        double const t = step / 24.0;
        // Anchors are rounded to 8 bits and joined by straight lines in sRGB.
        EXPECT_NEAR(lightness(map_color(t)), 0.26 + 0.66 * t, 0.01) << "t = " << t;
    }
}

TEST(MapColor, ValuesOutsideAreClamped)
{
    EXPECT_EQ(map_color(-1.0), map_color(0.0));
    EXPECT_EQ(map_color(2.0), map_color(1.0));
}

TEST(AxisTicks, AreRoundNumbersAndFew)
{
    EXPECT_EQ(axis_ticks(3, 10), (std::vector<std::int64_t>{0, 1, 2, 3}));
    EXPECT_EQ(axis_ticks(12, 10), (std::vector<std::int64_t>{0, 2, 4, 6, 8, 10, 12}));
    EXPECT_EQ(axis_ticks(47, 10),
              (std::vector<std::int64_t>{0, 5, 10, 15, 20, 25, 30, 35, 40, 45}));
    EXPECT_EQ(axis_ticks(10000, 5), (std::vector<std::int64_t>{0, 2000, 4000, 6000, 8000, 10000}));
    EXPECT_EQ(axis_ticks(0, 10), (std::vector<std::int64_t>{0}));
    for (std::int64_t largest = 1; largest < 3000; largest += 7) {
        EXPECT_LE(axis_ticks(largest, 6).size(), 7U);
        EXPECT_GE(axis_ticks(largest, 6).size(), 2U);
    }
}

TEST(DrawText, DigitsDifferAndStayInTheirCells)
{
    std::set<std::string> shapes;
    for (char digit = '0'; digit <= '9'; ++digit) {
        image::Image<std::uint8_t> picture({0, 0, 9, 11}, 4);
        draw_text(picture.view(), 2, 2, std::string(1, digit), 1, {255, 255, 255});
        std::string shape;
        for (int y = 0; y < 11; ++y) {
            for (int x = 0; x < 9; ++x) {
                bool const set = picture.view().at(3, x, y) != 0;
                shape += set ? '#' : '.';
                if (x < 2 || x >= 7 || y < 2 || y >= 2 + font_height) {
                    EXPECT_FALSE(set) << digit << " at " << x << ", " << y;
                }
            }
        }
        shapes.insert(shape);
    }
    EXPECT_EQ(shapes.size(), 10U);
}

TEST(DrawText, OneStandsUpright)
{
    image::Image<std::uint8_t> picture({0, 0, 5, 7}, 4);

    draw_text(picture.view(), 0, 0, "1", 1, {255, 255, 255});

    // The foot is row 0, at the bottom.
    for (int x = 1; x <= 3; ++x) {
        EXPECT_EQ(picture.view().at(3, x, 0), 255);
    }
    EXPECT_EQ(picture.view().at(3, 1, 6), 0);
}

TEST(DrawCoverage, ColoursFollowTheCountAndEmptySkyIsTransparent)
{
    image::Image<std::uint32_t> coverage({0, 0, 300, 50}, 1);
    coverage.view().at(0, 10, 0) = 5;
    coverage.view().at(0, 20, 49) = 10;

    auto const picture = draw_coverage(coverage.view());

    auto const view = picture.view();
    ASSERT_EQ(picture.box().width(), 300);
    std::int64_t const strip = picture.box().height() - 50;
    EXPECT_GT(strip, 20);
    EXPECT_EQ(color_at(view, 10, strip), map_color(0.5));
    EXPECT_EQ(color_at(view, 20, strip + 49), map_color(1.0));
    EXPECT_EQ(view.at(3, 10, strip), 255);
    EXPECT_EQ(view.at(3, 11, strip), 0);
    EXPECT_EQ(view.at(3, 0, 0), 255);  // the strip of the bar is opaque
}

TEST(DrawCoverage, BarRunsThroughAllColours)
{
    image::Image<std::uint32_t> coverage({0, 0, 300, 10}, 1);
    coverage.view().at(0, 0, 0) = 7;

    auto const picture = draw_coverage(coverage.view());

    std::set<Color> colors;
    for (std::int64_t x = 0; x < 300; ++x) {
        colors.insert(color_at(picture.view(), x, picture.box().height() - 10 - 8));
    }
    EXPECT_TRUE(colors.count(map_color(0.0)) > 0);
    EXPECT_TRUE(colors.count(map_color(1.0)) > 0);
    EXPECT_GT(colors.size(), 100U);
}

TEST(DrawCoverage, SmallAndEmptyMapsArePictures)
{
    image::Image<std::uint32_t> const coverage({0, 0, 1, 1}, 1);

    auto const picture = draw_coverage(coverage.view());

    EXPECT_GE(picture.box().width(), 100);
    EXPECT_EQ(picture.view().at(3, picture.box().width() / 2, picture.box().height() - 1), 0);
}
}  // namespace
}  // namespace sectile::product
