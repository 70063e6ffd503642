// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <cmath>
#include <limits>
#include <tuple>
#include <vector>

#include <gtest/gtest.h>

#include "product/area_average.hpp"
#include "product/canvas_rows.hpp"

namespace sectile::product
{
namespace
{
constexpr float nan = std::numeric_limits<float>::quiet_NaN();

/// A smooth but uneven image with some invalid pixels.
image::Image<float> uneven(int width, int height, int planes)
{
    image::Image<float> pixels({0, 0, width, height}, planes);
    for (int plane = 0; plane < planes; ++plane) {
        for (int y = 0; y < height; ++y) {
            for (int x = 0; x < width; ++x) {
                bool const hole = (x * 7 + y * 3 + plane) % 11 == 0;
                pixels.view().at(plane, x, y) =
                    hole ? nan : static_cast<float>(100 * plane + x * x - 5 * y + x * y);
            }
        }
    }
    return pixels;
}

/// Length of the overlap of source pixel i (of n) with target pixel k (of m), in source pixels.
double overlap(int i, int n, int k, int m)
{
    double const step = static_cast<double>(n) / m;
    return std::max(0.0, std::min(i + 1.0, (k + 1) * step) - std::max<double>(i, k * step));
}

/// All rows of the picture, from the top as they are written.
AreaMean average(image::ImageView<float const> pixels, core::Box const& picture)
{
    AreaAverager averager(pixels.box, picture, pixels.planes);
    AreaMean result{image::Image<float>(picture, pixels.planes),
                    image::Image<float>(picture, pixels.planes)};
    for (std::int64_t k = picture.height() - 1; k >= 0; --k) {
        AreaMean const& row = averager.make_row(k, [&](std::int64_t) { return pixels; });
        for (int plane = 0; plane < pixels.planes; ++plane) {
            std::copy_n(row.mean.view().row(plane, 0), picture.width(),
                        result.mean.view().row(plane, k));
            std::copy_n(row.fraction.view().row(plane, 0), picture.width(),
                        result.fraction.view().row(plane, k));
        }
    }
    return result;
}

class AreaAverageTest : public ::testing::TestWithParam<std::tuple<int, int, int, int>>
{};

TEST_P(AreaAverageTest, EqualsTheOverlapIntegral)
{
    auto const [width, height, small_width, small_height] = GetParam();
    auto const pixels = uneven(width, height, 2);

    AreaMean const result = average(pixels.view(), {0, 0, small_width, small_height});

    for (int plane = 0; plane < 2; ++plane) {
        for (int ky = 0; ky < small_height; ++ky) {
            for (int kx = 0; kx < small_width; ++kx) {
                double sum = 0.0;
                double area = 0.0;
                double whole = 0.0;
                for (int y = 0; y < height; ++y) {
                    for (int x = 0; x < width; ++x) {
                        double const share = overlap(x, width, kx, small_width) *
                                             overlap(y, height, ky, small_height);
                        float const value = pixels.view().at(plane, x, y);
                        whole += share;
                        if (std::isfinite(value)) {
                            sum += share * value;
                            area += share;
                        }
                    }
                }
                // Sums are kept in single precision.
                EXPECT_NEAR(result.fraction.view().at(plane, kx, ky), area / whole, 1e-5);
                if (area > 0.0) {
                    EXPECT_NEAR(result.mean.view().at(plane, kx, ky), sum / area,
                                1e-5 * (1.0 + std::abs(sum / area)));
                } else {
                    EXPECT_TRUE(std::isnan(result.mean.view().at(plane, kx, ky)));
                }
            }
        }
    }
}

INSTANTIATE_TEST_SUITE_P(Sizes, AreaAverageTest,
                         ::testing::Values(std::tuple{17, 13, 17, 13}, std::tuple{17, 13, 5, 4},
                                           std::tuple{12, 9, 4, 3}, std::tuple{23, 7, 22, 7},
                                           std::tuple{9, 40, 1, 3}, std::tuple{1, 1, 1, 1}));

TEST(AreaAverager, RowMadeAloneIsTheRowOfTheWhole)
{
    core::Box const picture{0, 0, 7, 6};
    auto const pixels = uneven(31, 29, 1);
    AreaMean const whole = average(pixels.view(), picture);

    for (std::int64_t k = 0; k < picture.height(); ++k) {
        AreaAverager averager(pixels.box(), picture, 1);
        LineRange const needed = averager.source_rows(k);
        AreaMean const& row = averager.make_row(k, [&](std::int64_t y) {
            EXPECT_GE(y, needed.begin);
            EXPECT_LT(y, needed.end);
            return image::ImageView<float const>(pixels.view());
        });
        for (int x = 0; x < 7; ++x) {
            EXPECT_EQ(row.mean.view().at(0, x, 0), whole.mean.view().at(0, x, k));
            EXPECT_EQ(row.fraction.view().at(0, x, 0), whole.fraction.view().at(0, x, k));
        }
    }
}

TEST(AreaAverager, AsksForEachRowOnceFromTheTop)
{
    auto const pixels = uneven(31, 29, 1);
    AreaAverager averager(pixels.box(), {0, 0, 7, 6}, 1);
    std::int64_t next = 28;

    for (int k = 5; k >= 0; --k) {
        (void)averager.make_row(k, [&](std::int64_t y) {
            EXPECT_EQ(y, next--);
            return image::ImageView<float const>(pixels.view());
        });
    }

    EXPECT_EQ(next, -1);
}

TEST(AreaAverager, LonelyStarIsNotLostBetweenPixels)
{
    core::Box const canvas{0, 0, 1000, 700};
    core::Box const picture = picture_box(canvas, 90);
    image::Image<float> pixels(canvas, 1);
    pixels.view().at(0, 503, 401) = 1e4F;

    AreaMean const result = average(pixels.view(), picture);

    double flux = 0.0;
    for (std::int64_t y = 0; y < picture.height(); ++y) {
        for (std::int64_t x = 0; x < picture.width(); ++x) {
            flux += result.mean.view().at(0, x, y);
        }
    }
    flux *= static_cast<double>(canvas.area()) / static_cast<double>(picture.area());
    EXPECT_NEAR(flux, 1e4, 1e4 * 1e-5);
}

TEST(AreaAverager, InfiniteValuesDoNotCount)
{
    image::Image<float> pixels({0, 0, 2, 1}, 1);
    pixels.view().at(0, 0, 0) = std::numeric_limits<float>::infinity();
    pixels.view().at(0, 1, 0) = 3.0F;

    AreaMean const result = average(pixels.view(), {0, 0, 1, 1});

    EXPECT_EQ(result.mean.view().at(0, 0, 0), 3.0F);
    EXPECT_EQ(result.fraction.view().at(0, 0, 0), 0.5F);
}

TEST(AreaMaximum, LargestOfAllPlanesAndOfPixelsOnTheEdge)
{
    // Picture pixels are 1.5 source pixels wide: source pixel 1 lies in both.
    image::Image<std::uint32_t> coverage({0, 0, 3, 2}, 2);
    coverage.view().at(0, 1, 0) = 70000;
    coverage.view().at(1, 2, 1) = 80000;
    AreaMaximum maximum(coverage.box(), {0, 0, 2, 1});

    maximum.add(coverage.view());

    EXPECT_EQ(maximum.view().at(0, 0, 0), 70000U);
    EXPECT_EQ(maximum.view().at(0, 1, 0), 80000U);
}

TEST(PictureBox, KeepsTheShapeAndNeverEnlarges)
{
    EXPECT_EQ(picture_box({0, 0, 8192, 4096}, 4096), (core::Box{0, 0, 4096, 2048}));
    EXPECT_EQ(picture_box({0, 0, 300, 200}, 4096), (core::Box{0, 0, 300, 200}));
    EXPECT_EQ(picture_box({0, 0, 3, 100000}, 1000), (core::Box{0, 0, 1, 1000}));
    EXPECT_EQ(picture_box({0, 0, 4097, 4096}, 4096).width(), 4096);
}

TEST(RowBlocks, CoverTheCanvasOnceWithinTheirMemory)
{
    core::Box const canvas{0, 0, 1 << 18, 37};
    std::int64_t next = 0;

    for_row_blocks<float>(canvas, 3, [&](image::ImageView<float> block) {
        EXPECT_EQ(block.box.y0, next);
        EXPECT_EQ(block.box.width(), canvas.width());
        EXPECT_EQ(block.planes, 3);
        EXPECT_LE(block.box.area() * 3 * 4, row_block_bytes);
        next = block.box.y1;
    });

    EXPECT_EQ(next, canvas.y1);
}

TEST(RowBlocks, NarrowCanvasCountsThePaddingOfItsRows)
{
    core::Box const canvas{0, 0, 1, 1 << 20};

    image::Image<float> const block({0, 0, 1, rows_of_block(canvas, 3, 4)}, 3);

    EXPECT_LE(static_cast<std::int64_t>(block.bytes()), row_block_bytes);
}

TEST(RowsDownwards, EachRowIsReadOnceAndSkippedOnesNever)
{
    core::Box const canvas{0, 0, 1 << 18, 20};
    std::vector<std::int64_t> read;
    RowsDownwards<float> rows(canvas, 3, [&](image::ImageView<float> block) {
        for (std::int64_t y = block.box.y0; y < block.box.y1; ++y) {
            read.push_back(y);
            *block.row(2, y) = static_cast<float>(y);
        }
    });

    for (std::int64_t const y : {19, 18, 17, 16, 9, 8}) {
        EXPECT_EQ(*rows.with_row(y, y > 15 ? 15 : 7).row(2, y), static_cast<float>(y));
    }

    std::sort(read.begin(), read.end());
    EXPECT_EQ(std::adjacent_find(read.begin(), read.end()), read.end());
    EXPECT_TRUE(std::all_of(read.begin(), read.end(),
                            [](std::int64_t y) { return y >= 15 || (y >= 7 && y <= 9); }));
}
}  // namespace
}  // namespace sectile::product
