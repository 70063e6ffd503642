// SPDX-License-Identifier: BSD-3-Clause
#include <cmath>

#include <gtest/gtest.h>

#include "sectile/plan/flux_prior.hpp"

namespace sectile::plan
{
namespace
{
sky::FrameHeader header(double exposure, char const* unit = "adu")
{
    sky::FrameHeader header;
    header.facts.exposure = exposure;
    header.facts.unit = unit;
    return header;
}

TEST(FluxPrior, CountsGoWithTheExposure)
{
    FluxPrior const prior = flux_prior(header(200.0), header(100.0));

    EXPECT_NEAR(prior.log_ratio, std::log(0.5), 1e-12);
    EXPECT_LT(prior.sigma, 0.3);
    EXPECT_FALSE(prior.is_calibrated);
}

TEST(FluxPrior, RatesAndCalibratedLightDoNot)
{
    for (char const* const unit : {"electron/s", "ADU/s", "counts s-1", "MJy/sr", "nanomaggy"}) {
        EXPECT_EQ(flux_prior(header(200.0, unit), header(100.0, unit)).log_ratio, 0.0) << unit;
    }
    EXPECT_TRUE(flux_prior(header(1.0, "MJy/sr"), header(2.0, "MJy/sr")).is_calibrated);
    EXPECT_FALSE(flux_prior(header(1.0, "electron/s"), header(2.0, "electron/s")).is_calibrated);
}

TEST(FluxPrior, ZeroPointsAndFluxScalesKnowBetter)
{
    sky::FrameHeader frame = header(200.0);
    sky::FrameHeader reference = header(100.0);
    frame.facts.zero_point = 25.0;
    reference.facts.zero_point = 24.0;
    EXPECT_NEAR(flux_prior(frame, reference).log_ratio, 0.4 * std::log(10.0) * -1.0, 1e-12);
    frame.facts.flux_scale = 0.3;
    reference.facts.flux_scale = 0.6;
    EXPECT_NEAR(flux_prior(frame, reference).log_ratio, std::log(0.5), 1e-12);
}

TEST(FluxPrior, AnotherGainOrUnitMakesItUncertain)
{
    sky::FrameHeader frame = header(100.0);
    frame.facts.gain = 2.0;
    EXPECT_GT(flux_prior(frame, header(100.0)).sigma, 0.5);
    EXPECT_TRUE(std::isinf(flux_prior(header(1.0, "adu"), header(1.0, "electron")).sigma));
    EXPECT_TRUE(std::isinf(flux_prior({}, {}).sigma));
}
}  // namespace
}  // namespace sectile::plan
