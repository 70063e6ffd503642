// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "pipeline/star_travel.hpp"

namespace sectile::pipeline
{
namespace
{
using plan::FrameRecord;
using plan::FrameStar;

constexpr std::size_t frames_of_rank = 3;

/// Stars that tell frame and place in the list; a frame has as many as its number, so that the
/// first has none.
std::vector<FrameStar> stars_of(std::size_t frame)
{
    std::vector<FrameStar> stars;
    for (std::size_t i = 0; i < frame; ++i) {
        stars.push_back({static_cast<float>(frame), static_cast<float>(i), {1.0F, 2.0F, 3.0F}});
    }
    return stars;
}

bool are_those_of(std::vector<FrameStar> const& stars, std::size_t frame)
{
    std::vector<FrameStar> const expected = stars_of(frame);
    return std::ranges::equal(stars, expected, [](FrameStar const& a, FrameStar const& b) {
        return a.x == b.x && a.y == b.y && a.flux == b.flux;
    });
}

class StarTravel : public ::testing::Test
{
  protected:
    StarTravel()
    {
        std::vector<FrameRecord> own;
        for (std::size_t i = 0; i < frames_of_rank; ++i) {
            std::size_t const frame = first() + i;
            FrameRecord record;
            record.header.path = std::to_string(frame);
            record.stars = stars_of(frame);
            own.push_back(std::move(record));
        }
        frames = gather_records(world, std::move(own), 1);
    }

    [[nodiscard]] std::size_t first() const
    {
        return static_cast<std::size_t>(world.rank()) * frames_of_rank;
    }
    [[nodiscard]] bool is_own(std::size_t frame) const
    {
        return frame >= first() && frame < first() + frames_of_rank;
    }

    void expect_own_stars_only() const
    {
        for (std::size_t i = 0; i < frames.size(); ++i) {
            EXPECT_TRUE(is_own(i) ? are_those_of(frames[i].stars, i) : frames[i].stars.empty())
                << i;
        }
    }

    comm::Communicator world = comm::Communicator::world();
    std::vector<FrameRecord> frames;
};

TEST_F(StarTravel, RecordsAreNumberedByRankAndOrderAndStarsStay)
{
    ASSERT_EQ(frames.size(), frames_of_rank * static_cast<std::size_t>(world.size()));
    for (std::size_t i = 0; i < frames.size(); ++i) {
        EXPECT_EQ(frames[i].id.value, i);
        EXPECT_EQ(frames[i].header.path, std::to_string(i));
    }
    expect_own_stars_only();
}

TEST_F(StarTravel, EveryRankHasTheStarsWhileTheyAreShared)
{
    {
        SharedStars const shared(world, frames);

        for (std::size_t i = 0; i < frames.size(); ++i) {
            EXPECT_TRUE(are_those_of(frames[i].stars, i)) << i;
        }
    }
    expect_own_stars_only();
}

TEST_F(StarTravel, StarsGoWhereTheyAreNeededAndNowhereElse)
{
    // Two ranks away, so that with three or more nobody gets back what it sends; every fourth frame
    // is needed by nobody.
    auto const needed_by = [&](std::size_t frame) {
        return frame % 4 == 3 ? -1 : (static_cast<int>(frame / frames_of_rank) + 2) % world.size();
    };

    send_stars(world, frames, needed_by);

    for (std::size_t i = 0; i < frames.size(); ++i) {
        bool const is_here = is_own(i) || needed_by(i) == world.rank();
        EXPECT_TRUE(is_here ? are_those_of(frames[i].stars, i) : frames[i].stars.empty()) << i;
    }
}

TEST_F(StarTravel, NothingMovesThatIsThereAlready)
{
    SharedStars const shared(world, frames);
    auto const needed_by = [&](std::size_t frame) {
        return static_cast<int>(frame) % world.size();
    };
    for (std::size_t i = 1; i < frames.size(); ++i) {
        frames[i].stars[0].x = static_cast<float>(-1 - world.rank());
    }

    send_stars(world, frames, needed_by);

    for (std::size_t i = 1; i < frames.size(); ++i) {
        EXPECT_EQ(frames[i].stars[0].x, static_cast<float>(-1 - world.rank())) << i;
    }
}
}  // namespace
}  // namespace sectile::pipeline
