// SPDX-License-Identifier: BSD-3-Clause
// Which frames are solved together, and which may serve which as reference.
#include <optional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "sectile/astrometry/solve_clusters.hpp"

namespace sectile::astrometry
{
namespace
{
using Indices = std::vector<std::size_t>;
using Clusters = std::vector<Indices>;

/// Frames of one camera and folder, in order.
class SolveClusters : public ::testing::Test
{
  protected:
    plan::FrameRecord& add(std::optional<double> ra = {}, std::optional<double> dec = {},
                           std::optional<double> mjd = {})
    {
        plan::FrameRecord frame;
        frame.header.path = "/night/frame_" + std::to_string(frames.size()) + ".fits";
        frame.header.geometry.width = 1000;
        frame.header.geometry.height = 800;
        frame.header.facts.instrument = "camera";
        frame.header.facts.ra_hint = ra;
        frame.header.facts.dec_hint = dec;
        frame.header.facts.mjd = mjd;
        frames.push_back(frame);
        return frames.back();
    }
    [[nodiscard]] Clusters clusters() const
    {
        Indices members;
        for (std::size_t i = 0; i < frames.size(); ++i) {
            members.push_back(i);
        }
        return clusters_of(frames, members);
    }
    [[nodiscard]] Indices references(std::size_t frame, std::size_t most = 10) const
    {
        Indices known;
        for (std::size_t i = 0; i < frames.size(); ++i) {
            known.push_back(i);
        }
        return reference_candidates(frames, frame, known, most);
    }

