// SPDX-License-Identifier: BSD-3-Clause
#include <cmath>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <limits>
#include <numeric>
#include <string>
#include <vector>

#include <fitsio.h>
#include <gtest/gtest.h>

#include "sectile/core/error.hpp"
#include "sectile/io/atomic_file.hpp"
#include "sectile/io/fits_writer.hpp"
#include "sectile/io/frame_reader.hpp"

#include "fits_bytes.hpp"
#include "io/fits_file.hpp"
#include "io/header_cards.hpp"
#include "support/fits_card.hpp"
#include "support/read_image.hpp"

namespace sectile::io
{
namespace
{
using image::Image;
using test::card;
using test::read_image;

/// An odd width, so that rows of 8- and 16-bit pixels do not start at whole words of the checksum.
constexpr std::int64_t width = 37;
constexpr std::int64_t height = 11;

template <class T>
Image<T> make_image(int planes, std::function<T(int, std::int64_t, std::int64_t)> const& value)
{
    Image<T> image({0, 0, width, height}, planes);
    for (int plane = 0; plane < planes; ++plane) {
        for (std::int64_t y = 0; y < height; ++y) {
            for (std::int64_t x = 0; x < width; ++x) {
                image.view().at(plane, x, y) = value(plane, x, y);
            }
        }
    }
    return image;
}

float science_value(int plane, std::int64_t x, std::int64_t y)
{
    if (x == 3 && y == 4) {
        return std::numeric_limits<float>::quiet_NaN();
    }
    return static_cast<float>(std::sin(0.1 * static_cast<double>(x + y * 7)) * (plane + 1) * 1e3);
}

FitsImageSpec make_spec(int bits, bool is_unsigned, int planes, std::string name)
{
    FitsImageSpec spec;
    spec.name = std::move(name);
    spec.bits_per_pixel = bits;
    spec.is_unsigned = is_unsigned;
    spec.width = width;
    spec.height = height;
    spec.planes = planes;
    return spec;
}

template <class T>
void write_in_order(FitsWriter& writer, Image<T> const& image,
                    std::vector<std::int64_t> const& cuts)
{
    for (std::size_t i = 0; i + 1 < cuts.size(); i += 2) {
        writer.write_rows(image.view().clipped_to({0, cuts[i], width, cuts[i + 1]}));
    }
}

void expect_valid_sums(std::string const& path, int hdus)
{
    FitsFile file(path);
    for (int hdu = 0; hdu < hdus; ++hdu) {
        ASSERT_TRUE(file.move_to(hdu));
        int data = 0;
        int whole = 0;
        int status = 0;
        fits_verify_chksum(file.handle(), &data, &whole, &status);
        EXPECT_EQ(status, 0);
        EXPECT_EQ(data, 1) << "DATASUM of HDU " << hdu;
        EXPECT_EQ(whole, 1) << "CHECKSUM of HDU " << hdu;
    }
    EXPECT_FALSE(file.move_to(hdus));
}

HeaderCards header_of(std::string const& path, int hdu)
{
    FitsFile file(path);
    EXPECT_TRUE(file.move_to(hdu));
    return HeaderCards(file.header_text());
}

/// A product with an HDU of every pixel type, rows handed over as `cuts` says.
void write_product(std::string const& path, std::vector<std::int64_t> const& cuts)
{
    FitsWriter writer(path);
    writer.begin_image(make_spec(-32, false, 3, ""));
    write_in_order(writer, make_image<float>(3, science_value), cuts);
    writer.begin_image(make_spec(16, true, 1, "NIGHT16"));
    write_in_order(writer,
                   make_image<std::uint32_t>(1,
                                             [](int, std::int64_t x, std::int64_t y) {
                                                 return static_cast<std::uint32_t>(
                                                     x == 0 ? 65535 : x * 1001 + y);
                                             }),
                   cuts);
    writer.begin_image(make_spec(32, true, 2, "NIGHT32"));
    write_in_order(writer,
                   make_image<std::uint32_t>(2,
                                             [](int, std::int64_t x, std::int64_t y) {
                                                 return static_cast<std::uint32_t>(
                                                     x == 0 ? 4294967295U : x * 65536U + y);
                                             }),
                   cuts);
    writer.begin_image(make_spec(8, false, 1, "NIGHT8"));
    write_in_order(writer,
                   make_image<std::uint8_t>(1,
                                            [](int, std::int64_t x, std::int64_t y) {
                                                return static_cast<std::uint8_t>(x * 7 + y);
                                            }),
                   cuts);
    writer.commit();
}

TEST(FitsWriter, PixelsOfEveryTypeComeBack)
{
    test::ScratchFolder const folder("fits_writer");
    std::string const path = folder / "all.fits";

    write_product(path, {0, height});

    EXPECT_EQ(test::bits_of(read_image(path, 0).view()),
              test::bits_of(make_image<float>(3, science_value).view()));
    Image<float> const night16 = read_image(path, 1);
    EXPECT_EQ(night16.view().at(0, 0, 5), 65535.0F);
    EXPECT_EQ(night16.view().at(0, 9, 5), 9014.0F);
    Image<float> const night32 = read_image(path, 2);
    EXPECT_EQ(night32.view().at(1, 0, 5), 4294967295.0F);
    EXPECT_EQ(night32.view().at(1, 36, 10), 36.0F * 65536.0F + 10.0F);
    EXPECT_EQ(read_image(path, 3).view().at(0, 30, 10), 220.0F);
}

TEST(FitsWriter, SumsAreValidForEveryTypeAndOrderOfRows)
{
    test::ScratchFolder const folder("fits_writer");
    std::string const path = folder / "all.fits";

    write_product(path, {7, height, 0, 1, 3, 7, 1, 3});

    expect_valid_sums(path, 4);
}

TEST(FitsWriter, BytesDoNotDependOnTheOrderOfRows)
{
    test::ScratchFolder const folder("fits_writer");

    write_product(folder / "a.fits", {0, height});
    write_product(folder / "b.fits", {7, height, 0, 1, 3, 7, 1, 3});

    std::string const bytes = test::read_file(folder / "a.fits");
    EXPECT_EQ(bytes, test::read_file(folder / "b.fits"));
    EXPECT_EQ(bytes.size() % 2880, 0U);
    EXPECT_FALSE(std::filesystem::exists(temporary_name(folder / "a.fits")));
}

TEST(FitsWriter, CardsComeBackWithLongStringsAndQuotes)
{
    test::ScratchFolder const folder("fits_writer");
    std::string const path = folder / "cards.fits";
    std::string const long_text = std::string(64, 'x') + "'quoted' and so on; " +
                                  std::string(150, 'y') + "''''" + std::string(70, 'z');
    FitsImageSpec spec = make_spec(-32, false, 1, "");
    spec.cards = {{"OBJECT", std::string("Barnard's star"), "a name"},
                  {"OPTIONS", long_text, "all of them"},
                  {"NCOMBINE", std::int64_t{10234}, "frames"},
                  {"EXPTIME", 0.1, "seconds"},
                  {"MJD-BEG", 60761.05593, ""},
                  {"WHOLE", 3.0, ""},
                  {"UNKNOWN", std::numeric_limits<double>::quiet_NaN(), "no value"},
                  {"DONE", true, ""},
                  {"PLACE", std::string("caf\xc3\xa9"), ""},
                  {"HISTORY", std::string(100, 'h'), ""}};

    FitsWriter writer(path);
    writer.begin_image(spec);
    write_in_order(writer, make_image<float>(1, science_value), {0, height});
    writer.commit();

    HeaderCards const header = header_of(path, 0);
    EXPECT_EQ(header.text({"OBJECT"}), "Barnard's star");
    EXPECT_EQ(header.text({"OPTIONS"}), long_text);
    EXPECT_EQ(header.text({"LONGSTRN"}), "OGIP 1.0");
    EXPECT_EQ(header.integer("NCOMBINE"), 10234);
    EXPECT_EQ(header.number({"EXPTIME"}), 0.1);
    EXPECT_EQ(header.number({"MJD-BEG"}), 60761.05593);
    EXPECT_EQ(header.text({"WHOLE"}), "3.0");
    EXPECT_TRUE(header.has("UNKNOWN"));
    EXPECT_EQ(header.number({"UNKNOWN"}), std::nullopt);
    EXPECT_EQ(header.text({"DONE"}), "T");
    EXPECT_EQ(header.text({"PLACE"}), "caf??");
    expect_valid_sums(path, 1);
    char* text = nullptr;
    int status = 0;
    FitsFile const file(path);
    fits_read_key_longstr(file.handle(), "OPTIONS", &text, nullptr, &status);
    ASSERT_EQ(status, 0);
    EXPECT_EQ(std::string(text), long_text) << "as CFITSIO reads it";
    fits_free_memory(text, &status);
}

TEST(FitsWriter, WcsCardsAreCopiedWithoutTheLayoutOfTheirOwnFile)
{
    test::ScratchFolder const folder("fits_writer");
    std::string const path = folder / "wcs.fits";
    FitsImageSpec spec = make_spec(-32, false, 3, "");
    std::string const crval = card("CRVAL1  =        192.802780359 / RA  of reference point");
    spec.wcs_cards =
        card("SIMPLE  =                    T") + card("NAXIS   =                    0") +
        card("NAXIS1  =                 9999") + card("WCSAXES =                    2") +
        card("CTYPE1  = 'RA---TAN'") + crval + card("DATE-OBS= '1999-01-01'") + card("END");
    spec.cards = {{"DATE-OBS", std::string("2025-03-27T01:20:32"), ""}};

    FitsWriter writer(path);
    writer.begin_image(spec);
    write_in_order(writer, make_image<float>(3, science_value), {0, height});
    writer.commit();

    HeaderCards const header = header_of(path, 0);
    EXPECT_EQ(header.integer("NAXIS"), 3);
    EXPECT_EQ(header.all_texts("NAXIS1"), std::vector<std::string>{"37"});
    EXPECT_EQ(header.all_texts("DATE-OBS"), std::vector<std::string>{"2025-03-27T01:20:32"});
    EXPECT_EQ(header.integer("WCSAXES"), 3) << "not fewer than the axes of the image";
    EXPECT_NE(test::read_file(path).find(crval), std::string::npos) << "verbatim";
    expect_valid_sums(path, 1);
}

TEST(FitsWriter, WithoutCommitNothingIsLeft)
{
    test::ScratchFolder const folder("fits_writer");
    {
        FitsWriter writer(folder / "never.fits");
        writer.begin_image(make_spec(-32, false, 1, ""));
        write_in_order(writer, make_image<float>(1, science_value), {0, 4});
    }

    EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
}

TEST(FitsWriter, RefusesIncompleteAndUnfittingData)
{
    test::ScratchFolder const folder("fits_writer");
    Image<float> const image = make_image<float>(1, science_value);
    FitsWriter writer(folder / "partial.fits");
    writer.begin_image(make_spec(-32, false, 1, ""));
    write_in_order(writer, image, {0, 4});

    EXPECT_THROW(writer.commit(), core::InternalError) << "rows are missing";
    EXPECT_THROW(write_in_order(writer, image, {3, 5}), core::InternalError) << "row 3 again";

    FitsWriter narrow(folder / "narrow.fits");
    narrow.begin_image(make_spec(16, false, 1, ""));
    auto const large = make_image<std::uint32_t>(
        1, [](int, std::int64_t, std::int64_t) { return std::uint32_t{32768}; });
    EXPECT_THROW(narrow.write_rows(large.view()), core::InternalError) << "beyond 32767";
}

TEST(FitsWriter, AnUnwritableFolderIsAnError)
{
    EXPECT_THROW(FitsWriter("/nonexistent/folder/mosaic.fits"), core::IoError);
}
}  // namespace
}  // namespace sectile::io
