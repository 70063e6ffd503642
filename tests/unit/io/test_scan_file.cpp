// SPDX-License-Identifier: BSD-3-Clause
#include <atomic>
#include <cstdint>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "sectile/io/frame_reader.hpp"

#include "fits_bytes.hpp"

namespace sectile::io
{
namespace
{
using image::BayerPattern;
using test::FitsBytes;
using Cards = std::vector<std::string>;

Cards const celestial = {"CTYPE1  = 'RA---TAN'", "CTYPE2  = 'DEC--TAN'",
                         "CRVAL1  = 10.0",       "CRVAL2  = 20.0",
                         "CRPIX1  = 5.0",        "CRPIX2  = 4.0",
                         "CDELT1  = -0.001",     "CDELT2  = 0.001",
                         "CTYPE1A = 'LINEAR'",   "OBSERVER= 'not a WCS card'"};

Cards joined(Cards first, Cards const& second)
{
    first.insert(first.end(), second.begin(), second.end());
    return first;
}

std::vector<std::int16_t> zeros(int count)
{
    return std::vector<std::int16_t>(static_cast<std::size_t>(count));
}

FileScan scan_image(std::vector<int> const& axes, Cards const& cards, bool debayer = true)
{
    test::ScratchFolder const folder("scan_file");
    int count = 1;
    for (int const length : axes) {
        count *= length;
    }
    FitsBytes file;
    file.image(16, axes, cards).data(zeros(count));
    return scan_file(file.write(folder / "frame.fits"), debayer);
}

sky::FrameGeometry geometry_of(std::vector<int> const& axes, Cards const& cards = {},
                               bool debayer = true)
{
    FileScan const scan = scan_image(axes, cards, debayer);
    EXPECT_EQ(scan.frames.size(), 1U);
    return scan.frames.empty() ? sky::FrameGeometry{} : scan.frames.front().geometry;
}

std::string reason_of(FileScan const& scan)
{
    EXPECT_TRUE(scan.frames.empty());
    EXPECT_EQ(scan.unreadable.size(), 1U);
    return scan.unreadable.empty() ? "" : scan.unreadable.front().reason;
}

TEST(ScanFile, AxesBecomePlanes)
{
    sky::FrameGeometry const flat = geometry_of({12, 10, 1, 1});
    sky::FrameGeometry const cube = geometry_of({12, 10, 5});
    sky::FrameGeometry const stokes = geometry_of({12, 10, 1, 4});
    sky::FrameGeometry const colour_last = geometry_of({3, 40, 30});

    EXPECT_EQ(flat.stored_planes, 1);
    EXPECT_EQ(flat.width, 12);
    EXPECT_EQ(flat.height, 10);
    EXPECT_EQ(cube.stored_planes, 5);
    EXPECT_EQ(cube.planes, 5);
    EXPECT_FALSE(cube.planes_last);
    EXPECT_EQ(stokes.stored_planes, 4);
    EXPECT_TRUE(colour_last.planes_last);
    EXPECT_EQ(colour_last.width, 40);
    EXPECT_EQ(colour_last.height, 30);
    EXPECT_EQ(colour_last.stored_planes, 3);
    EXPECT_NE(reason_of(scan_image({12, 10, 2, 2}, {})).find("more than three axes"),
              std::string::npos);
}

struct BayerCase
{
    Cards cards;
    int height;
    BayerPattern expected;
};

TEST(ScanFile, BayerKeywordsGiveThePatternOfTheStoredRows)
{
    std::vector<BayerCase> const cases = {
        {{"BAYERPAT= 'RGGB'"}, 10, BayerPattern::rggb},
        {{"BAYERPAT= ' grbg   '"}, 10, BayerPattern::grbg},
        {{"COLORTYP= 'GBRG'"}, 10, BayerPattern::gbrg},
        {{"HIERARCH BAYERPATTERN = 'BGGR'"}, 10, BayerPattern::bggr},
        {{"BAYERPAT= 'RGGB'", "XBAYROFF= 1"}, 10, BayerPattern::grbg},
        {{"BAYERPAT= 'RGGB'", "YBAYROFF= 1"}, 10, BayerPattern::gbrg},
        {{"BAYERPAT= 'RGGB'", "XBAYROFF= -1", "YBAYROFF= 3"}, 10, BayerPattern::bggr},
        {{"BAYERPAT= 'RGGB'", "XBAYROFF= 2", "YBAYROFF= 0"}, 10, BayerPattern::rggb},
        {{"BAYERPAT= 'RGGB'", "ROWORDER= 'TOP-DOWN'"}, 10, BayerPattern::rggb},
        {{"BAYERPAT= 'RGGB'", "ROWORDER= 'BOTTOM-UP'"}, 10, BayerPattern::gbrg},
        {{"BAYERPAT= 'RGGB'", "ROWORDER= 'BOTTOM-UP'"}, 11, BayerPattern::rggb},
        {{"BAYERPAT= 'GRBG'", "ROWORDER= 'bottom-up'", "YBAYROFF= 1"}, 10, BayerPattern::grbg}};

    for (BayerCase const& one : cases) {
        sky::FrameGeometry const geometry = geometry_of({12, one.height}, one.cards);
        EXPECT_EQ(geometry.bayer, one.expected) << one.cards.front() << " height " << one.height;
        EXPECT_EQ(geometry.planes, 3);
        EXPECT_EQ(geometry.stored_planes, 1);
    }
}

TEST(ScanFile, FramesThatAreNotDebayered)
{
    for (sky::FrameGeometry const& geometry :
         {geometry_of({12, 10}), geometry_of({12, 10}, {"BAYERPAT= 'RGGB'"}, false),
          geometry_of({12, 10, 3}, {"BAYERPAT= 'RGGB'"}),
          geometry_of({12, 10}, {"COLORTYP= 'MONO'"})}) {
        EXPECT_EQ(geometry.bayer, BayerPattern::none);
        EXPECT_EQ(geometry.planes, geometry.stored_planes);
    }
    std::string const x_trans = "BAYERPAT= 'GGRGGBGGBGGRBRGRBGGGBGGRGGRGGBRBGBRG'";
    EXPECT_NE(reason_of(scan_image({12, 12}, {x_trans})).find("cannot be debayered"),
              std::string::npos);
}

TEST(ScanFile, OnlyScienceExtensionsAreFrames)
{
    test::ScratchFolder const folder("scan_file");
    FitsBytes file;
    file.header({"BITPIX  = 8", "NAXIS   = 0", "OBJECT  = 'N104'", "EXPTIME = 30.0"});
    for (char const* name : {"SCI", "ERR", "DQ", "weight", "WCSDVARR", "SCI", "CCD7"}) {
        file.image(16, {12, 10}, {"EXTNAME = '" + std::string(name) + "'"}).data(zeros(120));
    }
    file.image(16, {12}, {"EXTNAME = 'SPECTRUM'"}).data(zeros(12));

    FileScan const scan = scan_file(file.write(folder / "flt.fits"), true);

    ASSERT_EQ(scan.frames.size(), 3U);
    EXPECT_TRUE(scan.unreadable.empty());
    EXPECT_EQ(scan.frames[0].hdu, 1);
    EXPECT_EQ(scan.frames[1].hdu, 6);
    EXPECT_EQ(scan.frames[2].hdu, 7);
    EXPECT_EQ(scan.frames[2].facts.object, "N104") << "inherited from the primary header";
    EXPECT_EQ(scan.frames[2].facts.exposure, 30.0);
}

TEST(ScanFile, WcsCardsAreSelected)
{
    FileScan const with = scan_image({12, 10}, celestial);
    FileScan const without =
        scan_image({12, 10}, {"CTYPE1  = 'LINEAR'", "RA      = 10.0", "DEC     = 2.0"});

    ASSERT_EQ(with.frames.size(), 1U);
    sky::WcsDescription const& wcs = with.frames[0].wcs;
    EXPECT_EQ(with.frames[0].wcs_origin, "header");
    EXPECT_EQ(wcs.cards.text().size(), 80U * (3 + 8))
        << "NAXIS, NAXIS1, NAXIS2 and eight WCS cards";
    EXPECT_EQ(wcs.cards.text().find("OBSERVER"), std::string::npos);
    EXPECT_EQ(wcs.cards.text().find("CTYPE1A"), std::string::npos);
    EXPECT_EQ(wcs.width, 12);
    EXPECT_EQ(wcs.height, 10);
    ASSERT_EQ(without.frames.size(), 1U);
    EXPECT_TRUE(without.frames[0].wcs.cards.empty());
    EXPECT_EQ(without.frames[0].wcs_origin, "");
}

TEST(ScanFile, WcsCardsAreKeptWithoutTheirComments)
{
    FileScan const scan = scan_image(
        {12, 10}, joined(celestial, {"CUNIT1  = 'deg/s ''/'' '  / no unit / of length",
                                     "LONPOLE =                180.0 / [deg] native pole"}));

    ASSERT_EQ(scan.frames.size(), 1U);
    std::string const cards = scan.frames[0].wcs.cards;
    EXPECT_NE(cards.find("CUNIT1  = 'deg/s ''/'' '   "), std::string::npos);
    EXPECT_NE(cards.find("LONPOLE =                180.0   "), std::string::npos);
    EXPECT_EQ(cards.find("length"), std::string::npos);
    EXPECT_EQ(cards.find("native"), std::string::npos);
}

class Sidecar : public testing::Test
{
  protected:
    FileScan scan_with(std::string const& sidecar_name, std::string const& sidecar)
    {
        FitsBytes file;
        file.image(16, {12, 10}, celestial).data(zeros(120));
        std::string const path = file.write(folder_ / "a.fits");
        test::write_bytes(folder_ / sidecar_name, sidecar);
        return scan_file(path, true);
    }
    static std::string header(Cards const& more)
    {
        FitsBytes bytes;
        bytes.header(joined(
            {"BITPIX  = 8", "NAXIS   = 0"},
            joined({"CTYPE1  = 'GLON-CAR'", "CTYPE2  = 'GLAT-CAR'", "CRVAL1  = 77.0"}, more)));
        return bytes.bytes();
    }
    test::ScratchFolder folder_{"scan_file"};
};

TEST_F(Sidecar, WinsOverTheHeader)
{
    FileScan const scan = scan_with("a.wcs", header({"IMAGEW  = 12", "IMAGEH  = 10"}));

    ASSERT_EQ(scan.frames.size(), 1U);
    EXPECT_TRUE(scan.unreadable.empty());
    EXPECT_EQ(scan.frames[0].wcs_origin, "sidecar");
    EXPECT_NE(scan.frames[0].wcs.cards.text().find("GLON-CAR"), std::string::npos);
    EXPECT_EQ(scan.frames[0].wcs.cards.text().find("RA---TAN"), std::string::npos);
    EXPECT_EQ(scan.frames[0].wcs.width, 12);
}

TEST_F(Sidecar, MayBeLinesOfText)
{
    FileScan const scan = scan_with(
        "a.wcs", "CTYPE1  = 'RA---SIN'\r\nCTYPE2  = 'DEC--SIN'\r\nCRVAL1  = 3.0\r\nEND\r\n");

    ASSERT_EQ(scan.frames.size(), 1U);
    EXPECT_EQ(scan.frames[0].wcs_origin, "sidecar");
    EXPECT_EQ(scan.frames[0].wcs.cards.text().size(), 80U * (3 + 3));
}

TEST_F(Sidecar, OfAnotherStemIsNotTouched)
{
    FileScan const scan = scan_with("a.truth.wcs", header({}));

    ASSERT_EQ(scan.frames.size(), 1U);
    EXPECT_EQ(scan.frames[0].wcs_origin, "header");
}

TEST_F(Sidecar, BelongsToPackedFilesToo)
{
    (void)scan_with("a.wcs", header({}));
    std::filesystem::rename(folder_ / "a.fits", folder_ / "a.fits.fz");

    FileScan const scan = scan_file(folder_ / "a.fits.fz", true);

    ASSERT_EQ(scan.frames.size(), 1U);
    EXPECT_EQ(scan.frames[0].wcs_origin, "sidecar");
}

TEST_F(Sidecar, UnusableOnesAreReportedAndTheHeaderHolds)
{
    FileScan const other_size = scan_with("a.wcs", header({"IMAGEW  = 24", "IMAGEH  = 20"}));
    FileScan const no_wcs = scan_with("a.wcs", "just some words");

    for (FileScan const* scan : {&other_size, &no_wcs}) {
        ASSERT_EQ(scan->frames.size(), 1U);
        EXPECT_EQ(scan->frames[0].wcs_origin, "header");
        ASSERT_EQ(scan->unreadable.size(), 1U);
        EXPECT_TRUE(scan->unreadable[0].path.ends_with("a.wcs"));
    }
    EXPECT_NE(other_size.unreadable[0].reason.find("24x20"), std::string::npos);
}

TEST(ScanFile, LookupTablesAreRead)
{
    test::ScratchFolder const folder("scan_file");
    FitsBytes file;
    file.header({"BITPIX  = 8", "NAXIS   = 0"});
    file.image(16, {12, 10},
               joined(celestial, {"CPDIS1  = 'Lookup'", "DP1     = 'EXTVER: 2'",
                                  "DP1     = 'NAXES: 2'", "DP1     = 'AXIS.1: 1'",
                                  "CPDIS2  = 'LOOKUP'", "DP2     = 'EXTVER: 9'", "AXISCORR= 2"}));
    file.data(zeros(120));
    file.image(-32, {2, 2}, {"EXTNAME = 'WCSDVARR'", "EXTVER  = 1"})
        .data(std::vector<float>(4, -1.0F));
    file.image(-32, {3, 2},
               {"EXTNAME = 'WCSDVARR'", "EXTVER  = 2", "CRPIX1  = 1.5", "CRVAL2  = 7.0",
                "CDELT1  = 64.0"});
    file.data(std::vector<float>{0, 1, 2, 3, 4, 5});
    file.image(-32, {4}, {"EXTNAME = 'D2IMARR'", "EXTVER  = 1"})
        .data(std::vector<float>{1, 2, 3, 4});

    FileScan const scan = scan_file(file.write(folder / "hst.fits"), true);

    ASSERT_EQ(scan.frames.size(), 1U);
    sky::WcsDescription const& wcs = scan.frames[0].wcs;
    ASSERT_EQ(wcs.pixel_lookup.size(), 1U);
    EXPECT_EQ(wcs.pixel_lookup[0].axis, 0);
    EXPECT_EQ(wcs.pixel_lookup[0].columns, 3);
    EXPECT_EQ(wcs.pixel_lookup[0].rows, 2);
    EXPECT_EQ(wcs.pixel_lookup[0].crpix_x, 1.5);
    EXPECT_EQ(wcs.pixel_lookup[0].crval_y, 7.0);
    EXPECT_EQ(wcs.pixel_lookup[0].cdelt_x, 64.0);
    EXPECT_EQ(wcs.pixel_lookup[0].cdelt_y, 1.0);
    EXPECT_EQ(wcs.pixel_lookup[0].values, (std::vector<float>{0, 1, 2, 3, 4, 5}));
    ASSERT_EQ(wcs.detector_lookup.size(), 1U);
    EXPECT_EQ(wcs.detector_lookup[0].axis, 1);
    EXPECT_EQ(wcs.detector_lookup[0].rows, 1);
    EXPECT_EQ(wcs.detector_lookup[0].values.size(), 4U);
    ASSERT_EQ(scan.unreadable.size(), 1U) << "the table of the second axis is missing";
    EXPECT_NE(scan.unreadable[0].reason.find("WCSDVARR 9 is missing"), std::string::npos);
}

TEST(ScanFile, BadFilesGetAReason)
{
    test::ScratchFolder const folder("scan_file");
    FitsBytes file;
    file.image(16, {60, 50}).data(zeros(3000));
    auto const reason_for = [&](std::string const& name, std::string const& bytes) {
        test::write_bytes(folder / name, bytes);
        return reason_of(scan_file(folder / name, true));
    };

    EXPECT_EQ(reason_for("empty.fits", ""), "the file is empty");
    EXPECT_EQ(reason_for("text.fits", std::string(6000, 'x')), "it is not a FITS file");
    EXPECT_EQ(reason_for("packed.fits.gz", "\x1f\x8b nothing behind it").empty(), false);
    EXPECT_EQ(reason_for("header.fits", file.bytes().substr(0, 800)),
              "the file ends inside its header");
    EXPECT_EQ(reason_for("data.fits", file.bytes().substr(0, 2880 + 4000)),
              "the file ends inside its data: 4000 bytes of 6000");
    EXPECT_NE(reason_of(scan_file(folder / "missing.fits", true)).find("No such file"),
              std::string::npos);
    EXPECT_NE(reason_of(scan_file(folder.path(), true)), "");
    EXPECT_EQ(reason_of(scan_image({12}, {})),
              "the file holds no science image with two or more axes");
}

TEST(ScanFile, PaddingMayBeMissingAtTheEnd)
{
    test::ScratchFolder const folder("scan_file");
    FitsBytes file;
    file.image(16, {60, 50}).data(zeros(3000));
    test::write_bytes(folder / "short.fits", file.bytes().substr(0, 2880 + 6000));

    FileScan const scan = scan_file(folder / "short.fits", true);

    ASSERT_EQ(scan.frames.size(), 1U);
    EXPECT_TRUE(scan.unreadable.empty());
    image::Image<float> image({0, 0, 60, 50}, 1);
    FrameReader(scan.frames[0]).read(image.view());
    EXPECT_EQ(image.view().at(0, 59, 49), 0.0F);
}

TEST(ScanFile, ThreadsDoNotMixTheirVerdicts)
{
    test::ScratchFolder const folder("scan_file");
    FitsBytes file;
    file.image(16, {60, 50}, celestial).data(zeros(3000));
    std::string const good = file.write(folder / "good.fits");
    test::write_bytes(folder / "tail.fits", file.bytes() + std::string(2880, 'j'));
    test::write_bytes(folder / "cut.fits", file.bytes().substr(0, 5000));
    std::atomic<int> wrong = 0;
    auto const work = [&] {
        for (int i = 0; i < 50; ++i) {
            FileScan const tail = scan_file(folder / "tail.fits", true);
            FileScan const cut = scan_file(folder / "cut.fits", true);
            bool const right =
                scan_file(good, true).unreadable.empty() && tail.frames.size() == 1 &&
                tail.unreadable.at(0).reason == "a header does not start with SIMPLE or XTENSION" &&
                cut.unreadable.at(0).reason == "the file ends inside its data: 2120 bytes of 6000";
            wrong += right ? 0 : 1;
        }
    };

    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i) {
        threads.emplace_back(work);
    }
    for (std::thread& thread : threads) {
        thread.join();
    }

    EXPECT_EQ(wrong, 0);
}

TEST(ScanFile, GoodImagesBeforeADamagedHeaderStay)
{
    test::ScratchFolder const folder("scan_file");
    FitsBytes file;
    file.image(16, {60, 50}).data(zeros(3000));
    test::write_bytes(folder / "tail.fits", file.bytes() + std::string(2880, 'j'));

    FileScan const scan = scan_file(folder / "tail.fits", true);

    EXPECT_EQ(scan.frames.size(), 1U);
    ASSERT_EQ(scan.unreadable.size(), 1U);
    EXPECT_EQ(scan.unreadable[0].hdu, 1);
}
}  // namespace
}  // namespace sectile::io
