// SPDX-License-Identifier: BSD-3-Clause
#include <cmath>
#include <random>
#include <vector>

#include <gtest/gtest.h>

#include "sectile/tile/tile_noise.hpp"

namespace sectile::tile
{
namespace
{
constexpr double sigma = 5.0;

/// A tile in memory: noise smoothed along the rows with (1/4, 1/2, 1/4) in plane 0 and white in
/// plane 1, on a sky of 2000 with a star on every 60th pixel of every 8th row.
class SmoothedTile final : public source::PixelSource
{
  public:
    SmoothedTile(std::int64_t width, std::int64_t height, bool has_weight)
        : box_{0, 0, width, height}, has_weight_(has_weight), science_(box_, 2), weight_(box_, 2)
    {
        std::mt19937 random(3);
        std::normal_distribution<double> noise(0.0, sigma);
        for (std::int64_t y = 0; y < height; ++y) {
            std::vector<double> row(static_cast<std::size_t>(width) + 2);
            for (double& value : row) {
                value = noise(random);
            }
            for (std::int64_t x = 0; x < width; ++x) {
                auto const i = static_cast<std::size_t>(x);
                // Half of the pixels have twice the noise, and say so.
                double const louder = (x / 16 + y / 16) % 2 == 0 ? 1.0 : 2.0;
                double const star = y % 8 == 0 && x % 60 == 0 ? 3000.0 : 0.0;
                double const smooth = 0.25 * row[i] + 0.5 * row[i + 1] + 0.25 * row[i + 2];
                set(0, x, y, 2000.0 + star + louder * smooth, louder * louder * 0.375);
                set(1, x, y, 2000.0 + star + louder * row[i], louder * louder);
            }
        }
        science_.view().at(0, 3, 3) = NAN;
        weight_.view().at(0, 3, 3) = 0.0F;
    }

    [[nodiscard]] core::Box bounds() const override { return box_; }
    [[nodiscard]] int planes() const override { return 2; }
    [[nodiscard]] int held_planes() const override { return 4; }
    [[nodiscard]] bool has_weight() const override { return has_weight_; }
    [[nodiscard]] int planes_while_reading() const override { return 0; }
    [[nodiscard]] int margin_while_reading() const override { return 0; }
    [[nodiscard]] std::int64_t bytes_while_open() const override { return 0; }
    [[nodiscard]] source::SourcePixels read(core::Box const& window) const override
    {
        source::SourcePixels pixels;
        pixels.science = image::Image<float>(window, 2);
        pixels.weight = image::Image<float>(window, 2);
        for (int c = 0; c < 2; ++c) {
            for (std::int64_t y = window.y0; y < window.y1; ++y) {
                for (std::int64_t x = window.x0; x < window.x1; ++x) {
                    pixels.science.view().at(c, x, y) = science_.view().at(c, x, y);
                    pixels.weight.view().at(c, x, y) = weight_.view().at(c, x, y);
                }
            }
        }
        return pixels;
    }

  private:
    void set(int plane, std::int64_t x, std::int64_t y, double value, double variance)
    {
        science_.view().at(plane, x, y) = static_cast<float>(value);
        weight_.view().at(plane, x, y) = static_cast<float>(1.0 / (sigma * sigma * variance));
    }

    core::Box box_;
    bool has_weight_;
    image::Image<float> science_;
    image::Image<float> weight_;
};

TEST(TileNoise, FindsWhatNeighboursShareUnderStars)
{
    auto const noise = measure_tile_noise(SmoothedTile(600, 400, true));

    ASSERT_TRUE(noise);
    ASSERT_EQ(noise->size(), 2U);
    // Covariances of the smoothed row: 6/16, 4/16, 1/16.
    double const along[] = {1.0, 4.0 / 6.0, 1.0 / 6.0};
    for (int y = 0; y < 3; ++y) {
        for (int x = 0; x < 3; ++x) {
            EXPECT_NEAR((*noise)[0].at[y][x], y == 0 ? along[x] : 0.0, 0.05) << y << x;
            EXPECT_NEAR((*noise)[1].at[y][x], x == 0 && y == 0 ? 1.0 : 0.0, 0.05) << y << x;
        }
    }
}

TEST(TileNoise, OfATinyTileCountsAsFullyCorrelated)
{
    auto const noise = measure_tile_noise(SmoothedTile(12, 2, true));

    ASSERT_TRUE(noise);
    EXPECT_EQ((*noise)[0].at[0][1], 1.0);
    EXPECT_EQ((*noise)[1].at[2][2], 1.0);
}

TEST(TileNoise, NothingWithoutWeights)
{
    EXPECT_FALSE(measure_tile_noise(SmoothedTile(60, 40, false)));
}
}  // namespace
}  // namespace sectile::tile
