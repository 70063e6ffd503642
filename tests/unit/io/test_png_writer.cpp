// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <filesystem>
#include <string>

#include <gtest/gtest.h>

#include "sectile/core/error.hpp"
#include "sectile/io/atomic_file.hpp"
#include "sectile/io/png_writer.hpp"

#include "support/read_file.hpp"
#include "unit/io/read_png.hpp"

namespace sectile::io
{
namespace
{
class PngWriterTest : public ::testing::Test
{
  protected:
    void SetUp() override
    {
        std::string name = (std::filesystem::temp_directory_path() / "sectile_png_XXXXXX").string();
        ASSERT_NE(mkdtemp(name.data()), nullptr);
        folder_ = name;
    }
    void TearDown() override { std::filesystem::remove_all(folder_); }

    [[nodiscard]] std::string path(std::string const& name) const
    {
        return (folder_ / name).string();
    }
    [[nodiscard]] std::filesystem::path const& folder() const { return folder_; }

  private:
    std::filesystem::path folder_;
};

/// Every pixel and plane has its own value; the box does not start at 0.
image::Image<std::uint8_t> numbered(int width, int height, int planes)
{
    image::Image<std::uint8_t> pixels({5, 7, 5 + width, 7 + height}, planes);
    for (int plane = 0; plane < planes; ++plane) {
        for (int y = 0; y < height; ++y) {
            for (int x = 0; x < width; ++x) {
                pixels.view().at(plane, 5 + x, 7 + y) =
                    static_cast<std::uint8_t>(60 * plane + 10 * y + x);
            }
        }
    }
    return pixels;
}

class PngPlanesTest : public PngWriterTest, public ::testing::WithParamInterface<int>
{};

TEST_P(PngPlanesTest, PixelsComeBackWithRowZeroAtTheBottom)
{
    int const planes = GetParam();
    constexpr int width = 7;
    constexpr int height = 3;
    auto const pixels = numbered(width, height, planes);

    write_png(path("a.png"), pixels.view());

    test::Picture const picture = test::read_png(path("a.png"));
    ASSERT_EQ(picture.width, width);
    ASSERT_EQ(picture.height, height);
    EXPECT_EQ(picture.has_color, planes >= 3);
    EXPECT_EQ(picture.has_alpha, planes == 4);
    for (int y = 0; y < height; ++y) {
        for (int x = 0; x < width; ++x) {
            for (int channel = 0; channel < std::max(3, planes); ++channel) {
                int const plane = planes == 1 ? 0 : channel;
                EXPECT_EQ(picture.at(channel, x, height - 1 - y),
                          pixels.view().at(plane, 5 + x, 7 + y));
            }
        }
    }
}

INSTANTIATE_TEST_SUITE_P(GreyRgbRgba, PngPlanesTest, ::testing::Values(1, 3, 4));

TEST_F(PngWriterTest, EqualPixelsGiveEqualBytesWithoutATimeChunk)
{
    auto const pixels = numbered(40, 20, 3);

    write_png(path("a.png"), pixels.view());
    write_png(path("b.png"), pixels.view());

    std::string const bytes = test::read_file(path("a.png"));
    EXPECT_EQ(bytes, test::read_file(path("b.png")));
    EXPECT_EQ(bytes.find("tIME"), std::string::npos);
    EXPECT_EQ(bytes.find("tEXt"), std::string::npos);
}

TEST_F(PngWriterTest, RowsInAnyPortionsGiveTheSameBytes)
{
    auto const pixels = numbered(40, 20, 3);
    write_png(path("whole.png"), pixels.view());

    PngWriter writer(path("parts.png"), 40, 20, 3);
    for (core::Box const& part :
         {core::Box{5, 26, 45, 27}, core::Box{5, 10, 45, 26}, core::Box{5, 7, 45, 10}}) {
        writer.write_rows(image::ImageView<std::uint8_t const>(pixels.view()).clipped_to(part));
    }
    writer.commit();

    EXPECT_EQ(test::read_file(path("whole.png")), test::read_file(path("parts.png")));
}

TEST_F(PngWriterTest, RowsThatDoNotFitOrAreMissingAreErrorsAndLeaveNothing)
{
    auto const pixels = numbered(4, 3, 1);
    {
        PngWriter writer(path("a.png"), 4, 5, 1);
        writer.write_rows(pixels.view());
        EXPECT_THROW(writer.commit(), core::InternalError);
        EXPECT_THROW(writer.write_rows(pixels.view()), core::InternalError);
        EXPECT_THROW(writer.write_rows(numbered(3, 1, 1).view()), core::InternalError);
        EXPECT_THROW(writer.write_rows(numbered(4, 1, 3).view()), core::InternalError);
    }

    EXPECT_TRUE(std::filesystem::is_empty(folder()));
}

TEST_F(PngWriterTest, NothingElseIsLeftInTheFolder)
{
    write_png(path("a.png"), numbered(4, 4, 1).view());

    EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder()), {}), 1);
}

TEST_F(PngWriterTest, MissingFolderIsAnIoErrorThatNamesTheFile)
{
    std::string const target = path("no/such/a.png");

    try {
        write_png(target, numbered(4, 4, 1).view());
        FAIL() << "no error";
    } catch (core::IoError const& error) {
        EXPECT_NE(std::string(error.what()).find(target), std::string::npos) << error.what();
    }
}

TEST_F(PngWriterTest, TwoPlanesAreNotAPicture)
{
    EXPECT_THROW(write_png(path("a.png"), numbered(4, 4, 2).view()), core::InternalError);
}

/// Planes of the picture that meets a full disk: a small one fails when it is closed, a big one
/// while it is written.
class FullDiskTest : public PngWriterTest, public ::testing::WithParamInterface<int>
{};

TEST_P(FullDiskTest, IsAnIoErrorAndTheOldPictureStays)
{
    if (!std::filesystem::exists("/dev/full")) {
        GTEST_SKIP() << "this system has no /dev/full";
    }
    write_png(path("a.png"), numbered(4, 4, 1).view());
    std::string const before = test::read_file(path("a.png"));
    std::filesystem::create_symlink("/dev/full", temporary_name(path("a.png")));

    try {
        write_png(path("a.png"), numbered(GetParam(), GetParam(), 4).view());
        ADD_FAILURE() << "no error";
    } catch (core::IoError const& error) {
        EXPECT_NE(std::string(error.what()).find("No space left"), std::string::npos)
            << error.what();
    }

    EXPECT_EQ(test::read_file(path("a.png")), before);
    EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder()), {}), 1);
}

INSTANTIATE_TEST_SUITE_P(SmallAndBig, FullDiskTest, ::testing::Values(4, 700));
}  // namespace
}  // namespace sectile::io
