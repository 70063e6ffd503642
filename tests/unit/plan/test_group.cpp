// SPDX-License-Identifier: BSD-3-Clause
#include <chrono>
#include <numeric>
#include <set>

#include <gtest/gtest.h>

#include "sectile/core/error.hpp"
#include "sectile/plan/group.hpp"

#include "plan/linkage.hpp"
#include "unit/core/pseudo_random.hpp"
#include "unit/plan/fields.hpp"

namespace
{
using namespace sectile;
using plan::FrameRecord;
using plan::Group;
using plan::GroupingOptions;
using test::Field;
using test::frame_of;

std::vector<std::uint32_t> ids_of(Group const& group)
{
    std::vector<std::uint32_t> ids;
    for (core::FrameId const id : group.frames) {
        ids.push_back(id.value);
    }
    return ids;
}

using IdLists = std::vector<std::vector<std::uint32_t>>;

IdLists ids_of(std::vector<Group> const& groups)
{
    IdLists lists;
    for (Group const& group : groups) {
        lists.push_back(ids_of(group));
    }
    return lists;
}

/// `count` frames scattered by up to `dither` degrees about each pointing.
std::vector<FrameRecord> dithered(std::vector<Field> const& pointings, std::size_t count,
                                  double dither, std::uint64_t seed)
{
    PseudoRandom random(seed);
    std::vector<FrameRecord> frames;
    for (Field const& pointing : pointings) {
        for (std::size_t i = 0; i < count; ++i) {
            sky::SkyCoord const sky =
                test::from_tangent_plane(test::sky_at(pointing.ra, pointing.dec),
                                         random.uniform(-dither, dither) * test::degree,
                                         random.uniform(-dither, dither) * test::degree);
            Field field = pointing;
            field.ra = sky.lon.degrees();
            field.dec = sky.lat.degrees();
            frames.push_back(frame_of(static_cast<std::uint32_t>(frames.size()), field));
        }
    }
    return frames;
}

double span_degrees(std::vector<FrameRecord> const& frames, Group const& group)
{
    double span = 0.0;
    for (core::FrameId const a : group.frames) {
        for (core::FrameId const b : group.frames) {
            span = std::max(span, test::separation_degrees(frames[a.value].footprint.center,
                                                           frames[b.value].footprint.center));
        }
    }
    return span;
}

TEST(GroupFrames, FindsThePointingsOfAMosaic)
{
    // Field 0.56 degrees, threshold 0.14, pointings 0.45 apart, dither 0.02.
    std::vector<Field> const pointings{
        {.ra = 10.0, .dec = 41.0}, {.ra = 10.6, .dec = 41.0}, {.ra = 10.0, .dec = 41.45}};
    std::vector<FrameRecord> const frames = dithered(pointings, 5, 0.02, 1);

    std::vector<Group> const groups = plan::group_frames(frames, {});

    EXPECT_EQ(ids_of(groups), (IdLists{{0, 1, 2, 3, 4}, {5, 6, 7, 8, 9}, {10, 11, 12, 13, 14}}));
    for (std::size_t g = 0; g < groups.size(); ++g) {
        EXPECT_EQ(groups[g].id.value, g);
        EXPECT_LT(test::separation_degrees(groups[g].center,
                                           test::sky_at(pointings[g].ra, pointings[g].dec)),
                  0.03);
        // Half the diagonal of the field (0.39) and the dither.
        EXPECT_NEAR(groups[g].radius.degrees(), 0.393 + 0.02, 0.015);
    }
}

TEST(GroupFrames, IsRightAcrossRightAscensionZeroAndAtThePoles)
{
    std::vector<FrameRecord> const frames{
        frame_of(0, {.ra = 359.98, .dec = 0.0}),  frame_of(1, {.ra = 0.02, .dec = 0.0}),
        frame_of(2, {.ra = 0.0, .dec = 89.99}),   frame_of(3, {.ra = 120.0, .dec = 89.99}),
        frame_of(4, {.ra = 240.0, .dec = 89.99}), frame_of(5, {.ra = 77.0, .dec = -90.0}),
        frame_of(6, {.ra = 200.0, .dec = -89.99})};

    std::vector<Group> const groups = plan::group_frames(frames, {});

    EXPECT_EQ(ids_of(groups), (IdLists{{0, 1}, {2, 3, 4}, {5, 6}}));
    EXPECT_NEAR(std::remainder(groups[0].center.lon.degrees(), 360.0), 0.0, 1e-6);
    EXPECT_GT(groups[1].center.lat.degrees(), 89.999);
}

TEST(GroupFrames, SeparatesFiltersInstrumentsAndPlaneCounts)
{
    Field const field{.ra = 50.0, .dec = 20.0};
    std::vector<FrameRecord> frames{frame_of(0, field, "R"), frame_of(1, field, "B"),
                                    frame_of(2, field, "R"), frame_of(3, field, "R", "other"),
                                    frame_of(4, field, "R")};
    frames[4].header.geometry.planes = 3;

    EXPECT_EQ(ids_of(plan::group_frames(frames, {})), (IdLists{{0, 2}, {1}, {3}, {4}}));

    GroupingOptions mixed;
    mixed.mix = true;
    EXPECT_EQ(ids_of(plan::group_frames(frames, mixed)), (IdLists{{0, 1, 2, 3}, {4}}));
}

TEST(GroupFrames, LeavesOutQuarantinedFrames)
{
    Field const field{.ra = 50.0, .dec = 20.0};
    std::vector<FrameRecord> frames{frame_of(0, field), frame_of(1, field), frame_of(2, field)};
    frames[1].verdict = {plan::VerdictCode::constant, "black"};

    EXPECT_EQ(ids_of(plan::group_frames(frames, {})), (IdLists{{0, 2}}));
    EXPECT_TRUE(plan::group_frames({}, {}).empty());
}

TEST(GroupFrames, SeparatesOrientationsWhenAsked)
{
    std::vector<FrameRecord> frames;
    double const angles[] = {359.0, 1.0, 3.0, 90.0, 92.0, 181.0};
    for (std::uint32_t i = 0; i < 6; ++i) {
        frames.push_back(frame_of(i, {.ra = 50.0, .dec = 20.0, .position_angle = angles[i]}));
    }
    GroupingOptions options;
    options.orientation_split = core::Angle::from_degrees(10.0);

    EXPECT_EQ(ids_of(plan::group_frames(frames, options)), (IdLists{{0, 1, 2}, {3, 4}, {5}}));
    EXPECT_EQ(plan::group_frames(frames, {}).size(), 1U);
}

TEST(GroupFrames, NeverPutsOrientationsTogetherThatDifferByMoreThanTheSplit)
{
    PseudoRandom random(5);
    GroupingOptions options;
    options.orientation_split = core::Angle::from_degrees(15.0);
    std::vector<FrameRecord> frames;
    for (std::uint32_t i = 0; i < 200; ++i) {
        frames.push_back(frame_of(
            i, {.ra = 50.0, .dec = 20.0, .position_angle = random.uniform(-180.0, 180.0)}));
    }

    for (Group const& group : plan::group_frames(frames, options)) {
        for (core::FrameId const a : group.frames) {
            for (core::FrameId const b : group.frames) {
                double const turn =
                    std::remainder(frames[a.value].footprint.position_angle.degrees() -
                                       frames[b.value].footprint.position_angle.degrees(),
                                   360.0);
                EXPECT_LE(std::abs(turn), 15.0 + 1e-9);
            }
        }
    }
}

TEST(GroupFrames, CutsChainsToTheSpanAllowed)
{
    // A drift scan: 0.05 degrees a step, far below the threshold, over 6 degrees of a 0.79 degree
    // diagonal.
    std::vector<FrameRecord> frames;
    for (std::uint32_t i = 0; i < 120; ++i) {
        frames.push_back(frame_of(i, {.ra = 357.0 + 0.05 * i, .dec = 0.0}));
    }
    for (FrameRecord& frame : frames) {
        double const ra = std::fmod(frame.footprint.center.lon.degrees(), 360.0);
        frame.footprint.center = test::sky_at(ra, 0.0);
    }

    std::vector<Group> const groups = plan::group_frames(frames, {});

    double const limit = 0.5 * Field{}.diagonal_degrees();
    std::size_t count = 0;
    for (Group const& group : groups) {
        EXPECT_LE(span_degrees(frames, group), limit * (1.0 + 1e-6));
        count += group.frames.size();
    }
    EXPECT_EQ(count, 120U);
    // 5.95 degrees in pieces of at most 0.39 need 16; k-means does not need twice as many.
    EXPECT_GE(groups.size(), 15U);
    EXPECT_LE(groups.size(), 30U);
}

TEST(GroupFrames, KeepsEveryFrameExactlyOnceWhateverTheSky)
{
    for (std::uint64_t seed = 1; seed <= 10; ++seed) {
        PseudoRandom random(seed);
        double const dec = random.uniform(-90.0, 90.0);
        std::vector<FrameRecord> const frames =
            dithered({{.ra = random.uniform(0.0, 360.0), .dec = dec}}, 300, 1.5, seed);

        std::vector<Group> const groups = plan::group_frames(frames, {});

        std::set<std::uint32_t> seen;
        std::uint32_t last_first = 0;
        for (Group const& group : groups) {
            std::vector<std::uint32_t> const ids = ids_of(group);
            EXPECT_TRUE(std::is_sorted(ids.begin(), ids.end()));
            EXPECT_GE(ids.front(), last_first);
            last_first = ids.front();
            seen.insert(ids.begin(), ids.end());
            EXPECT_LE(span_degrees(frames, group), 0.5 * Field{}.diagonal_degrees() * (1.0 + 1e-6));
        }
        EXPECT_EQ(seen.size(), 300U) << "seed " << seed;
    }
}

TEST(GroupFrames, DoesNotDependOnTheOrderOfTheRecords)
{
    std::vector<FrameRecord> frames =
        dithered({{.ra = 0.0, .dec = 60.0}, {.ra = 1.0, .dec = 60.2}}, 40, 0.3, 4);
    IdLists const expected = ids_of(plan::group_frames(frames, {}));

    std::reverse(frames.begin(), frames.end());

    EXPECT_EQ(ids_of(plan::group_frames(frames, {})), expected);
}

TEST(GroupFrames, SplitsAndMergesTowardsTheTarget)
{
    std::vector<Field> const pointings{
        {.ra = 10.0, .dec = 0.0}, {.ra = 10.3, .dec = 0.0}, {.ra = 15.0, .dec = 0.0}};
    std::vector<FrameRecord> const frames = dithered(pointings, 8, 0.02, 2);
    ASSERT_EQ(plan::group_frames(frames, {}).size(), 3U);
    GroupingOptions options;

    options.target_groups = 2;
    std::vector<Group> const merged = plan::group_frames(frames, options);
    ASSERT_EQ(merged.size(), 2U);
    EXPECT_EQ(merged[0].frames.size(), 16U) << "the two near pointings become one";

    options.target_groups = 1;
    EXPECT_EQ(plan::group_frames(frames, options).size(), 2U)
        << "five degrees are more than a group may span";

    options.target_groups = 6;
    EXPECT_EQ(plan::group_frames(frames, options).size(), 6U);
}

TEST(GroupFrames, RefusesOptionsThatMakeNoSense)
{
    std::vector<FrameRecord> const frames{frame_of(0, {})};
    GroupingOptions options;
    options.max_span = 0.0;
    EXPECT_THROW((void)plan::group_frames(frames, options), core::ConfigError);
    options = {};
    options.panel_threshold = core::Angle::from_degrees(-1.0);
    EXPECT_THROW((void)plan::group_frames(frames, options), core::ConfigError);
    options = {};
    options.target_groups = -1;
    EXPECT_THROW((void)plan::group_frames(frames, options), core::ConfigError);
}

TEST(GroupFrames, TakesTenThousandFramesInAMoment)
{
    // The two hard cases: all on one spot (every frame neighbours every other), and spread over a
    // survey.
    std::vector<FrameRecord> const spot = dithered({{.ra = 83.8, .dec = -5.4}}, 10000, 0.02, 7);
    std::vector<Field> pointings;
    for (int i = 0; i < 400; ++i) {
        pointings.push_back({.ra = 0.5 * (i % 20), .dec = 30.0 + 0.5 * (i / 20)});
    }
    std::vector<FrameRecord> const survey = dithered(pointings, 25, 0.03, 8);

    auto const start = std::chrono::steady_clock::now();
    std::vector<Group> const one = plan::group_frames(spot, {});
    std::vector<Group> const many = plan::group_frames(survey, {});
    std::chrono::duration<double> const seconds = std::chrono::steady_clock::now() - start;

    EXPECT_EQ(one.size(), 1U);
    EXPECT_EQ(many.size(), 400U);
    // Some 0.3 s each here in an optimised build; the bar catches N squared with room for slow
    // builds.
    EXPECT_LT(seconds.count(), 20.0);
    RecordProperty("seconds", std::to_string(seconds.count()));
}

TEST(LinkPoints, EqualsBruteForceSingleLinkage)
{
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
        PseudoRandom random(seed);
        std::vector<plan::UnitVector> points;
        for (int i = 0; i < 150; ++i) {
            points.push_back(plan::to_vector(test::from_tangent_plane(
                test::sky_at(0.0, random.integer(0, 1) != 0 ? 90.0 : 0.0),
                random.uniform(-0.05, 0.05), random.uniform(-0.05, 0.05))));
        }
        double const threshold = random.uniform(0.001, 0.012);
        std::vector<std::size_t> label(points.size());
        std::iota(label.begin(), label.end(), std::size_t{0});
        for (bool changed = true; changed;) {
            changed = false;
            for (std::size_t i = 0; i < points.size(); ++i) {
                for (std::size_t j = 0; j < points.size(); ++j) {
                    if (label[j] > label[i] &&
                        plan::separation(points[i], points[j]) <= threshold) {
                        label[j] = label[i];
                        changed = true;
                    }
                }
            }
        }

        std::vector<plan::Members> const clusters = plan::link_points(points, threshold);

        for (plan::Members const& cluster : clusters) {
            for (std::size_t const member : cluster) {
                EXPECT_EQ(label[member], cluster.front()) << "seed " << seed;
            }
        }
    }
}

TEST(LinkPoints, JoinsPointsExactlyAtTheThreshold)
{
    std::vector<plan::UnitVector> const points{
        plan::to_vector(test::sky_at(0.0, 0.0)), plan::to_vector(test::sky_at(1.0, 0.0)),
        plan::to_vector(test::sky_at(2.0, 0.0)), plan::to_vector(test::sky_at(3.1, 0.0))};

    std::vector<plan::Members> const clusters =
        plan::link_points(points, (1.0 + 1e-12) * test::degree);

    EXPECT_EQ(clusters, (std::vector<plan::Members>{{0, 1, 2}, {3}}));
}
}  // namespace
