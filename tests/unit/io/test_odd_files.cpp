// SPDX-License-Identifier: BSD-3-Clause
#include <cmath>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "sectile/io/frame_reader.hpp"

#include "support/test_data.hpp"

namespace sectile::io
{
namespace
{
namespace fs = std::filesystem;

/// Number of finite pixels and their sum, as astropy reads the file.
struct Content
{
    std::int64_t finite;
    double sum;
};

Content read_content(sky::FrameHeader const& header)
{
    sky::FrameGeometry const& geometry = header.geometry;
    image::Image<float> image({0, 0, geometry.width, geometry.height}, geometry.stored_planes);
    FrameReader(header).read(image.view());
    Content content{0, 0.0};
    for (int plane = 0; plane < geometry.stored_planes; ++plane) {
        for (std::int64_t y = 0; y < geometry.height; ++y) {
            for (std::int64_t x = 0; x < geometry.width; ++x) {
                float const value = image.view().at(plane, x, y);
                if (!std::isnan(value)) {
                    ++content.finite;
                    content.sum += static_cast<double>(value);
                }
            }
        }
    }
    return content;
}

class RealFiles : public testing::Test
{
  protected:
    void SetUp() override
    {
        if (!fs::exists(test::test_data() / "odd_files")) {
            GTEST_SKIP() << "no real images in " << test::test_data();
        }
    }
    static FileScan scan(std::string const& name)
    {
        return scan_file((test::test_data() / name).string(), true);
    }
};

TEST_F(RealFiles, OddFilesOfEveryKindHaveThePixelsThatAstropyReads)
{
    // compressed_with_nan: the one blank pixel is NaN here and in the file; astropy 5.2 shows a
    // value there.
    std::map<std::string, Content> const expected = {
        {"comp.fits", {132000, 34417871.0}},
        {"compressed_2d_float.fits", {23, 1340.3}},
        {"compressed_image.fits", {100, 4950.0}},
        {"compressed_with_nan.fits", {143, 10283.48255}},
        {"degenerate_wcs_flagged_GOOD_zesolver.fit", {259200, 33272522.0}},
        {"double_ext.fits", {25, 0.0}},
        {"galaxies.fits.gz", {1048576, 7203512231.0}},
        {"galaxies.weight.fits.gz", {1048576, 1048576.0}},
        {"m13.fits", {90000, 13293397.0}},
        {"m13_gzip.fits", {90000, 13293397.0}},
        {"m13_hcomp.fits", {90000, 13293397.0}},
        {"m13_plio.fits", {90000, 13293397.0}},
        {"m13_rice.fits", {90000, 13293397.0}},
        {"m13real.fits", {90000, 13371745.48}},
        {"m13real_rice.fits", {90000, 13371899.0}},
        {"test_comp_trimmed.fits.gz", {40800, 1055640.0}},
        {"ticketdm26260.fits.fz", {262144, 6447394.0}}};

    for (auto const& [name, content] : expected) {
        FileScan const result = scan("odd_files/" + name);
        ASSERT_EQ(result.frames.size(), 1U) << name;
        EXPECT_TRUE(result.unreadable.empty()) << name;
        Content const read = read_content(result.frames[0]);
        EXPECT_EQ(read.finite, content.finite) << name;
        // The sums are written with ten digits; float rounds each pixel to 6e-8.
        EXPECT_NEAR(read.sum, content.sum, 1e-7 * std::abs(content.sum)) << name;
    }
}

TEST_F(RealFiles, DamagedFilesGetAVerdict)
{
    std::map<std::string, std::string> const expected = {
        {"compressed_float_bzero.fits", "two or more axes"},
        {"empty.fits", "is empty"},
        {"truncated_gzip_2mass.fits.gz", "ends inside its data"},
        {"truncated_in_data_seestar.fit", "ends inside its data"},
        {"truncated_in_header_seestar.fit", "ends inside its header"}};

    for (auto const& [name, reason] : expected) {
        FileScan const result = scan("odd_files/" + name);
        EXPECT_TRUE(result.frames.empty()) << name;
        ASSERT_EQ(result.unreadable.size(), 1U) << name;
        EXPECT_NE(result.unreadable[0].reason.find(reason), std::string::npos)
            << name << ": " << result.unreadable[0].reason;
    }
}

TEST_F(RealFiles, SeestarGreenIsWhereThePatternSays)
{
    std::vector<std::string> const files =
        find_fits_files({(test::test_data() / "m94_seestar" / "session1").string()});
    ASSERT_FALSE(files.empty());
    FileScan const result = scan_file(files.front(), true);
    ASSERT_EQ(result.frames.size(), 1U);
    sky::FrameHeader const& header = result.frames[0];
    ASSERT_EQ(header.geometry.bayer, image::BayerPattern::grbg);
    EXPECT_EQ(header.wcs_origin, "sidecar");
    EXPECT_NEAR(header.facts.mjd.value(), 60761.055936983423, 1e-8);

    image::Image<float> image({0, 0, header.geometry.width, header.geometry.height}, 1);
    FrameReader(header).read(image.view());
    double sums[2][2] = {};
    for (std::int64_t y = 0; y < header.geometry.height; ++y) {
        for (std::int64_t x = 0; x < header.geometry.width; ++x) {
            sums[y & 1][x & 1] += static_cast<double>(image.view().at(0, x, y));
        }
    }

    // The two green phases see the same sky: within 1 %; red and blue differ from green by more
    // than 10 %.
    EXPECT_NEAR(sums[0][0] / sums[1][1], 1.0, 0.01);
    EXPECT_GT(std::abs(sums[0][1] / sums[0][0] - 1.0), 0.1);
    EXPECT_GT(std::abs(sums[1][0] / sums[0][0] - 1.0), 0.1);
}

TEST_F(RealFiles, DistortionTablesOfHubbleAreFound)
{
    FileScan const result = scan("wcs_zoo/dist_lookup.fits.gz");

    ASSERT_EQ(result.frames.size(), 1U);
    EXPECT_TRUE(result.unreadable.empty());
    sky::WcsDescription const& wcs = result.frames[0].wcs;
    ASSERT_EQ(wcs.pixel_lookup.size(), 2U);
    EXPECT_EQ(wcs.pixel_lookup[1].axis, 1);
    EXPECT_EQ(wcs.pixel_lookup[1].columns, 65);
    EXPECT_EQ(wcs.pixel_lookup[1].rows, 33);
    EXPECT_EQ(wcs.pixel_lookup[1].cdelt_x, 64.0);
    ASSERT_EQ(wcs.detector_lookup.size(), 1U);
    EXPECT_EQ(wcs.detector_lookup[0].columns, 4096);
}

TEST_F(RealFiles, HubbleFileHasItsTwoScienceImages)
{
    FileScan const result = scan("wcs_zoo/j94f05bgq_flt.fits");

    ASSERT_EQ(result.frames.size(), 2U);
    EXPECT_EQ(result.frames[0].hdu, 1);
    EXPECT_EQ(result.frames[1].hdu, 4);
    EXPECT_EQ(result.frames[1].facts.filter, "F606W");
}
}  // namespace
}  // namespace sectile::io
