// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <numbers>
#include <tuple>
#include <utility>

#include <gtest/gtest.h>

#include "sectile/core/error.hpp"
#include "sectile/io/fits_writer.hpp"
#include "sectile/io/frame_reader.hpp"
#include "sectile/source/pixel_source.hpp"
#include "sectile/source/tile_source.hpp"
#include "sectile/tile/tile_alpha.hpp"
#include "sectile/tile/tile_files.hpp"

#include "support/scratch_folder.hpp"

namespace sectile::tile
{
namespace
{
void expect_same(sky::FrameGeometry const& a, sky::FrameGeometry const& b)
{
    EXPECT_EQ(std::tuple(a.width, a.height, a.planes, a.stored_planes, a.planes_last, a.bayer,
                         a.bits_per_pixel, a.stored_width, a.stored_height),
              std::tuple(b.width, b.height, b.planes, b.stored_planes, b.planes_last, b.bayer,
                         b.bits_per_pixel, b.stored_width, b.stored_height));
}

/// Coverage of a tile that can be looked at pixel by pixel.
struct Scene
{
    std::int64_t width;
    std::int64_t height;
    image::Image<float> coverage;

    Scene(std::int64_t w, std::int64_t h, int planes)
        : width(w), height(h), coverage({0, 0, w, h}, planes)
    {}
    [[nodiscard]] float at(int plane, std::int64_t x, std::int64_t y) const
    {
        return coverage.view().at(plane, x, y);
    }
    void fill(core::Box const& box, float frames)
    {
        for (int c = 0; c < coverage.planes(); ++c) {
            for (std::int64_t y = box.y0; y < box.y1; ++y) {
                for (std::int64_t x = box.x0; x < box.x1; ++x) {
                    coverage.view().at(c, x, y) = frames;
                }
            }
        }
    }
    [[nodiscard]] bool is_whole(std::int64_t x, std::int64_t y) const
    {
        if (x < 0 || y < 0 || x >= width || y >= height) {
            return false;
        }
        bool whole = true;
        for (int c = 0; c < coverage.planes(); ++c) {
            whole = whole && at(c, x, y) > 0.0F;
        }
        return whole;
    }
};

image::Image<float> alpha_of(Scene const& scene, AlphaRecipe const& recipe, std::int64_t rows)
{
    image::Image<float> alpha({0, 0, scene.width, scene.height}, 1);
    make_tile_alpha(
        scene.width, scene.height, scene.coverage.planes(), recipe, rows,
        [&](image::ImageView<float> out) {
            for (int c = 0; c < out.planes; ++c) {
                for (std::int64_t y = out.box.y0; y < out.box.y1; ++y) {
                    std::copy_n(scene.coverage.view().row(c, y), scene.width, out.row(c, y));
                }
            }
        },
        [&](image::ImageView<float const> done) {
            for (std::int64_t y = done.box.y0; y < done.box.y1; ++y) {
                std::copy_n(done.row(0, y), scene.width, alpha.view().row(0, y));
            }
        });
    return alpha;
}

/// A turned square with a notch and a hole, as the union of turned frames is.
Scene odd_scene()
{
    Scene scene(97, 83, 2);
    for (std::int64_t y = 0; y < scene.height; ++y) {
        for (std::int64_t x = 0; x < scene.width; ++x) {
            bool const inside = 3 * x + 2 * y > 90 && 3 * x - y < 230 && y - x / 3 < 70;
            bool const notch = x > 60 && y > 55;
            scene.fill({x, y, x + 1, y + 1}, inside && !notch ? 1.0F + float((x / 9) % 7) : 0.0F);
        }
    }
    scene.fill({40, 30, 42, 31}, 0.0F);
    scene.coverage.view().at(1, 25, 50) = 0.0F;
    return scene;
}

double brute_distance(Scene const& scene, std::int64_t x, std::int64_t y)
{
    double best = 1e30;
    for (std::int64_t j = -1; j <= scene.height; ++j) {
        for (std::int64_t i = -1; i <= scene.width; ++i) {
            if (!scene.is_whole(i, j)) {
                best = std::min(best, std::hypot(static_cast<double>(i - x), double(j - y)));
            }
        }
    }
    return best;
}

TEST(TileAlpha, IsTheCosineOfTheExactDistance)
{
    Scene const scene = odd_scene();
    for (double const feather : {0.7, 5.0, 11.5, 20.0, 64.0, 1e6}) {
        image::Image<float> const alpha = alpha_of(scene, {feather, 0.0}, 16);

        for (std::int64_t y = 0; y < scene.height; ++y) {
            for (std::int64_t x = 0; x < scene.width; ++x) {
                bool const has_data = scene.at(0, x, y) > 0.0F || scene.at(1, x, y) > 0.0F;
                double const d = std::max(1.0, brute_distance(scene, x, y));
                double const sine =
                    std::sin(0.5 * std::numbers::pi * std::min(1.0, (d - 0.5) / feather));
                double const expected = has_data ? sine * sine : 0.0;
                ASSERT_NEAR(alpha.view().at(0, x, y), expected, 1e-6 * expected)
                    << x << ", " << y << " feather " << feather;
            }
        }
    }
}

TEST(TileAlpha, DoesNotDependOnTheBlocks)
{
    Scene const scene = odd_scene();
    AlphaRecipe const recipe{13.0, 0.6};
    image::Image<float> const whole = alpha_of(scene, recipe, scene.height);

    for (std::int64_t const rows : {1, 2, 7, 13, 40, 1000}) {
        image::Image<float> const alpha = alpha_of(scene, recipe, rows);

        for (std::int64_t y = 0; y < scene.height; ++y) {
            EXPECT_EQ(std::memcmp(alpha.view().row(0, y), whole.view().row(0, y),
                                  sizeof(float) * static_cast<std::size_t>(scene.width)),
                      0)
                << rows << " rows a block, row " << y;
        }
    }
}

TEST(TileAlpha, LosesNoPixelOfASmallTile)
{
    Scene scene(9, 5, 1);
    scene.fill({0, 0, 9, 5}, 3.0F);

    image::Image<float> const alpha = alpha_of(scene, {64.0, 0.15}, 2);

    for (std::int64_t y = 0; y < 5; ++y) {
        for (std::int64_t x = 0; x < 9; ++x) {
            EXPECT_GT(alpha.view().at(0, x, y), 0.0F);
        }
    }
    EXPECT_GT(alpha.view().at(0, 4, 2), 20.0F * alpha.view().at(0, 0, 0));
}

TEST(TileAlpha, FallsWhereFewFramesLie)
{
    Scene scene(40, 3, 1);
    scene.fill({0, 0, 10, 3}, 1.0F);
    scene.fill({10, 0, 20, 3}, 2.0F);
    scene.fill({20, 0, 30, 3}, 3.0F);
    scene.fill({30, 0, 40, 3}, 20.0F);

    image::Image<float> const alpha = alpha_of(scene, {0.0, 0.15}, 2);

    // 0.15 of 20 frames are 3.
    EXPECT_NEAR(alpha.view().at(0, 5, 1), 0.25, 1e-6);
    EXPECT_NEAR(alpha.view().at(0, 15, 1), 0.75, 1e-6);
    EXPECT_EQ(alpha.view().at(0, 25, 1), 1.0F);
    EXPECT_EQ(alpha.view().at(0, 35, 1), 1.0F);
}

TEST(TileAlpha, IsReadWithTheTile)
{
    test::ScratchFolder const scratch("tile_alpha");
    core::Box const box{0, 0, 30, 20};
    std::string const path = scratch / "tile.fits";
    TileSink sink({}, path, box, 2, {}, {});
    image::Image<float> science(box, 2);
    image::Image<float> weight(box, 2);
    image::Image<std::uint32_t> coverage(box, 2);
    for (int c = 0; c < 2; ++c) {
        for (std::int64_t y = 0; y < 20; ++y) {
            for (std::int64_t x = 0; x < 30; ++x) {
                coverage.view().at(c, x, y) = x < 25 ? 4U : 0U;
                weight.view().at(c, x, y) = x < 25 ? 0.04F : 0.0F;
            }
        }
    }
    sink.write(box, {science.view(), weight.view(), coverage.view()});
    sink.commit();

    sky::WcsDescription wcs;
    wcs.width = 30;
    wcs.height = 20;
    sky::FrameHeader const tile = header_of_written_tile(path, wcs, 2);
    write_tile_alpha(tile, {6.0, 0.15}, 7);

    auto const source = source::make_tile_source(tile);
    source::SourcePixels const pixels = source->read({-2, -2, 30, 20});
    EXPECT_EQ(source->held_planes(), 7);
    EXPECT_TRUE(source->has_weight());
    ASSERT_EQ(pixels.alpha.planes(), 1);
    EXPECT_EQ(pixels.alpha.view().at(0, 12, 10), 1.0F);
    EXPECT_EQ(pixels.alpha.view().at(0, 26, 10), 0.0F);
    EXPECT_NEAR(pixels.alpha.view().at(0, 22, 10),
                std::pow(std::sin(std::numbers::pi / 4 * 5 / 6), 2), 1e-6);
    EXPECT_EQ(pixels.weight.view().at(1, 0, 0), 0.04F) << "the weight is that of the noise alone";
    image::Image<float> const science_alone = source->read_science({-2, -2, 30, 20});
    ASSERT_EQ(science_alone.box(), pixels.science.box());
    EXPECT_EQ(science_alone.view().at(1, 12, 10), pixels.science.view().at(1, 12, 10));
    EXPECT_TRUE(std::isnan(science_alone.view().at(0, -1, 0)));

    // What the writer knows is what a scan finds.
    sky::FrameHeader found = io::scan_file(path, false).frames.at(0);
    source::find_tile_partners(found);
    for (auto const& [a, b] : {std::pair{&tile.weight, &found.weight},
                               {&tile.coverage, &found.coverage},
                               {&tile.alpha, &found.alpha}}) {
        EXPECT_EQ(a->path, b->path);
        EXPECT_EQ(a->hdu, b->hdu);
        expect_same(a->geometry, b->geometry);
    }
    expect_same(tile.geometry, found.geometry);
}

TEST(TileFiles, PartnerOfAnotherShapeIsRefusedAndAMissingOneIsNone)
{
    test::ScratchFolder const scratch("tile_partners");
    auto const write = [&](std::string const& name, std::int64_t width) {
        image::Image<float> const pixels({0, 0, width, 5}, 1);
        io::FitsImageSpec spec;
        spec.width = width;
        spec.height = 5;
        io::FitsWriter writer(scratch / name);
        writer.begin_image(spec);
        writer.write_rows(pixels.view());
        writer.commit();
    };
    write("tile.fits", 9);
    write("tile.weight.fits", 9);
    sky::FrameHeader tile = io::scan_file(scratch / "tile.fits", false).frames.at(0);

    source::find_tile_partners(tile);
    EXPECT_TRUE(tile.weight.exists());
    EXPECT_FALSE(tile.coverage.exists());
    EXPECT_FALSE(tile.alpha.exists());
    EXPECT_EQ(source::make_tile_source(tile)->held_planes(), 2);

    write("tile.alpha.fits", 8);
    EXPECT_THROW(source::find_tile_partners(tile), core::InputError);
}
}  // namespace
}  // namespace sectile::tile
