// SPDX-License-Identifier: BSD-3-Clause
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "sectile/core/error.hpp"
#include "sectile/source/camera.hpp"
#include "sectile/source/preparations.hpp"

#include "unit/io/fits_bytes.hpp"

namespace sectile::source
{
namespace
{
using test::FitsBytes;

sky::FrameHeader frame_of(std::int64_t width, std::int64_t height)
{
    sky::FrameHeader header;
    header.geometry.width = width;
    header.geometry.height = height;
    return header;
}

std::string write_master(std::string const& path, int width, int height,
                         std::vector<float> const& values)
{
    return FitsBytes().image(-32, {width, height}).data(values).write(path);
}

TEST(Preparations, KnowTheLevelOfTheFlatInEveryColour)
{
    test::ScratchFolder const folder("preparations");
    PreparationOptions config;
    // G 2, R 1, B 4 of a GRBG sensor.
    config.masters.flat = write_master(folder / "flat.fits", 4, 2, {2, 1, 2, 1, 4, 2, 4, 2});

    Preparations const preparations(config, comm::Communicator{});

    auto const calibration = preparations.of(frame_of(4, 2)).calibration;
    ASSERT_NE(calibration, nullptr);
    EXPECT_FALSE(calibration->dark);
    using Levels = std::vector<double>;
    EXPECT_EQ(calibration->level_of(image::BayerPattern::grbg).levels, (Levels{1, 2, 4}));
    EXPECT_EQ(calibration->level_of(image::BayerPattern::gbrg).levels, (Levels{4, 2, 1}));
    EXPECT_EQ(calibration->level_of(image::BayerPattern::none).levels.size(), 1U);
}

TEST(Preparations, MeasureAPartOfAHugeFlat)
{
    test::ScratchFolder const folder("preparations");
    PreparationOptions config;
    int const width = 5000;
    int const height = 5001;
    std::vector<std::int16_t> values(static_cast<std::size_t>(width) * height);
    for (std::size_t i = 0; i < values.size(); ++i) {
        bool const is_odd_row = i / width % 2 != 0;
        bool const is_odd_column = i % width % 2 != 0;
        values[i] =
            static_cast<std::int16_t>(is_odd_row == is_odd_column ? (is_odd_row ? 30 : 10) : 20);
    }
    config.masters.flat =
        FitsBytes().image(16, {width, height}).data(values).write(folder / "flat.fits");

    Preparations const preparations(config, comm::Communicator{});

    auto const calibration = preparations.of(frame_of(width, height)).calibration;
    EXPECT_EQ(calibration->level_of(image::BayerPattern::rggb).levels,
              (std::vector<double>{10, 20, 30}));
}

TEST(Preparations, RefuseMastersThatCannotBeUsed)
{
    test::ScratchFolder const folder("preparations");
    test::write_bytes(folder / "text.fits", "no FITS file");
    std::string const black = write_master(folder / "black.fits", 2, 2, {0, 0, 0, 0});
    auto const with = [](std::string MasterOptions::*member, std::string const& path) {
        PreparationOptions config;
        config.masters.*member = path;
        return config;
    };
    for (PreparationOptions const& config : {with(&MasterOptions::dark, folder / "missing.fits"),
                                             with(&MasterOptions::bad_pixels, folder / "text.fits"),
                                             with(&MasterOptions::flat, black)}) {
        try {
            Preparations const refused(config, comm::Communicator{});
            ADD_FAILURE() << "a bad master was taken";
        } catch (core::Error const& error) {
            EXPECT_EQ(error.code(), core::ExitCode::usage) << error.what();
            EXPECT_NE(std::string(error.what()).find("cannot be used"), std::string::npos);
        }
    }
}

TEST(Preparations, TellFramesOfAnotherShape)
{
    test::ScratchFolder const folder("preparations");
    PreparationOptions config;
    config.masters.dark = write_master(folder / "dark.fits", 4, 2, std::vector<float>(8, 1.0F));
    Preparations const preparations(config, comm::Communicator{});

    EXPECT_FALSE(preparations.reason_unfit(frame_of(4, 2)));
    sky::FrameHeader halved = frame_of(2, 1);
    halved.geometry.stored_width = 4;
    halved.geometry.stored_height = 2;
    EXPECT_FALSE(preparations.reason_unfit(halved));
    auto const reason = preparations.reason_unfit(frame_of(2, 4));
    ASSERT_TRUE(reason);
    EXPECT_NE(reason->find("master_dark has 4 x 2 pixels"), std::string::npos) << *reason;
    EXPECT_FALSE(Preparations().reason_unfit(frame_of(2, 4)));
}

TEST(Preparations, GiveDefectsToTheirCamera)
{
    Preparations preparations;
    sky::FrameHeader frame = frame_of(4, 2);
    frame.facts.instrument = "S50";
    auto const defects = std::make_shared<std::vector<compute::DefectPosition>>();
    preparations.set_defects(camera_of(frame), defects);

    EXPECT_EQ(preparations.of(frame).defects, defects);
    frame.facts.instrument = "S30";
    EXPECT_EQ(preparations.of(frame).defects, nullptr);
}
}  // namespace
}  // namespace sectile::source
