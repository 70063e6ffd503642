// SPDX-License-Identifier: BSD-3-Clause
// The rejection maps that are written beside a tile.
#include <cmath>
#include <filesystem>
#include <fstream>
#include <iterator>

#include <gtest/gtest.h>

#include "sectile/core/error.hpp"
#include "sectile/io/frame_reader.hpp"
#include "sectile/tile/tile_files.hpp"

#include "support/scratch_folder.hpp"

namespace sectile::tile
{
namespace
{
core::Box const tile{0, 0, 30, 20};

struct Pixels
{
    image::Image<float> science{tile, 2};
    image::Image<float> weight{tile, 2};
    image::Image<std::uint32_t> coverage{tile, 2};
    image::Image<float> low{tile, 2};
    image::Image<float> high{tile, 2};

    Pixels()
    {
        for (int c = 0; c < 2; ++c) {
            for (std::int64_t y = 0; y < 20; ++y) {
                for (std::int64_t x = 0; x < 30; ++x) {
                    auto const number = static_cast<float>(1000 * c + 30 * y + x);
                    science.view().at(c, x, y) = number;
                    weight.view().at(c, x, y) = 1.0F;
                    coverage.view().at(c, x, y) = 4U;
                    low.view().at(c, x, y) = x == 3 ? NAN : number / 4000.0F;
                    high.view().at(c, x, y) = x == 3 ? NAN : number / 8000.0F;
                }
            }
        }
    }
    compute::StripOutput view()
    {
        return {science.view(), weight.view(), coverage.view(), low.view(), high.view()};
    }
    compute::StripOutput without_maps() { return {science.view(), weight.view(), coverage.view()}; }
};

std::vector<io::FitsCard> const cards{{"NCOMBINE", std::int64_t{4}, ""},
                                      {"BUNIT", std::string("adu"), ""}};

std::string bytes_of(std::string const& path)
{
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

/// Writes the tile in pieces of so many columns and rows, the last columns first.
void write_tile(std::string const& folder, std::int64_t columns, std::int64_t rows)
{
    Pixels pixels;
    TileSink sink({}, folder + "/tile.fits", tile, 2, {}, cards,
                  {folder + "/maps.low.fits", folder + "/maps.high.fits"});
    for (std::int64_t y = 0; y < 20; y += rows) {
        for (std::int64_t x = 30 - columns; x > -columns; x -= columns) {
            core::Box const piece = core::Box{x, y, x + columns, y + rows}.clipped_to(tile);
            sink.write(piece, pixels.view().clipped_to(piece));
        }
    }
    sink.commit();
}

TEST(TileMaps, AreTheFractionsOfTheStripsWithoutAUnit)
{
    test::ScratchFolder const scratch("tile_maps");
    write_tile(scratch / "", 30, 20);
    Pixels const pixels;

    for (auto const& [name, expected] :
         {std::pair{"maps.low.fits", &pixels.low}, {"maps.high.fits", &pixels.high}}) {
        auto const header = io::scan_file(scratch / name, false).frames.at(0);
        image::Image<float> found(tile, 2);
        io::FrameReader(header).read(found.view());
        EXPECT_EQ(header.facts.unit, "");
        for (int c = 0; c < 2; ++c) {
            for (std::int64_t y = 0; y < 20; ++y) {
                for (std::int64_t x = 0; x < 30; ++x) {
                    float const value = found.view().at(c, x, y);
                    ASSERT_EQ(std::isnan(value), x == 3);
                    ASSERT_TRUE(x == 3 || value == expected->view().at(c, x, y)) << name;
                }
            }
        }
    }
    EXPECT_EQ(io::scan_file(scratch / "tile.fits", false).frames.at(0).facts.unit, "adu");
}

TEST(TileMaps, DoNotDependOnThePieces)
{
    test::ScratchFolder const whole("tile_maps_whole");
    write_tile(whole / "", 30, 20);
    for (auto const& [columns, rows] : {std::pair{30, 7}, {11, 20}, {7, 3}}) {
        test::ScratchFolder const pieces("tile_maps_pieces");

        write_tile(pieces / "", columns, rows);

        for (char const* const name : {"tile.fits", "maps.low.fits", "maps.high.fits"}) {
            ASSERT_GT(bytes_of(whole / name).size(), 4800U);
            EXPECT_TRUE(bytes_of(pieces / name) == bytes_of(whole / name)) << name;
        }
    }
}

TEST(TileMaps, DoNotDependOnSizeAndOrderOfThePieces)
{
    test::ScratchFolder const whole("tile_maps_whole");
    write_tile(whole / "", 30, 20);
    // As strips come when memory runs out behind the first of a row of three.
    std::vector<core::Box> const thinner{{0, 0, 10, 20},  {10, 0, 20, 10},  {10, 10, 20, 20},
                                         {20, 0, 30, 10}, {20, 10, 30, 15}, {20, 15, 30, 20}};
    std::vector<core::Box> const upwards{
        {0, 12, 30, 20}, {9, 3, 30, 12}, {0, 5, 9, 12}, {0, 0, 30, 3}, {0, 3, 9, 5}};
    for (std::vector<core::Box> const& boxes : {thinner, upwards}) {
        test::ScratchFolder const pieces("tile_maps_pieces");
        Pixels pixels;
        TileSink sink({}, pieces / "tile.fits", tile, 2, {}, cards,
                      {pieces / "maps.low.fits", pieces / "maps.high.fits"});

        for (core::Box const& box : boxes) {
            sink.write(box, pixels.view().clipped_to(box));
        }
        sink.commit();

        for (char const* const name : {"tile.fits", "maps.low.fits", "maps.high.fits"}) {
            EXPECT_TRUE(bytes_of(pieces / name) == bytes_of(whole / name)) << name;
        }
    }
}

TEST(TileMaps, RefuseAPixelThatComesTwice)
{
    test::ScratchFolder const scratch("tile_maps_twice");
    Pixels pixels;
    TileSink sink({}, scratch / "tile.fits", tile, 2, {}, cards,
                  {scratch / "maps.low.fits", scratch / "maps.high.fits"});
    sink.write({0, 0, 20, 8}, pixels.view().clipped_to({0, 0, 20, 8}));

    EXPECT_THROW(sink.write({0, 7, 20, 9}, pixels.view().clipped_to({0, 7, 20, 9})),
                 core::InternalError);
}

TEST(TileMaps, AppearOnlyWithTheWholeTile)
{
    test::ScratchFolder const scratch("tile_maps_half");
    {
        Pixels pixels;
        TileSink sink({}, scratch / "tile.fits", tile, 2, {}, cards,
                      {scratch / "maps.low.fits", scratch / "maps.high.fits"});
        sink.write({0, 0, 30, 8}, pixels.view().clipped_to({0, 0, 30, 8}));
    }
    EXPECT_TRUE(std::filesystem::is_empty(scratch / ""));
}

TEST(TileMaps, AreThereExactlyWhenTheyAreWanted)
{
    test::ScratchFolder const scratch("tile_maps_unwanted");
    Pixels pixels;
    TileSink without({}, scratch / "tile.fits", tile, 2, {}, cards);
    TileSink with({}, scratch / "other.fits", tile, 2, {}, cards,
                  {scratch / "maps.low.fits", scratch / "maps.high.fits"});

    EXPECT_THROW(without.write(tile, pixels.view()), core::InternalError);
    EXPECT_THROW(with.write(tile, pixels.without_maps()), core::InternalError);
    without.write(tile, pixels.without_maps());
    without.commit();

    EXPECT_TRUE(std::filesystem::exists(scratch / "tile.fits"));
    EXPECT_FALSE(std::filesystem::exists(scratch / "maps.low.fits"));
}
}  // namespace
}  // namespace sectile::tile
