// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "sectile/comm/communicator.hpp"
#include "sectile/ingest/frame_setup.hpp"

#include "unit/io/fits_bytes.hpp"

namespace sectile::ingest
{
namespace
{
using test::FitsBytes;
using Cards = std::vector<std::string>;

Cards const sip = {"CTYPE1  = 'RA---TAN-SIP'",
                   "CTYPE2  = 'DEC--TAN-SIP'",
                   "CRVAL1  = 10.0",
                   "CRVAL2  = 20.0",
                   "CRPIX1  = 11.25",
                   "CRPIX2  = 7.5",
                   "CD1_1   = -0.0009",
                   "CD1_2   = 0.0002",
                   "CD2_1   = 0.0003",
                   "CD2_2   = 0.0011",
                   "A_ORDER = 2",
                   "B_ORDER = 2",
                   "A_2_0   = 3.0E-3",
                   "A_0_2   = -1.0E-3",
                   "B_1_1   = 2.0E-3",
                   "BAYERPAT= 'GRBG'"};

std::vector<float> values(std::size_t count, float start = 1.0F)
{
    std::vector<float> result(count);
    for (std::size_t i = 0; i < count; ++i) {
        result[i] = start + static_cast<float>(i);
    }
    return result;
}

Cards named(std::string const& name, int version = 1)
{
    return {"EXTNAME = '" + name + "'", "EXTVER  = " + std::to_string(version)};
}

io::FileScan scan(std::string const& path, source::PreparationOptions const& config)
{
    return scan_frames(path, config, source::Preparations(config, comm::Communicator{}));
}

void expect_same_sky(sky::WcsDescription const& mosaic, sky::WcsDescription const& halved)
{
    sky::SkyWcs const whole(mosaic);
    sky::SkyWcs const half(halved);
    for (double y = -1.0; y < 8.0; y += 1.5) {
        for (double x = -1.0; x < 10.0; x += 1.5) {
            sky::SkyCoord const a = whole.pixel_to_sky({2.0 * x + 0.5, 2.0 * y + 0.5});
            sky::SkyCoord const b = half.pixel_to_sky({x, y});
            // 1e-9 of a pixel of 4 arcseconds.
            EXPECT_NEAR(a.lon.arcsec(), b.lon.arcsec(), 4e-9);
            EXPECT_NEAR(a.lat.arcsec(), b.lat.arcsec(), 4e-9);
        }
    }
}

TEST(FrameSetup, SuperpixelsAreHalfAFrameAtTheSamePlace)
{
    test::ScratchFolder const folder("frame_setup");
    std::string const path =
        FitsBytes().image(-32, {21, 15}, sip).data(values(21 * 15)).write(folder / "a.fits");
    source::PreparationOptions config;
    sky::FrameHeader const mosaic = scan(path, config).frames.at(0);
    config.debayer = compute::DebayerMethod::superpixel;

    io::FileScan const halved = scan(path, config);

    ASSERT_EQ(halved.frames.size(), 1U);
    EXPECT_TRUE(halved.unreadable.empty());
    sky::FrameGeometry const& geometry = halved.frames[0].geometry;
    EXPECT_EQ(geometry.width, 10);
    EXPECT_EQ(geometry.height, 7);
    EXPECT_EQ(geometry.stored_width, 21);
    EXPECT_EQ(geometry.stored_height, 15);
    EXPECT_EQ(geometry.planes, 3);
    EXPECT_EQ(halved.frames[0].wcs.width, 10);
    expect_same_sky(mosaic.wcs, halved.frames[0].wcs);
}

TEST(FrameSetup, LookUpTablesAreHalvedToo)
{
    test::ScratchFolder const folder("frame_setup");
    std::string const path =
        FitsBytes().image(-32, {21, 15}, sip).data(values(21 * 15)).write(folder / "a.fits");
    sky::FrameHeader header = scan(path, {}).frames.at(0);
    header.wcs.pixel_lookup = {
        {0, 3, 2, 1.0, 1.0, -3.0, -4.0, 20.0, 30.0, {0.5F, -0.25F, 1.0F, 0.75F, -1.0F, 0.1F}}};
    header.wcs.detector_lookup = {
        {1, 2, 2, 1.5, 1.0, 2.0, -1.0, 9.0, 11.0, {0.2F, -0.4F, 0.6F, -0.8F}}};
    sky::WcsDescription const mosaic = header.wcs;

    halve_frame(header);

    expect_same_sky(mosaic, header.wcs);
}

TEST(FrameSetup, ASidecarIsOfTheMosaic)
{
    test::ScratchFolder const folder("frame_setup");
    std::string const path = FitsBytes()
                                 .image(-32, {21, 15}, {"BAYERPAT= 'RGGB'"})
                                 .data(values(21 * 15))
                                 .write(folder / "a.fits");
    FitsBytes().image(8, {}, sip).write(folder / "a.wcs");
    source::PreparationOptions config;
    sky::FrameHeader const mosaic = scan(path, config).frames.at(0);
    ASSERT_EQ(mosaic.wcs_origin, "sidecar");
    config.debayer = compute::DebayerMethod::superpixel;

    sky::FrameHeader const halved = scan(path, config).frames.at(0);

    EXPECT_EQ(halved.wcs_origin, "sidecar");
    expect_same_sky(mosaic.wcs, halved.wcs);
}

TEST(FrameSetup, MonoFramesAreNoSuperpixels)
{
    test::ScratchFolder const folder("frame_setup");
    std::string const path =
        FitsBytes().image(-32, {21, 15}).data(values(21 * 15)).write(folder / "a.fits");
    source::PreparationOptions config;
    config.debayer = compute::DebayerMethod::superpixel;

    sky::FrameHeader const header = scan(path, config).frames.at(0);

    EXPECT_EQ(header.geometry.width, 21);
    EXPECT_EQ(header.geometry.stored_width, 0);
}

TEST(FrameSetup, FindsPartnersInOtherFiles)
{
    test::ScratchFolder const folder("frame_setup");
    std::string const path =
        FitsBytes().image(-32, {4, 3}).data(values(12)).write(folder / "a.fits");
    std::string const weight =
        FitsBytes().image(-32, {4, 3}).data(values(12)).write(folder / "a.w.fits");
    // An extension: the only image of its file.
    std::string const mask = FitsBytes()
                                 .header({"BITPIX  = 8", "NAXIS   = 0"})
                                 .image(16, {4, 3})
                                 .data(std::vector<std::int16_t>(12))
                                 .write(folder / "m.fits");
    source::PreparationOptions config;
    config.partners.weight_suffix = ".w";
    config.partners.mask_suffix = "a=m";

    sky::FrameHeader const header = scan(path, config).frames.at(0);

    EXPECT_EQ(header.weight->path, weight);
    EXPECT_EQ(header.weight->hdu, 0);
    EXPECT_EQ(header.mask->path, mask);
    EXPECT_EQ(header.mask->hdu, 1);
    EXPECT_EQ(header.mask->geometry.bits_per_pixel, 16);
    config.partners.weight_type = source::WeightType::none;
    EXPECT_FALSE(scan(path, config).frames.at(0).weight->exists());
}

TEST(FrameSetup, FindsPartnersInTheSameFile)
{
    test::ScratchFolder const folder("frame_setup");
    FitsBytes file;
    file.header({"BITPIX  = 8", "NAXIS   = 0"});
    for (int version = 1; version <= 2; ++version) {
        for (char const* const name : {"SCI", "MYFLAGS", "IVAR"}) {
            file.image(-32, {4, 3}, named(name, version)).data(values(12));
        }
    }
    std::string const path = file.write(folder / "a.fits");
    source::PreparationOptions config;
    config.partners.weight_suffix = "[ivar]";
    config.partners.mask_suffix = "[MYFLAGS]";

    io::FileScan const found = scan(path, config);

    ASSERT_EQ(found.frames.size(), 2U) << "flags are no frames";
    for (int i = 0; i < 2; ++i) {
        sky::FrameHeader const& frame = found.frames[static_cast<std::size_t>(i)];
        EXPECT_EQ(frame.hdu, 3 * i + 1);
        EXPECT_EQ(frame.weight->hdu, 3 * i + 3);
        EXPECT_EQ(frame.mask->hdu, 3 * i + 2);
    }
}

TEST(FrameSetup, RefusesPartnersOfAnotherShape)
{
    test::ScratchFolder const folder("frame_setup");
    std::string const path =
        FitsBytes().image(-32, {4, 3}).data(values(12)).write(folder / "a.fits");
    FitsBytes().image(-32, {3, 4}).data(values(12)).write(folder / "a.w.fits");
    test::write_bytes(folder / "a.cut.fits", "SIMPLE");
    source::PreparationOptions config;
    for (char const* const suffix : {".w", ".cut"}) {
        config.partners.weight_suffix = suffix;

        io::FileScan const found = scan(path, config);

        EXPECT_TRUE(found.frames.empty());
        ASSERT_EQ(found.unreadable.size(), 1U);
        EXPECT_NE(found.unreadable[0].reason.find("weight map or mask"), std::string::npos)
            << found.unreadable[0].reason;
    }
    config.partners.weight_suffix = ".missing";
    EXPECT_EQ(scan(path, config).frames.size(), 1U) << "a frame without a map is a frame";
}

TEST(FrameSetup, ScalesRelativeMapsToTheMeasuredNoise)
{
    test::ScratchFolder const folder("frame_setup");
    std::vector<float> map(100 * 90, 3.0F);
    std::fill_n(map.begin(), 2000, 0.0F);  // bad pixels are not typical
    plan::FrameRecord frame;
    sky::FramePartner partner;
    partner.path = FitsBytes().image(-32, {100, 90}).data(map).write(folder / "a.w.fits");
    partner.geometry = {100, 90, 1, 1, false, image::BayerPattern::none, -32};
    frame.header.weight = partner;
    frame.planes = {{100.0, 0.5}, {100.0, 0.25}};
    source::PreparationOptions config;

    scale_weights(frame, config, 7);

    EXPECT_DOUBLE_EQ(frame.header.weight->scale, (4.0 + 16.0) / 2.0 / 3.0);
    frame.header.weight = partner;
    config.partners.weight_type = source::WeightType::inverse_variance;
    scale_weights(frame, config, 7);
    EXPECT_EQ(frame.header.weight->scale, 1.0);
    config.partners.weight_type = source::WeightType::map_weight;
    frame.planes[1].noise_sigma = 0.0;
    scale_weights(frame, config, 7);
    EXPECT_EQ(frame.header.weight->scale, 1.0) << "without noise there is nothing to scale to";
}
}  // namespace
}  // namespace sectile::ingest
