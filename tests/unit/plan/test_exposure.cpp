// SPDX-License-Identifier: BSD-3-Clause
#include <optional>
#include <vector>

#include <gtest/gtest.h>

#include "sectile/plan/exposure.hpp"

namespace sectile::plan
{
namespace
{
FrameRecord frame_of(double mjd, double exposure)
{
    FrameRecord frame;
    sky::ExposureFacts& facts = frame.header.facts;
    facts.object = "M 31";
    facts.filter = "R";
    facts.instrument = "camera";
    facts.telescope = "refractor";
    facts.unit = "adu";
    facts.date_obs = "date of " + std::to_string(mjd);
    facts.mjd = mjd;
    facts.exposure = exposure;
    facts.gain = 1.5;
    return frame;
}

TEST(CombinedExposure, SumsTimesAndSpansThem)
{
    // The shorter one ends last; in MJD half a minute is 1/2880.
    std::vector<FrameRecord> const frames{frame_of(60000.5, 60.0), frame_of(60000.25, 30.0),
                                          frame_of(60001.0, 0.5)};

    sky::ExposureFacts const sum = combined_exposure(frames);

    EXPECT_EQ(sum.combined, 3);
    EXPECT_EQ(sum.exposure, 90.5);
    EXPECT_EQ(sum.mjd, 60000.25);
    EXPECT_EQ(sum.date_obs, frames[1].header.facts.date_obs);
    EXPECT_EQ(sum.mjd_end, 60001.0 + 0.5 / 86400.0);
    EXPECT_EQ(sum.object, "M 31");
    EXPECT_EQ(sum.filter, "R");
    EXPECT_EQ(sum.instrument, "camera");
    EXPECT_EQ(sum.telescope, "refractor");
    EXPECT_EQ(sum.unit, "adu");
    EXPECT_EQ(sum.gain, 1.5);
}

TEST(CombinedExposure, KeepsWhatAllAcceptedFramesHaveInCommon)
{
    std::vector<FrameRecord> frames{frame_of(60000.0, 10.0), frame_of(60000.0, 10.0),
                                    frame_of(50000.0, 99.0)};
    frames[1].header.facts.filter = "G";
    frames[1].header.facts.gain = std::nullopt;
    frames[2].header.facts.object = "another";
    frames[2].verdict = {VerdictCode::quality, "clouds"};

    sky::ExposureFacts const sum = combined_exposure(frames);

    EXPECT_EQ(sum.combined, 2);
    EXPECT_EQ(sum.exposure, 20.0);
    EXPECT_EQ(sum.mjd, 60000.0);
    EXPECT_EQ(sum.object, "M 31") << "the other one is not used";
    EXPECT_EQ(sum.filter, "");
    EXPECT_EQ(sum.gain, std::nullopt);
}

TEST(CombinedExposure, TilesCountAsTheirFrames)
{
    std::vector<FrameRecord> tiles{frame_of(60000.0, 300.0), frame_of(60002.0, 200.0)};
    tiles[0].header.facts.combined = 30;
    tiles[0].header.facts.mjd_end = 60005.0;  // a long pause in between
    tiles[1].header.facts.combined = 20;
    tiles[1].header.facts.mjd_end = 60003.0;

    sky::ExposureFacts const sum = combined_exposure(tiles);

    EXPECT_EQ(sum.combined, 50);
    EXPECT_EQ(sum.exposure, 500.0);
    EXPECT_EQ(sum.mjd, 60000.0);
    EXPECT_EQ(sum.mjd_end, 60005.0);
}

TEST(CombinedExposure, FramesWithoutDatesHaveNone)
{
    std::vector<FrameRecord> frames{frame_of(60000.0, 10.0)};
    frames[0].header.facts.mjd.reset();
    frames[0].header.facts.exposure.reset();

    sky::ExposureFacts const sum = combined_exposure(frames);

    EXPECT_EQ(sum.exposure, 0.0);
    EXPECT_EQ(sum.mjd, std::nullopt);
    EXPECT_EQ(sum.mjd_end, std::nullopt);
    EXPECT_EQ(sum.date_obs, "");
}
}  // namespace
}  // namespace sectile::plan
