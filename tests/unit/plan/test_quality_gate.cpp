// SPDX-License-Identifier: BSD-3-Clause
#include <cmath>

#include <gtest/gtest.h>

#include "sectile/plan/quality_gate.hpp"

namespace
{
using namespace sectile;
using plan::FrameRecord;

/// Twenty ordinary frames that vary a little.
std::vector<FrameRecord> ordinary_frames()
{
    std::vector<FrameRecord> frames(20);
    for (std::size_t i = 0; i < frames.size(); ++i) {
        double const wobble = 0.03 * std::sin(static_cast<double>(i) * 1.7);
        frames[i].header.facts.instrument = "camera";
        frames[i].header.geometry.width = 100;
        frames[i].quality = {2.5 * (1.0 + wobble), 0.1 + wobble, 3.0, 0.0,
                             static_cast<std::int64_t>(300 * (1.0 + wobble))};
        frames[i].planes = {{1000.0 * (1.0 + wobble), 10.0 * (1.0 - wobble), 0.0, 0.0, 1.0}};
    }
    return frames;
}

TEST(QualityGate, OrdinaryFramesPass)
{
    EXPECT_TRUE(plan::judge_quality(ordinary_frames(), 4.0).empty());
}

TEST(QualityGate, EveryCriterionFindsItsFrame)
{
    auto frames = ordinary_frames();
    frames[1].quality.fwhm = 5.0;
    frames[3].quality.ellipticity = 0.6;
    frames[5].quality.stars = 40;
    frames[7].planes[0].background = 3000.0;
    frames[9].planes[0].noise_sigma = 30.0;
    frames[11].quality.fwhm = 1.2;  // sharper is no fault

    auto const findings = plan::judge_quality(frames, 4.0);

    ASSERT_EQ(findings.size(), 5U);
    char const* const words[] = {"FWHM", "ellipticity", "stars", "background", "noise"};
    for (std::size_t k = 0; k < 5; ++k) {
        EXPECT_EQ(findings[k].frame, 2 * k + 1);
        EXPECT_NE(findings[k].reason.find(words[k]), std::string::npos) << findings[k].reason;
    }
}

TEST(QualityGate, FramesThatHappenToBeEqualLoseNoneThatIsOrdinary)
{
    auto frames = ordinary_frames();
    for (FrameRecord& frame : frames) {
        frame.quality = {2.5, 0.1, 3.0, 0.0, 30};
        frame.planes = {{1000.0, 10.0, 0.0, 0.0, 1.0}};
    }
    frames[4].quality.stars = 22;  // 1.5 sigma by counting
    frames[6].quality.fwhm = 2.7;  // 8 %
    frames[8].planes[0].noise_sigma = 10.8;

    EXPECT_TRUE(plan::judge_quality(frames, 4.0).empty());

    frames[10].quality.stars = 3;
    auto const findings = plan::judge_quality(frames, 4.0);
    ASSERT_EQ(findings.size(), 1U);
    EXPECT_EQ(findings[0].frame, 10U);
    EXPECT_NE(findings[0].reason.find("sigma from the usual"), std::string::npos);
    EXPECT_EQ(findings[0].reason.find("00 sigma"), std::string::npos) << findings[0].reason;
}

TEST(QualityGate, KindsAreJudgedApartAndOnlyWhenThereAreEnough)
{
    auto frames = ordinary_frames();
    for (std::size_t i = 0; i < 4; ++i) {
        frames[i].header.facts.instrument = "another";
        frames[i].quality.fwhm = 9.0;
    }
    EXPECT_TRUE(plan::judge_quality(frames, 4.0).empty());
}

TEST(QualityGate, FrameWithoutStarsIsFoundAQuarantinedOneIsNot)
{
    auto frames = ordinary_frames();
    frames[2].quality.fwhm = 9.0;
    frames[2].verdict = {plan::VerdictCode::constant, "for another reason"};
    frames[4].quality = {};
    auto const findings = plan::judge_quality(frames, 4.0);
    ASSERT_EQ(findings.size(), 1U);
    EXPECT_EQ(findings[0].frame, 4U);
    EXPECT_NE(findings[0].reason.find("number of stars of 0"), std::string::npos);
}
}  // namespace
