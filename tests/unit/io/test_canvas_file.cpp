// SPDX-License-Identifier: BSD-3-Clause
#include <bit>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>

#include "sectile/core/error.hpp"
#include "sectile/io/canvas_file.hpp"

#include "io/canvas_file_schema.hpp"
#include "io/canvas_file_space.hpp"
#include "mpi/canvas_pixels.hpp"

// These run without MPI started: a canvas can be written and read by a plain process.
namespace sectile::io
{
namespace
{
using core::Box;

class CanvasFile : public ::testing::Test
{
  protected:
    void SetUp() override
    {
        std::string name = (std::filesystem::temp_directory_path() / "sectile_XXXXXX").string();
        ASSERT_NE(::mkdtemp(name.data()), nullptr);
        folder_ = name;
    }
    void TearDown() override { std::filesystem::remove_all(folder_); }
    [[nodiscard]] std::string path(std::string const& name) const { return folder_ / name; }

    std::filesystem::path folder_;
};

/// Compares a window of all datasets, read into a corner of larger images, with the pixels written.
void expect_window(CanvasReader const& reader, Box const& window)
{
    CanvasLayout const& layout = reader.layout();
    Box const room = window.grown_by(2);
    image::Image<float> science(room, layout.planes);
    image::Image<float> weight(room, layout.planes);
    image::Image<std::uint32_t> coverage(room, layout.planes);
    image::Image<std::uint8_t> alpha(room, 1);

    reader.read_science(science.view().clipped_to(window));
    reader.read_weight(weight.view().clipped_to(window));
    reader.read_coverage(coverage.view().clipped_to(window));
    reader.read_alpha(alpha.view().clipped_to(window));

    std::int64_t wrong = 0;
    for (std::int64_t y = room.y0; y < room.y1; ++y) {
        for (std::int64_t x = room.x0; x < room.x1; ++x) {
            bool const is_inside = window.contains(x, y);
            for (int plane = 0; plane < layout.planes; ++plane) {
                float const wanted = is_inside ? test::science_at(plane, x, y) : 0.0F;
                float const found = science.view().at(plane, x, y);
                wrong +=
                    std::bit_cast<std::uint32_t>(found) != std::bit_cast<std::uint32_t>(wanted);
                wrong += weight.view().at(plane, x, y) !=
                         (is_inside ? test::weight_at(plane, x, y) : 0.0F);
                wrong += coverage.view().at(plane, x, y) !=
                         (is_inside ? test::coverage_at(plane, x, y, layout.wide_coverage) : 0U);
            }
            wrong += alpha.view().at(0, x, y) != (is_inside ? test::alpha_at(x, y) : 0);
        }
    }
    EXPECT_EQ(wrong, 0) << "window " << window.x0 << "," << window.y0 << " " << window.width()
                        << "x" << window.height();
}

TEST_F(CanvasFile, ReadsBackWindowsOfWhatWasWritten)
{
    for (bool const wide : {false, true}) {
        CanvasLayout const layout = test::make_layout(1100, 70, 3, wide);
        test::write_serially(path("mosaic.h5"), layout);

        CanvasReader const reader(path("mosaic.h5"));

        expect_window(reader, {0, 0, 1100, 70});
        expect_window(reader, {0, 33, 1100, 36});     // rows across a border of chunks
        expect_window(reader, {540, 0, 560, 70});     // columns across a border of chunks
        expect_window(reader, {1099, 69, 1100, 70});  // the last pixel
    }
}

TEST_F(CanvasFile, KeepsTheLayoutIncludingLongAndEmptyTexts)
{
    CanvasLayout layout = test::make_layout(20, 10, 2, true);
    layout.unit.clear();
    layout.wcs_cards = std::string(80 * 2000, 'c');  // more than an object header can hold
    layout.provenance = std::string(1000000, 'p') + "é";

    test::write_serially(path("mosaic.h5"), layout);
    CanvasReader const reader(path("mosaic.h5"));

    EXPECT_EQ(reader.layout().width, 20);
    EXPECT_EQ(reader.layout().height, 10);
    EXPECT_EQ(reader.layout().planes, 2);
    EXPECT_TRUE(reader.layout().wide_coverage);
    EXPECT_EQ(reader.layout().unit, "");
    EXPECT_EQ(reader.layout().wcs_cards, layout.wcs_cards);
    EXPECT_EQ(reader.layout().provenance, layout.provenance);
    expect_window(reader, {0, 0, 20, 10});
}

TEST_F(CanvasFile, EqualContentGivesEqualBytes)
{
    CanvasLayout layout = test::make_layout(1030, 70, 1, false);
    layout.provenance = std::string(200000, 'p');

    test::write_serially(path("first.h5"), layout);
    test::write_serially(path("second.h5"), layout);

    EXPECT_TRUE(test::read_file(path("first.h5")) == test::read_file(path("second.h5")));
}

TEST_F(CanvasFile, PixelsThatNobodyWroteAreZero)
{
    CanvasLayout const layout = test::make_layout(30, 20, 1, false);
    test::CanvasPixels const pixels({0, 5, 30, 10}, layout, 0);
    {
        CanvasWriter writer({}, path("mosaic.h5"), layout);
        writer.write(pixels.strip());
        writer.commit();
    }
    CanvasReader const reader(path("mosaic.h5"));
    image::Image<float> rest({0, 10, 30, 20}, 1);
    rest.view().at(0, 3, 12) = 5.0F;

    reader.read_science(rest.view());

    EXPECT_EQ(rest.view().at(0, 3, 12), 0.0F);
    expect_window(reader, {0, 5, 30, 10});
}

TEST_F(CanvasFile, WhatIsNoCanvasIsRefusedWithItsName)
{
    std::ofstream(path("text.h5")) << "this is no HDF5 file";
    test::write_serially(path("cut.h5"), test::make_layout(2000, 1000, 1, false));
    std::filesystem::resize_file(path("cut.h5"), 3000000);

    for (char const* const name : {"text.h5", "cut.h5", "missing.h5"}) {
        try {
            CanvasReader const reader(path(name));
            FAIL() << name << " was read";
        } catch (core::IoError const& error) {
            EXPECT_NE(std::string(error.what()).find(path(name)), std::string::npos)
                << error.what();
        }
    }
}

TEST_F(CanvasFile, WindowsOutsideTheCanvasAreRefused)
{
    test::write_serially(path("mosaic.h5"), test::make_layout(30, 20, 1, false));
    CanvasReader const reader(path("mosaic.h5"));
    image::Image<float> beyond({0, 19, 30, 21}, 1);
    image::Image<float> colour({0, 0, 30, 20}, 3);

    EXPECT_THROW(reader.read_science(beyond.view()), core::InternalError);
    EXPECT_THROW(reader.read_science(colour.view()), core::InternalError);
    EXPECT_NO_THROW(reader.read_science({}));
}

TEST_F(CanvasFile, SpaceThatIsNotThereIsRefusedAndWhatIsReservedReadsAsZeros)
{
    std::ofstream(path("file")) << "abc";

    reserve_space(path("file"), 10000);

    EXPECT_EQ(test::read_file(path("file")), "abc" + std::string(9997, '\0'));
    EXPECT_THROW(reserve_space(path("file"), std::int64_t{1} << 60), core::IoError);
    EXPECT_THROW(reserve_space(path("missing"), 10), core::IoError);
}

TEST(CanvasSchema, ChunksCoverTheCanvasWithLittleOverhang)
{
    for (std::int64_t const width : {1, 1023, 1024, 1025, 5000, 100001}) {
        for (std::int64_t const height : {1, 63, 64, 65, 1000, 99999}) {
            ChunkShape const shape = chunk_shape(width, height);
            std::int64_t const across = (width + shape.columns - 1) / shape.columns;
            std::int64_t const up = (height + shape.rows - 1) / shape.rows;

            EXPECT_LE(shape.columns, 1024);
            EXPECT_LE(shape.rows, 64);
            // Less than a pixel for each chunk.
            EXPECT_LT(across * shape.columns - width, across);
            EXPECT_LT(up * shape.rows - height, up);
        }
    }
}

TEST(CanvasSchema, RoundsKeepEveryWriteBelowItsLimit)
{
    Box const box{10, 100, 1010, 1097};
    constexpr std::int64_t limit = 1000 * 3 * 4 * 64;

    std::int64_t const rounds = write_rounds(box, 3, limit);

    EXPECT_EQ(rounds, (997 + 63) / 64);
    std::int64_t next = box.y0;
    for (std::int64_t round = 0; round < rounds; ++round) {
        Box const part = part_of(box, round, rounds);
        EXPECT_EQ(part.y0, next);
        EXPECT_EQ(part.x0, box.x0);
        EXPECT_LE(part.area() * 3 * 4, limit);
        EXPECT_LE(part.area(), part_of(box, rounds - 1, rounds).area());
        next = part.y1;
    }
    EXPECT_EQ(next, box.y1);
    EXPECT_EQ(write_rounds(box, 3, 5), 997) << "a row is not split";
    EXPECT_TRUE(part_of(Box{0, 0, 5, 1}, 0, 3).empty()) << "fewer rows than rounds";
}

TEST(Hdf5Version, IsThatOfAParallelLibrary)
{
    EXPECT_NE(hdf5_version_text().find(" (parallel)"), std::string::npos);
}
}  // namespace
}  // namespace sectile::io
