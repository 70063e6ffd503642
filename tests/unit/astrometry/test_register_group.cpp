// SPDX-License-Identifier: BSD-3-Clause
// Frames of one group are tied by their stars: simulated star lists with known places and fluxes.
#include <cmath>
#include <vector>

#include <gtest/gtest.h>

#include "sectile/astrometry/register_group.hpp"

#include "unit/astrometry/star_field.hpp"

namespace
{
using namespace sectile;
using astrometry::reference_frame;
using plan::FrameRecord;
using test::disagreement;
using test::register_all;
using test::StarField;
using test::tangential;

TEST(RegisterGroup, TiesShiftedAndTurnedFramesAndFindsTheirScales)
{
    StarField field(150.0, 2.0, 1);
    std::vector<sky::WcsDescription> truth;
    std::vector<FrameRecord> frames;
    for (std::uint32_t i = 0; i < 8; ++i) {
        double const ra = 150.0 + 0.01 * i;
        double const dec = 2.0 - 0.007 * i;
        double const angle = 12.0 * i;
        truth.push_back(tangential(ra, dec, angle));
        // Headers that are off by up to 14 pixels and 0.2 degrees.
        auto const stated = tangential(ra + 4e-3 * std::sin(i), dec - 4e-3 * std::cos(2.0 * i),
                                       angle + 0.2 * std::sin(3.0 * i));
        frames.push_back(field.frame(i, truth.back(), stated, 0.8 + 0.05 * i));
    }

    register_all(frames);

    std::size_t const reference = reference_frame(frames);
    EXPECT_EQ(reference, 0U);
    EXPECT_EQ(frames[0].planes[0].scale, 1.0);
    for (std::size_t i = 0; i < frames.size(); ++i) {
        SCOPED_TRACE(i);
        EXPECT_TRUE(frames[i].verdict.accepted());
        EXPECT_GE(frames[i].registration.matches, 50);
        EXPECT_LT(frames[i].registration.rms, 0.06);
        EXPECT_LT(disagreement(frames[0], truth[0], frames[i], truth[i]), 0.02);
        EXPECT_NEAR(frames[i].planes[0].scale * (0.8 + 0.05 * static_cast<double>(i)) / 0.8, 1.0,
                    0.005);
    }
}

TEST(RegisterGroup, QuarantinesAnUnrelatedFieldAndNothingElse)
{
    StarField field(150.0, 2.0, 2);
    StarField other(150.0, 2.0, 3);
    std::vector<FrameRecord> frames;
    for (std::uint32_t i = 0; i < 6; ++i) {
        auto const wcs = tangential(150.0 + 0.01 * i, 2.0, 0.0);
        frames.push_back((i == 3 ? other : field).frame(i, wcs, wcs, 1.0));
    }

    register_all(frames);

    for (std::size_t i = 0; i < frames.size(); ++i) {
        EXPECT_EQ(frames[i].verdict.accepted(), i != 3) << i << frames[i].verdict.reason;
    }
    EXPECT_NE(frames[3].verdict.reason.find("another field"), std::string::npos);
}

TEST(RegisterGroup, FarWrongHeaderIsMendedByThePattern)
{
    StarField field(150.0, 2.0, 4);
    auto const first = tangential(150.0, 2.0, 0.0);
    auto const second = tangential(150.02, 2.01, 30.0);
    // 80 pixels and 4 degrees off.
    auto const stated = tangential(150.06, 2.03, 34.0);
    std::vector<FrameRecord> frames{field.frame(0, first, first, 1.0),
                                    field.frame(1, second, stated, 1.0)};

    register_all(frames);

    EXPECT_TRUE(frames[1].verdict.accepted()) << frames[1].verdict.reason;
    EXPECT_GT(frames[1].registration.shift, 50.0);
    EXPECT_LT(disagreement(frames[0], first, frames[1], second), 0.05);
}

TEST(RegisterGroup, FewStarsMoveAFrameAndDoNotTurnIt)
{
    // Plate solutions that are right but for a shift. Six stars in the middle with errors of 0.1
    // pixels place a frame to 0.05; turn and scale fitted to them would be off by 1e-3.
    std::vector<sky::WcsDescription> truth;
    std::vector<FrameRecord> frames;
    StarField field(150.0, 2.0, 6);
    for (std::uint32_t i = 0; i < 5; ++i) {
        truth.push_back(tangential(150.0, 2.0, 0.0));
        auto const stated = tangential(150.0 + 3e-4 * std::sin(2.0 * i), 2.0, 0.0);  // 0.5 pixels
        frames.push_back(field.frame(i, truth.back(), stated, 1.0, {.place = 0.1}));
        std::erase_if(frames.back().stars, [](plan::FrameStar const& star) {
            return std::hypot(star.x - 450.0F, star.y - 350.0F) > 100.0F;
        });
        frames.back().stars.resize(6);
    }

    register_all(frames);

    for (std::size_t i = 1; i < frames.size(); ++i) {
        EXPECT_GE(frames[i].registration.matches, 4) << i;
        EXPECT_LT(disagreement(frames[0], truth[0], frames[i], truth[i]), 0.15) << i;
    }
}

TEST(RegisterGroup, TooFewStarsLeaveTheWcsAlone)
{
    StarField field(150.0, 2.0, 5);
    auto const wcs = tangential(150.0, 2.0, 0.0);
    std::vector<FrameRecord> frames{field.frame(0, wcs, wcs, 1.0), field.frame(1, wcs, wcs, 1.0)};
    frames[1].stars.resize(3);

    register_all(frames);

    EXPECT_TRUE(frames[1].verdict.accepted());
    EXPECT_EQ(frames[1].header.wcs.cards, wcs.cards);
    EXPECT_EQ(frames[1].registration.matches, 0);
    EXPECT_TRUE(std::isnan(frames[1].planes[0].scale));
}
}  // namespace
