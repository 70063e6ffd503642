// SPDX-License-Identifier: BSD-3-Clause
#include <cmath>
#include <cstdint>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include <fitsio.h>
#include <gtest/gtest.h>

#include "sectile/core/error.hpp"
#include "sectile/io/frame_reader.hpp"

#include "fits_bytes.hpp"
#include "io/fits_file.hpp"
#include "io/frame_shape.hpp"
#include "io/window_sources.hpp"

namespace sectile::io
{
namespace
{
using image::Image;
using test::bits_of;

sky::FrameHeader only_frame(std::string const& path)
{
    FileScan const scan = scan_file(path, false);
    for (UnreadableInput const& input : scan.unreadable) {
        ADD_FAILURE() << input.reason;
    }
    EXPECT_EQ(scan.frames.size(), 1U);
    return scan.frames.at(0);
}

Image<float> read_box(sky::FrameHeader const& header, core::Box const& box)
{
    Image<float> image(box, header.geometry.stored_planes);
    FrameReader(header).read(image.view());
    return image;
}

Image<float> read_all(sky::FrameHeader const& header)
{
    return read_box(header, {0, 0, header.geometry.width, header.geometry.height});
}

template <class T>
std::vector<T> random_values(std::size_t count)
{
    std::mt19937_64 generator(20240611);
    std::vector<T> values(count);
    for (T& value : values) {
        if constexpr (std::is_floating_point_v<T>) {
            value = static_cast<T>(std::normal_distribution<double>(0.0, 1e3)(generator));
        } else {
            value = static_cast<T>(generator());
        }
    }
    return values;
}

/// The file written as a gzipped or tile-compressed copy by CFITSIO; `target` says which by its
/// name.
void copy_with_cfitsio(std::string const& source, std::string const& target, int compression)
{
    fitsfile* in = nullptr;
    fitsfile* out = nullptr;
    int status = 0;
    fits_open_diskfile(&in, source.c_str(), READONLY, &status);
    fits_create_file(&out, target.c_str(), &status);
    if (compression != 0) {
        fits_set_compression_type(out, compression, &status);
        fits_set_quantize_level(out, 0.0F, &status);
        fits_img_compress(in, out, &status);
    } else {
        fits_copy_file(in, out, 1, 1, 1, &status);
    }
    fits_close_file(in, &status);
    fits_close_file(out, &status);
    ASSERT_EQ(status, 0);
}

/// Every bit of the direct way against CFITSIO, for whole frames and windows.
void expect_same_as_cfitsio(std::string const& path)
{
    FitsFile file(path);
    HduShape const shape = file.shape();
    FrameShape const frame = interpret_axes(shape);
    ASSERT_EQ(frame.reason, "");
    auto direct = make_window_source(FitsFile(path), shape, frame.roles);
    auto reference = make_cfitsio_source(std::move(file), shape, frame.roles);
    std::int64_t const width = frame.geometry.width;
    std::int64_t const height = frame.geometry.height;
    for (core::Box const& box :
         {core::Box{0, 0, width, height}, core::Box{3, 2, width - 5, height - 1},
          core::Box{width - 1, height - 1, width, height}}) {
        Image<float> a(box, frame.geometry.stored_planes);
        Image<float> b(box, frame.geometry.stored_planes);
        direct->read(a.view());
        reference->read(b.view());
        EXPECT_EQ(bits_of(a.view()), bits_of(b.view())) << path;
    }
}

template <class T>
void compare_type(test::ScratchFolder const& folder, int bits,
                  std::vector<std::string> const& cards)
{
    std::vector<T> values = random_values<T>(std::size_t{41} * 23);
    if constexpr (std::is_floating_point_v<T>) {
        values[0] = std::numeric_limits<T>::quiet_NaN();
        values[1] = std::numeric_limits<T>::infinity();
        values[2] = -std::numeric_limits<T>::infinity();
        values[3] = std::numeric_limits<T>::denorm_min();
        values[4] = std::numeric_limits<T>::max();
    } else {
        values[0] = std::numeric_limits<T>::min();
        values[1] = std::numeric_limits<T>::max();
        values[2] = T{7};
    }
    test::FitsBytes file;
    file.image(bits, {41, 23}, cards).data(values);
    expect_same_as_cfitsio(file.write(folder / "type.fits"));
}

TEST(FrameReader, DirectReadingEqualsCfitsioForEveryType)
{
    test::ScratchFolder const folder("frame_reader");
    std::vector<std::vector<std::string>> const scalings = {
        {},
        {"BSCALE  = 1.0", "BZERO   = 32768"},
        {"BSCALE  = 0.37", "BZERO   = -12.625"},
        {"BZERO   = 2147483648"},
        {"BLANK   = 7"},
        {"BLANK   = 7", "BSCALE  = 1.5E-3", "BZERO   = 100.0"}};

    for (std::vector<std::string> const& cards : scalings) {
        compare_type<std::uint8_t>(folder, 8, cards);
        compare_type<std::int16_t>(folder, 16, cards);
        compare_type<std::int32_t>(folder, 32, cards);
        compare_type<std::int64_t>(folder, 64, cards);
        compare_type<float>(folder, -32, cards);
        compare_type<double>(folder, -64, cards);
    }
}

TEST(FrameReader, UnsignedSixteenBitsAreExact)
{
    test::ScratchFolder const folder("frame_reader");
    std::vector<std::int16_t> stored(65536);
    for (int i = 0; i < 65536; ++i) {
        stored[static_cast<std::size_t>(i)] = static_cast<std::int16_t>(i - 32768);
    }
    test::FitsBytes file;
    file.image(16, {256, 256}, {"BZERO   = 32768", "BSCALE  = 1"}).data(stored);

    Image<float> const image = read_all(only_frame(file.write(folder / "u16.fits")));

    for (int i = 0; i < 65536; ++i) {
        ASSERT_EQ(image.view().at(0, i % 256, i / 256), static_cast<float>(i));
    }
}

TEST(FrameReader, BlankAndInfiniteValuesAreMasked)
{
    test::ScratchFolder const folder("frame_reader");
    constexpr float infinity = std::numeric_limits<float>::infinity();
    test::FitsBytes integers;
    integers.image(16, {3, 1, 1}, {"BLANK   = -1", "BZERO   = 10"})
        .data(std::vector<std::int16_t>{-1, 0, 5});
    test::FitsBytes floats;
    floats.image(-32, {3, 2}).data(std::vector<float>{infinity, -infinity, 2.5F, NAN, 0.0F, -1.0F});

    Image<float> const a = read_all(only_frame(integers.write(folder / "a.fits")));
    Image<float> const b = read_all(only_frame(floats.write(folder / "b.fits")));

    EXPECT_TRUE(std::isnan(a.view().at(0, 0, 0)));
    EXPECT_EQ(a.view().at(0, 1, 0), 10.0F);
    EXPECT_EQ(a.view().at(0, 2, 0), 15.0F);
    EXPECT_TRUE(std::isnan(b.view().at(0, 0, 0)) && std::isnan(b.view().at(0, 1, 0)));
    EXPECT_TRUE(std::isnan(b.view().at(0, 0, 1)));
    EXPECT_EQ(b.view().at(0, 2, 0), 2.5F);
}

TEST(FrameReader, WindowsEqualTheFullReadAndNanSurroundsTheImage)
{
    test::ScratchFolder const folder("frame_reader");
    constexpr int width = 60;
    constexpr int height = 50;
    test::FitsBytes file;
    file.image(-32, {width, height, 2}).data(random_values<float>(std::size_t{width} * height * 2));
    sky::FrameHeader const header = only_frame(file.write(folder / "planes.fits"));
    Image<float> const all = read_all(header);
    FrameReader reader(header);

    for (core::Box const& box :
         {core::Box{10, 5, 30, 40}, core::Box{-7, -3, 20, 9}, core::Box{50, 45, 75, 55},
          core::Box{-5, -5, width + 5, height + 5}, core::Box{100, 0, 110, 10},
          core::Box{0, 49, 60, 50}}) {
        Image<float> window(box, 2);
        reader.read(window.view());

        for (int plane = 0; plane < 2; ++plane) {
            for (std::int64_t y = box.y0; y < box.y1; ++y) {
                for (std::int64_t x = box.x0; x < box.x1; ++x) {
                    float const value = window.view().at(plane, x, y);
                    if (header.geometry.width > x && x >= 0 && y >= 0 &&
                        header.geometry.height > y) {
                        ASSERT_EQ(value, all.view().at(plane, x, y));
                    } else {
                        ASSERT_TRUE(std::isnan(value));
                    }
                }
            }
        }
    }
}

TEST(FrameReader, NarrowWindowsOfLongRowsAreReadByRows)
{
    test::ScratchFolder const folder("frame_reader");
    constexpr int width = 9000;  // 36 kB a row: longer than what is read whole
    test::FitsBytes file;
    file.image(-32, {width, 12}).data(random_values<float>(std::size_t{width} * 12));
    sky::FrameHeader const header = only_frame(file.write(folder / "wide.fits"));
    Image<float> const all = read_all(header);

    core::Box const box{4000, 3, 4100, 11};

    EXPECT_EQ(bits_of(read_box(header, box).view()), bits_of(all.view().clipped_to(box)));
}

TEST(FrameReader, ColourAxisFirstIsSpreadOverPlanes)
{
    test::ScratchFolder const folder("frame_reader");
    constexpr int width = 40;
    constexpr int height = 30;
    std::vector<std::int16_t> values;
    for (int i = 0; i < width * height * 3; ++i) {
        values.push_back(static_cast<std::int16_t>(i));
    }
    test::FitsBytes file;
    file.image(16, {3, width, height}).data(values);
    std::string const path = file.write(folder / "hwc.fits");
    copy_with_cfitsio(path, folder / "hwc_copy.fits.gz", 0);

    sky::FrameHeader const header = only_frame(path);
    Image<float> const window = read_box(header, {5, 7, 20, 30});

    EXPECT_TRUE(header.geometry.planes_last);
    EXPECT_EQ(header.geometry.width, width);
    EXPECT_EQ(header.geometry.height, height);
    EXPECT_EQ(header.geometry.stored_planes, 3);
    EXPECT_EQ(window.view().at(2, 6, 8), static_cast<float>((8 * width + 6) * 3 + 2));
    EXPECT_EQ(bits_of(read_box(only_frame(folder / "hwc_copy.fits.gz"), {5, 7, 20, 30}).view()),
              bits_of(window.view()));
    expect_same_as_cfitsio(path);
}

TEST(FrameReader, PackedCopiesHaveTheSamePixels)
{
    test::ScratchFolder const folder("frame_reader");
    test::FitsBytes integers;
    integers.image(16, {210, 130}, {"BZERO   = 32768"})
        .data(random_values<std::int16_t>(std::size_t{210} * 130));
    test::FitsBytes floats;
    std::vector<float> values = random_values<float>(std::size_t{210} * 130 * 2);
    values[17] = NAN;
    floats.image(-32, {210, 130, 2}).data(values);

    for (test::FitsBytes const* original : {&integers, &floats}) {
        std::string const path = original->write(folder / "plain.fits");
        std::string const gzipped = folder / "copy.fits.gz";
        std::string const tiled = folder / "copy.fits.fz";
        copy_with_cfitsio(path, gzipped, 0);
        copy_with_cfitsio(path, tiled, GZIP_1);  // loses nothing

        sky::FrameHeader const header = only_frame(path);
        for (core::Box const& box : {core::Box{0, 0, 210, 130}, core::Box{31, 47, 160, 99}}) {
            std::vector<std::uint32_t> const expected = bits_of(read_box(header, box).view());
            EXPECT_EQ(bits_of(read_box(only_frame(gzipped), box).view()), expected);
            EXPECT_EQ(bits_of(read_box(only_frame(tiled), box).view()), expected);
        }
        std::filesystem::remove(gzipped);
        std::filesystem::remove(tiled);
    }
}

TEST(FrameReader, AChangedOrShortenedFileIsAnError)
{
    test::ScratchFolder const folder("frame_reader");
    test::FitsBytes file;
    file.image(-32, {60, 50}).data(std::vector<float>(3000, 1.0F));
    std::string const path = file.write(folder / "frame.fits");
    sky::FrameHeader const header = only_frame(path);

    test::write_bytes(path, file.bytes().substr(0, 2880 + 5000));
    EXPECT_THROW(FrameReader{header}, core::IoError);

    test::FitsBytes other;
    other.image(-32, {50, 60}).data(std::vector<float>(3000, 1.0F));
    other.write(path);
    EXPECT_THROW(FrameReader{header}, core::IoError);

    std::filesystem::remove(path);
    EXPECT_THROW(FrameReader{header}, core::IoError);
}

TEST(FrameReader, AFileThatShrinksWhileOpenIsAnError)
{
    test::ScratchFolder const folder("frame_reader");
    test::FitsBytes file;
    file.image(-32, {60, 50}).data(std::vector<float>(3000, 1.0F));
    std::string const path = file.write(folder / "frame.fits");
    FrameReader reader(only_frame(path));
    Image<float> image({0, 0, 60, 50}, 1);

    std::filesystem::resize_file(path, 4000);

    EXPECT_THROW(reader.read(image.view()), core::IoError);
}
}  // namespace
}  // namespace sectile::io
