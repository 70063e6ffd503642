// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <bit>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>
#include <tuple>

#include <gtest/gtest.h>

#include "sectile/core/error.hpp"
#include "sectile/core/memory_budget.hpp"
#include "sectile/io/fits_checksum.hpp"
#include "sectile/io/frame_reader.hpp"
#include "sectile/product/export_fits.hpp"
#include "sectile/product/pictures.hpp"
#include "sectile/product/verify.hpp"

#include "support/read_file.hpp"
#include "support/read_image.hpp"
#include "unit/io/read_png.hpp"
#include "unit/product/small_canvas.hpp"

namespace sectile::product
{
namespace
{
using test::read_file;
using test::ScratchFolder;
using test::SmallCanvas;

void flip_byte(std::string const& path, std::streamoff position)
{
    std::fstream file(path, std::ios::binary | std::ios::in | std::ios::out);
    file.seekg(position);
    char const byte = static_cast<char>(file.get() ^ 0x10);
    file.seekp(position);
    file.put(byte);
    ASSERT_TRUE(file.good());
}

/// Writes both files of a product into `folder`.
void write_product(ScratchFolder const& folder, SmallCanvas const& canvas)
{
    canvas.write(folder / "mosaic.h5");
    io::CanvasReader const reader(folder / "mosaic.h5");
    export_fits(reader, {}, folder / "mosaic.fits");
}

/// What is said about a damaged product.
std::string complaint(std::string const& path)
{
    try {
        return "no complaint: " + verify_product(path);
    } catch (core::IoError const& error) {
        return error.what();
    }
}

/// Pixels of one HDU, also of those that are no frames to scan_file().
image::Image<float> read_hdu(std::string const& path, std::size_t index)
{
    io::CheckedImage const image = io::verify_fits_checksums(path).at(index);
    sky::FrameHeader header;
    header.path = path;
    header.hdu = static_cast<int>(index);
    header.geometry.width = image.axes.at(0);
    header.geometry.height = image.axes.at(1);
    header.geometry.stored_planes = image.axes.size() > 2 ? static_cast<int>(image.axes[2]) : 1;
    header.geometry.planes = header.geometry.stored_planes;
    header.geometry.bits_per_pixel = image.bits_per_pixel;
    return test::read_image(header);
}

std::size_t count_of(std::string const& text, std::string const& part)
{
    std::size_t count = 0;
    for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) {
        ++count;
    }
    return count;
}

/// Bitwise, so that NaN equals NaN.
template <class T>
void expect_equal(image::ImageView<float const> found, image::ImageView<T const> expected)
{
    ASSERT_EQ(found.box, expected.box);
    ASSERT_EQ(found.planes, expected.planes);
    for (int plane = 0; plane < found.planes; ++plane) {
        for (std::int64_t y = 0; y < found.box.height(); ++y) {
            for (std::int64_t x = 0; x < found.box.width(); ++x) {
                auto const value = static_cast<float>(expected.at(plane, x, y));
                bool const both_nan =
                    value != value && found.at(plane, x, y) != found.at(plane, x, y);
                EXPECT_TRUE(both_nan || found.at(plane, x, y) == value)
                    << plane << ", " << x << ", " << y;
            }
        }
    }
}

class ExportTest : public ::testing::TestWithParam<int>
{};

TEST_P(ExportTest, EveryPlaneComesBack)
{
    ScratchFolder const folder("products");
    SmallCanvas const canvas(23, 17, GetParam());

    write_product(folder, canvas);

    std::string const path = folder / "mosaic.fits";
    expect_equal<float>(read_hdu(path, 0).view(), canvas.science.view());
    expect_equal<float>(read_hdu(path, 1).view(), canvas.weight.view());
    expect_equal<std::uint32_t>(read_hdu(path, 2).view(), canvas.coverage.view());
    expect_equal<std::uint8_t>(read_hdu(path, 3).view(), canvas.alpha.view());
}

TEST_P(ExportTest, LayoutIsAsDocumented)
{
    ScratchFolder const folder("products");
    int const planes = GetParam();

    write_product(folder, SmallCanvas(23, 17, planes));

    auto const images = io::verify_fits_checksums(folder / "mosaic.fits");
    std::vector<std::int64_t> const flat{23, 17};
    std::vector<std::int64_t> const cube =
        planes == 1 ? flat : std::vector<std::int64_t>{23, 17, planes};
    ASSERT_EQ(images.size(), 4U);
    EXPECT_EQ(images[0].bits_per_pixel, -32);
    EXPECT_EQ(images[0].axes, cube);
    EXPECT_EQ(images[1].name, "WEIGHT");
    EXPECT_EQ(images[1].bits_per_pixel, -32);
    EXPECT_EQ(images[1].axes, cube);
    EXPECT_EQ(images[2].name, "COVERAGE");
    EXPECT_EQ(images[2].bits_per_pixel, 16);
    EXPECT_EQ(images[2].axes, cube);
    EXPECT_EQ(images[3].name, "ALPHA");
    EXPECT_EQ(images[3].bits_per_pixel, 8);
    EXPECT_EQ(images[3].axes, flat);
}

INSTANTIATE_TEST_SUITE_P(MonoAndColour, ExportTest, ::testing::Values(1, 3));

TEST(ExportFits, MoreFramesThan16BitsHoldArePreserved)
{
    ScratchFolder const folder("products");
    SmallCanvas canvas(9, 8, 1);
    canvas.wide_coverage = true;
    canvas.coverage.view().at(0, 7, 6) = 70000;

    write_product(folder, canvas);

    EXPECT_EQ(io::verify_fits_checksums(folder / "mosaic.fits").at(2).bits_per_pixel, 32);
    EXPECT_EQ(read_hdu(folder / "mosaic.fits", 2).view().at(0, 7, 6), 70000.0F);
}

TEST(ExportFits, EveryImageCarriesTheGridAndThePrimaryTheProvenance)
{
    ScratchFolder const folder("products");
    SmallCanvas(9, 8, 1).write(folder / "mosaic.h5");
    io::CanvasReader const reader(folder / "mosaic.h5");

    export_fits(reader, {{"EXPTIME", 120.5, "total"}, {"OBJECT", std::string("M 31"), ""}},
                folder / "mosaic.fits");

    io::FileScan const scan = io::scan_file(folder / "mosaic.fits", false);
    ASSERT_FALSE(scan.frames.empty());
    EXPECT_EQ(scan.frames[0].facts.exposure, 120.5);
    EXPECT_EQ(scan.frames[0].facts.object, "M 31");
    EXPECT_EQ(scan.frames[0].facts.unit, "adu");
    sky::SkyWcs const wcs(scan.frames[0].wcs);
    sky::SkyCoord const centre = wcs.pixel_to_sky(sky::PixelPos{5.0, 3.5});
    EXPECT_NEAR(centre.lon.degrees(), 180.0, 1e-9);
    EXPECT_NEAR(centre.lat.degrees(), 30.0, 1e-9);
    std::string const bytes = read_file(folder / "mosaic.fits");
    EXPECT_EQ(count_of(bytes, "CTYPE1  = 'RA---TAN'"), 4U);
    EXPECT_EQ(count_of(bytes, "CRVAL1  =                180.0"), 4U);
    EXPECT_EQ(count_of(bytes, "'adu**-2 '"), 1U);
    EXPECT_EQ(count_of(bytes, "OBJECT  ="), 1U);
}

TEST(ExportFits, EqualCanvasesGiveEqualBytes)
{
    ScratchFolder const one("products");
    ScratchFolder const other("products");

    write_product(one, SmallCanvas(23, 17, 3));
    write_product(other, SmallCanvas(23, 17, 3));

    EXPECT_EQ(read_file(one / "mosaic.fits"), read_file(other / "mosaic.fits"));
}

TEST(Pictures, PreviewIsUprightAndTransparentWhereEmpty)
{
    ScratchFolder const folder("products");
    SmallCanvas const canvas(40, 30, 3);
    canvas.write(folder / "mosaic.h5");
    io::CanvasReader const reader(folder / "mosaic.h5");

    write_preview(reader, folder / "preview.png");

    test::Picture const picture = test::read_png(folder / "preview.png");
    ASSERT_EQ(picture.width, 40);
    ASSERT_EQ(picture.height, 30);
    EXPECT_TRUE(picture.has_alpha);
    EXPECT_EQ(picture.at(3, 20, 29), 0);  // canvas row 0, at the bottom, has no data
    EXPECT_EQ(picture.at(3, 20, 0), 255);
    EXPECT_GT(picture.at(0, 20, 0), picture.at(0, 20, 28));  // values rise with the row
}

TEST(Pictures, BigCanvasIsReducedToTheLongestSide)
{
    ScratchFolder const folder("products");
    SmallCanvas(40, 30, 1).write(folder / "mosaic.h5");
    io::CanvasReader const reader(folder / "mosaic.h5");

    write_preview(reader, folder / "preview.png", 20);
    write_coverage_picture(reader, folder / "coverage.png", 20);

    test::Picture const preview = test::read_png(folder / "preview.png");
    EXPECT_EQ(preview.width, 20);
    EXPECT_EQ(preview.height, 15);
    EXPECT_EQ(preview.at(3, 10, 14), 128);  // half of the lowest picture row is data
    EXPECT_GT(test::read_png(folder / "coverage.png").height, 15);
}

class FinishBytesTest : public ::testing::TestWithParam<std::tuple<std::int64_t, std::int64_t, int>>
{
  protected:
    /// Most bytes that the buffers of a step held.
    template <class Step>
    [[nodiscard]] static std::int64_t peak_of(Step&& step)
    {
        core::MemoryBudget& budget = core::MemoryBudget::of_process();
        budget.reset_peak();
        std::int64_t const before = budget.in_use();
        step();
        EXPECT_EQ(budget.in_use(), before);
        return budget.peak() - before;
    }
};

TEST_P(FinishBytesTest, AreNotExceeded)
{
    auto const [width, height, planes] = GetParam();
    ScratchFolder const folder("products");
    SmallCanvas(width, height, planes).write(folder / "mosaic.h5");
    io::CanvasReader const reader(folder / "mosaic.h5");

    std::int64_t const exported = peak_of([&] { export_fits(reader, {}, folder / "mosaic.fits"); });
    std::int64_t const preview = peak_of([&] { write_preview(reader, folder / "preview.png"); });
    std::int64_t const coverage =
        peak_of([&] { write_coverage_picture(reader, folder / "coverage.png"); });

    std::int64_t const most = std::max({exported, preview, coverage});
    std::int64_t const libraries = 4 << 20;
    EXPECT_LE(most, finish_bytes(width, height, planes) - libraries);
    EXPECT_GE(most, (finish_bytes(width, height, planes) - libraries) / 2);  // not in vain
}

INSTANTIATE_TEST_SUITE_P(Sizes, FinishBytesTest,
                         ::testing::Values(std::tuple{300, 200, 3}, std::tuple{1024, 1024, 3},
                                           std::tuple{2300, 1500, 3}, std::tuple{2300, 1500, 1},
                                           std::tuple{4500, 700, 3}));

TEST(FinishBytes, DoNotGrowWithTheCanvas)
{
    for (std::int64_t const side : {4000, 10000, 30000, 100000}) {
        EXPECT_LE(finish_bytes(side, side, 3), 48 << 20) << side;
    }
    EXPECT_LE(finish_bytes(100, 10000000, 3), 48 << 20);
}

class VerifyTest : public ::testing::Test
{
  protected:
    ScratchFolder folder{"verify"};
    SmallCanvas canvas{23, 17, 3};
};

TEST_F(VerifyTest, WholeProductIsAccepted)
{
    write_product(folder, canvas);

    std::string const summary = verify_product(folder.path());

    EXPECT_NE(summary.find("23 x 17 pixels, 3 planes"), std::string::npos) << summary;
    EXPECT_NE(summary.find("25 frames deep"), std::string::npos) << summary;  // 1 + 22 + 2
    EXPECT_NE(summary.find("the same pixels"), std::string::npos) << summary;
    EXPECT_NE(verify_product(folder / "mosaic.fits"), "");
    EXPECT_NE(verify_product(folder / "mosaic.h5"), "");
}

TEST_F(VerifyTest, FlippedByteIsFoundWhereverItIs)
{
    write_product(folder, canvas);
    std::string const path = folder / "mosaic.fits";
    std::string const whole = read_file(path);
    // Every HDU, headers and pixels: one byte of each 2880-byte block.
    for (std::size_t position = 100; position < whole.size(); position += 2880) {
        std::ofstream(path, std::ios::binary) << whole;
        flip_byte(path, static_cast<std::streamoff>(position));

        EXPECT_THROW((void)verify_product(folder.path()), core::IoError) << "byte " << position;
    }
}

TEST_F(VerifyTest, FlippedPixelIsBlamedOnItsSum)
{
    write_product(folder, canvas);
    std::string const path = folder / "mosaic.fits";
    auto const last = static_cast<std::streamoff>(read_file(path).size()) - 2880;
    flip_byte(path, last + 50);

    std::string const text = complaint(path);

    EXPECT_NE(text.find("HDU 3"), std::string::npos) << text;
    EXPECT_NE(text.find("DATASUM"), std::string::npos) << text;
}

TEST_F(VerifyTest, TruncatedFileIsFoundAtAnyLength)
{
    write_product(folder, canvas);
    std::string const path = folder / "mosaic.fits";
    std::string const whole = read_file(path);
    for (std::size_t size : {whole.size() - 1, whole.size() - 2880, whole.size() / 2,
                             std::size_t{2880}, std::size_t{100}, std::size_t{0}}) {
        std::ofstream(path, std::ios::binary | std::ios::trunc) << whole.substr(0, size);

        EXPECT_THROW((void)verify_product(folder.path()), core::IoError) << size << " bytes";
    }
}

TEST_F(VerifyTest, TrailingBytesAreFound)
{
    write_product(folder, canvas);
    std::ofstream(folder / "mosaic.fits", std::ios::binary | std::ios::app)
        << std::string(2880, 'x');

    EXPECT_THROW((void)verify_product(folder.path()), core::IoError);
}

TEST_F(VerifyTest, TruncatedCanvasIsFound)
{
    write_product(folder, canvas);
    std::filesystem::resize_file(folder / "mosaic.h5",
                                 std::filesystem::file_size(folder / "mosaic.h5") / 2);

    EXPECT_THROW((void)verify_product(folder / "mosaic.h5"), core::IoError);
}

TEST_F(VerifyTest, FilesThatDifferAreFound)
{
    write_product(folder, canvas);
    canvas.science.view().at(1, 9, 11) += 1.0F;
    canvas.write(folder / "mosaic.h5");

    std::string const text = complaint(folder.path());

    EXPECT_NE(text.find("plane 1, pixel (9, 11)"), std::string::npos) << text;
    EXPECT_NE(text.find("science differs"), std::string::npos) << text;
    // What is advised must be something that the program does.
    EXPECT_NE(text.find("sectile run with the same --input and --output"), std::string::npos)
        << text;
    EXPECT_EQ(text.find("--resume"), std::string::npos) << text;
}

TEST_F(VerifyTest, FilesOfDifferentSizeDoNotBelongTogether)
{
    write_product(folder, canvas);
    SmallCanvas(24, 17, 3).write(folder / "mosaic.h5");

    std::string const text = complaint(folder.path());

    EXPECT_NE(text.find("do not belong together"), std::string::npos) << text;
    EXPECT_EQ(text.find("--resume"), std::string::npos) << text;
}

TEST_F(VerifyTest, ValueWithoutWeightIsFound)
{
    canvas.weight.view().at(2, 7, 8) = 0.0F;
    write_product(folder, canvas);

    std::string const text = complaint(folder / "mosaic.fits");

    EXPECT_NE(text.find("plane 2, pixel (7, 8)"), std::string::npos) << text;
    EXPECT_NE(text.find("value without weight"), std::string::npos) << text;
}

TEST_F(VerifyTest, WeightWithoutValueIsFound)
{
    canvas.science.view().at(0, 7, 8) = std::numeric_limits<float>::quiet_NaN();
    write_product(folder, canvas);

    EXPECT_NE(complaint(folder.path()).find("weight but no value"), std::string::npos);
}

TEST_F(VerifyTest, NegativeWeightIsFound)
{
    canvas.weight.view().at(0, 7, 8) = -1.0F;
    write_product(folder, canvas);

    EXPECT_NE(complaint(folder.path()).find("weight is not a finite number"), std::string::npos);
}

TEST_F(VerifyTest, ValueWithoutFrameIsFound)
{
    canvas.coverage.view().at(0, 7, 8) = 0;
    write_product(folder, canvas);

    EXPECT_NE(complaint(folder.path()).find("no frame behind it"), std::string::npos);
}

TEST_F(VerifyTest, AlphaWithoutDataIsFound)
{
    canvas.alpha.view().at(0, 0, 8) = 255;
    write_product(folder, canvas);

    EXPECT_NE(complaint(folder.path()).find("alpha is set"), std::string::npos);
}

TEST_F(VerifyTest, EmptyFolderAndOtherFilesAreNoProduct)
{
    std::ofstream(folder / "note.fits") << "not a FITS file";

    EXPECT_NE(complaint(folder.path()).find("nothing to verify"), std::string::npos);
    EXPECT_THROW((void)verify_product(folder / "note.fits"), core::IoError);
    EXPECT_THROW((void)verify_product(folder / "absent.h5"), core::IoError);
}

TEST_F(VerifyTest, OtherFitsFileIsNoProduct)
{
    io::FitsWriter writer(folder / "tile.fits");
    io::FitsImageSpec spec;
    spec.width = 23;
    spec.height = 17;
    spec.planes = 3;
    writer.begin_image(spec);
    writer.write_rows(image::ImageView<float const>(canvas.science.view()));
    writer.commit();

    EXPECT_NE(complaint(folder / "tile.fits").find("1 HDUs instead of 4"), std::string::npos);
}
}  // namespace
}  // namespace sectile::product