    std::vector<plan::FrameRecord> frames;
};

TEST_F(SolveClusters, HoldWhatPointsWithinHalfADegreeOfTheFirst)
{
    add(150.0, 0.0);
    add(150.4, 0.0);
    add(150.8, 0.0);  // near the second, not near the first
    add(149.6, 0.0);
    add(150.0, 0.6);

    EXPECT_EQ(clusters(), (Clusters{{0, 1, 3}, {2}, {4}}));
}

TEST_F(SolveClusters, ReachAcrossTheZeroOfRightAscension)
{
    add(359.9, 10.0);
    add(0.1, 10.0);
    add(0.7, 10.0);

    EXPECT_EQ(clusters(), (Clusters{{0, 1}, {2}}));
}

TEST_F(SolveClusters, ReachAcrossThePole)
{
    add(0.0, 89.9);
    add(180.0, 89.9);  // 0.2 degrees on, over the pole
    add(90.0, 89.8);
    add(180.0, 89.5);  // 0.6 degrees
    add(0.0, -89.9);

    EXPECT_EQ(clusters(), (Clusters{{0, 1, 2}, {3}, {4}}));
}

TEST_F(SolveClusters, MeasureRightAscensionOnTheSphere)
{
    add(100.0, 80.0);
    add(102.5, 80.0);  // 0.43 degrees
    add(100.0, 0.0);
    add(102.5, 0.0);

    EXPECT_EQ(clusters(), (Clusters{{0, 1}, {2}, {3}}));
}

TEST_F(SolveClusters, KeepCamerasSizesAndFoldersApart)
{
    add(150.0, 0.0);
    add(150.0, 0.0).header.facts.instrument = "other";
    add(150.0, 0.0).header.geometry.width = 500;
    add(150.0, 0.0).header.path = "/other/frame.fits";
    add(150.0, 0.0);
    add(150.0, 0.0).header.facts.instrument = "other";

    EXPECT_EQ(clusters(), (Clusters{{0, 4}, {1, 5}, {2}, {3}}));
}

TEST_F(SolveClusters, PutFramesWithoutAHintTogether)
{
    add();
    add(150.0, 0.0);
    add();

    EXPECT_EQ(clusters(), (Clusters{{0, 2}, {1}}));
}

TEST_F(SolveClusters, EndWhereHalfADayPasses)
{
    add(150.0, 0.0, 60000.0);
    add(150.0, 0.0, 60001.0);
    add(150.0, 0.0, 60000.4);
    add(150.0, 0.0, 60001.4);

    EXPECT_EQ(clusters(), (Clusters{{0, 2}, {1, 3}}));
}

TEST_F(SolveClusters, LeaveFramesWithoutATimeInTheFirstNight)
{
    add(150.0, 0.0, 60001.0);
    add(150.0, 0.0);
    add(150.0, 0.0, 60000.0);

    EXPECT_EQ(clusters(), (Clusters{{0}, {1, 2}}));
}

TEST_F(SolveClusters, HoldOnlyTheMembersThatAreNamed)
{
    add(150.0, 0.0);
    add(150.0, 0.0);
    add(150.0, 0.0);

    EXPECT_EQ(clusters_of(frames, {2, 0}), (Clusters{{0, 2}}));
    EXPECT_TRUE(clusters_of(frames, {}).empty());
}

TEST_F(SolveClusters, TakeTheHintOfTheHeaderBeforeTheWcs)
{
    plan::FrameRecord& frame = add();
    EXPECT_FALSE(pointing_hint(frame));
    frame.footprint.center = {core::Angle::from_degrees(20.0), core::Angle::from_degrees(5.0)};
    EXPECT_FALSE(pointing_hint(frame)) << "without an edge there is no footprint";
    frame.footprint.edge.resize(32);
    EXPECT_EQ(pointing_hint(frame)->lon.degrees(), frame.footprint.center.lon.degrees());
    frame.header.facts.ra_hint = 21.0;
    EXPECT_EQ(pointing_hint(frame)->lon.degrees(), frame.footprint.center.lon.degrees())
        << "half a hint is none";
    frame.header.facts.dec_hint = 6.0;
    EXPECT_DOUBLE_EQ(pointing_hint(frame)->lon.degrees(), 21.0);
    EXPECT_DOUBLE_EQ(pointing_hint(frame)->lat.degrees(), 6.0);
}

TEST_F(SolveClusters, RankReferencesByPlaceThenTimeThenOrder)
{
    add(150.0, 0.0, 60000.50);
    add(151.0, 0.0, 60000.50);  // far
    add(150.01, 0.0, 60000.90);
    add(150.02, 0.0, 60000.60);
    add(150.00, 0.0, 60000.90);  // as near as number 2, by what hints are worth

    EXPECT_EQ(references(0), (Indices{3, 2, 4, 1}));
    EXPECT_EQ(references(0, 2), (Indices{3, 2}));
    EXPECT_TRUE(references(0, 0).empty());
}

TEST_F(SolveClusters, RankReferencesAcrossTheZeroOfRightAscension)
{
    add(359.95, 0.0);
    add(359.0, 0.0);
    add(0.2, 0.0);

    EXPECT_EQ(references(0), (Indices{2, 1}));
}

TEST_F(SolveClusters, WithoutHintsAndTimesReferencesStandInOrder)
{
    add();
    add(10.0, 10.0, 60000.0);
    add();

    EXPECT_EQ(references(0), (Indices{1, 2}));
}

TEST(SpreadOver, TakesEntriesEvenly)
{
    Indices const ten{0, 1, 2, 3, 4, 5, 6, 7, 8, 9};

    EXPECT_EQ(spread_over(ten, 1), (Indices{5}));
    EXPECT_EQ(spread_over(ten, 2), (Indices{2, 7}));
    EXPECT_EQ(spread_over(ten, 5), (Indices{1, 3, 5, 7, 9}));
    EXPECT_EQ(spread_over(ten, 10), ten);
    EXPECT_EQ(spread_over(ten, 99), ten);
    EXPECT_TRUE(spread_over({}, 5).empty());
    EXPECT_TRUE(spread_over(ten, 0).empty());
}

TEST(PlateSolution, ShowsByASidecarOrByDistortion)
{
    sky::FrameHeader header;
    header.wcs_origin = "header";
    header.wcs.cards = "CTYPE1  = 'RA---TAN'";
    EXPECT_FALSE(shows_plate_solution(header));

    sky::FrameHeader distorted = header;
    distorted.wcs.cards = "CTYPE1  = 'RA---TAN-SIP'";
    EXPECT_TRUE(shows_plate_solution(distorted));
    distorted.wcs.cards = "CTYPE1  = 'RA---TPV'";
    EXPECT_TRUE(shows_plate_solution(distorted));
    sky::FrameHeader sidecar = header;
    sidecar.wcs_origin = "sidecar";
    EXPECT_TRUE(shows_plate_solution(sidecar));
    sky::FrameHeader table = header;
    table.wcs.pixel_lookup.resize(1);
    EXPECT_TRUE(shows_plate_solution(table));
}
}  // namespace
}  // namespace sectile::astrometry
