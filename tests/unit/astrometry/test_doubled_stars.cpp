// SPDX-License-Identifier: BSD-3-Clause
// However wrong the WCS of the frames of a group are, no star stands twice: frames that are stacked
// agree with each other, and what cannot be tied is named.
#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <numbers>
#include <random>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "unit/astrometry/star_field.hpp"

namespace
{
using namespace sectile;
using plan::FrameRecord;
using test::disagreement;
using test::FrameSize;
using test::register_all;
using test::StarErrors;
using test::StarField;
using test::tangential;

constexpr double ra = 150.0;
constexpr double dec = 2.0;

struct Group
{
    std::vector<FrameRecord> frames;
    std::vector<sky::WcsDescription> truth;

    /// A frame at a place (pixels from the middle, degrees) whose header says another one.
    void add(StarField& field, FrameSize const& size, std::array<double, 3> const& at,
             std::array<double, 3> const& error, StarErrors const& errors)
    {
        auto const wcs = [&](double x, double y, double angle) {
            return tangential(ra + x * test::degrees_per_pixel / std::cos(dec * M_PI / 180.0),
                              dec + y * test::degrees_per_pixel, angle, size);
        };
        truth.push_back(wcs(at[0], at[1], at[2]));
        auto const stated = wcs(at[0] + error[0], at[1] + error[1], at[2] + error[2]);
        frames.push_back(field.frame(static_cast<std::uint32_t>(frames.size()), truth.back(),
                                     stated, 1.0, errors));
    }
};

/// Frames that would be stacked but do not agree: by stars or not at all.
std::string doubled(Group const& group)
{
    constexpr double visible = 0.3;  // pixels
    std::string found;
    for (std::size_t i = 0; i < group.frames.size(); ++i) {
        for (std::size_t k = 0; k < i; ++k) {
            if (!group.frames[i].verdict.accepted() || !group.frames[k].verdict.accepted()) {
                continue;
            }
            double const off =
                disagreement(group.frames[k], group.truth[k], group.frames[i], group.truth[i]);
            if (!(off < visible)) {
                found += fmt::format(" {} and {} by {:.2f} px ({} and {} matches)", k, i, off,
                                     group.frames[k].registration.matches,
                                     group.frames[i].registration.matches);
            }
        }
    }
    return found;
}

std::size_t stacked(Group const& group)
{
    return static_cast<std::size_t>(std::ranges::count_if(
        group.frames, [](FrameRecord const& frame) { return frame.verdict.accepted(); }));
}

TEST(DoubledStars, NoneInPairsWhateverTheirHeadersSay)
{
    for (double const turn : {0.0, 0.3, 0.7, 3.0}) {
        for (int off = 0; off <= 60; ++off) {
            double const direction = 0.4 * off;
            SCOPED_TRACE(fmt::format("{} px towards {}, turned by {}", off, direction, turn));
            auto const seed = static_cast<std::uint32_t>(off);
            StarField field(ra, dec, seed + 1);
            Group group;
            StarErrors const errors{.missed = 0.1};
            group.add(field, {}, {0, 0, 0}, {0, 0, 0}, errors);
            group.add(field, {}, {12, -7, 0.2},
                      {off * std::cos(direction), off * std::sin(direction), turn}, errors);

            register_all(group.frames);

            EXPECT_EQ(doubled(group), "");
            EXPECT_EQ(stacked(group), 2U);
            EXPECT_GT(group.frames[1].registration.matches, 50);
        }
    }
}

TEST(DoubledStars, NoneInSmallFramesOfFewStars)
{
    FrameSize const small{300, 320};
    int untied = 0;
    for (double const turn : {0.0, 0.7}) {
        for (bool const is_known : {true, false}) {
            for (int off = 0; off <= 60; ++off) {
                SCOPED_TRACE(fmt::format("{} px, turned by {}, {}", off, turn, is_known));
                // 40 stars in each frame.
                StarField field(ra, dec, static_cast<std::uint32_t>(off + 1), 90, 0.125);
                Group group;
                StarErrors const errors{.place = 0.05, .missed = 0.05};
                double const error = is_known ? 0.0 : turn;
                group.add(field, small, {0, 0, 0}, {0, 0, 0}, errors);
                group.add(field, small, {3, 4, is_known ? turn : 0.0},
                          {0.8 * off, -0.6 * off, error}, errors);

                register_all(group.frames);

                EXPECT_EQ(doubled(group), "");
                untied += group.frames[1].registration.matches == 0 ? 1 : 0;
            }
        }
    }
    EXPECT_EQ(untied, 0);
}

TEST(DoubledStars, NoneInGroupsOfManyWrongHeaders)
{
    for (std::size_t const count : {3U, 4U, 6U, 9U, 12U}) {
        for (int off = 0; off <= 60; off += 3) {
            SCOPED_TRACE(fmt::format("{} frames, {} px", count, off));
            auto const seed = static_cast<std::uint32_t>(100 * count + off);
            StarField field(ra, dec, seed);
            std::uniform_real_distribution<double> any(-1.0, 1.0);
            Group group;
            for (std::size_t i = 0; i < count; ++i) {
                double const direction = std::numbers::pi * any(field.random());
                double const far = off * std::abs(any(field.random()));
                group.add(
                    field, {},
                    {30 * any(field.random()), 30 * any(field.random()), 2 * any(field.random())},
                    {far * std::cos(direction), far * std::sin(direction),
                     0.5 * any(field.random())},
                    {.missed = 0.1});
            }

            register_all(group.frames);

            EXPECT_EQ(doubled(group), "");
            EXPECT_EQ(stacked(group), count);
        }
    }
}

/// One frame of a group with wrong headers has too few stars to be tied.
TEST(DoubledStars, AFrameThatStaysUntiedIsNotStackedWhereItsHeaderSays)
{
    for (int const off : {0, 1, 12, 30}) {
        SCOPED_TRACE(off);
        StarField field(ra, dec, 7);
        Group group;
        for (int i = 0; i < 5; ++i) {
            double const direction = 1.3 * i;
            group.add(field, {}, {5.0 * i, 0, 0},
                      {off * std::cos(direction), off * std::sin(direction), 0}, {});
        }
        group.frames[3].stars.resize(3);

        register_all(group.frames);

        EXPECT_EQ(group.frames[3].registration.matches, 0);
        if (off < 2) {
            EXPECT_TRUE(group.frames[3].verdict.accepted());
        } else {
            EXPECT_EQ(group.frames[3].verdict.code, plan::VerdictCode::untied);
            EXPECT_NE(group.frames[3].verdict.reason.find("it has 3"), std::string::npos)
                << group.frames[3].verdict.reason;
        }
        EXPECT_EQ(stacked(group), off < 2 ? 5U : 4U);
    }
}
}  // namespace
