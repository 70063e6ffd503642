// SPDX-License-Identifier: BSD-3-Clause
// The WCS of a frame from its stars and the catalogue of its group: what was planted is found, and
// no more than the stars tell.
#include <cmath>
#include <cstdint>
#include <vector>

#include <gtest/gtest.h>

#include "sectile/plan/footprint.hpp"

#include "astrometry/group_fit.hpp"
#include "support/frame_star.hpp"
#include "support/star_frames.hpp"

namespace sectile::astrometry
{
namespace
{
using test::Place;

/// A frame whose stars the catalogue has where the truth puts them.
class GroupFits : public ::testing::Test
{
  protected:
    /// `count` stars of equal flux at most `reach` pixels from the middle, with errors of `noise`
    /// pixels along each axis.
    void add_stars(int count, double noise, double reach = 390.0)
    {
        for (int i = 0; i < count; ++i) {
            double const x = 500.0 + random.uniform(-reach, reach);
            double const y = 400.0 + random.uniform(-reach, reach);
            add_star(x, y, x + noise * random.normal(), y + noise * random.normal(), 1000.0F);
        }
    }
    /// A star at (x, y), where the frame shows it at (seen_x, seen_y).
    void add_star(double x, double y, double seen_x, double seen_y, float flux)
    {
        places.push_back(plane.sky_to_pixel(truth.pixel_to_sky({x, y})));
        frame.stars.push_back(test::star_with(seen_x, seen_y, {flux, NAN, NAN}));
    }
    /// Chooses the WCS of the frame, which came with that of `own`.
    bool choose(Place const& own)
    {
        frame.header.geometry.width = test::frame_width;
        frame.header.geometry.height = test::frame_height;
        test::give_wcs(frame, own, "header");
        own_wcs = frame.header.wcs;
        catalog.add({frame.stars, places, places}, {});
        solve::StarMatch match;
        for (std::uint32_t i = 0; i < frame.stars.size(); ++i) {
            match.pairs.emplace_back(i, i);
        }
        GroupFit const fit(test::wcs_at({150.02, 30.01, 0.0}), catalog);
        return fit.choose_wcs(frame, own_wcs, match);
    }
    [[nodiscard]] double error() const { return test::corner_error(frame, true_place); }
    /// Whether the frame's matrix is the one that it came with. North turns where a frame moves in
    /// right ascension: by 3e-4 degrees here, which is a 400th of a pixel.
    [[nodiscard]] bool keeps_matrix() const
    {
        sky::SkyWcs const before(own_wcs);
        sky::SkyWcs const after(frame.header.wcs);
        return std::abs(before.position_angle().degrees() - after.position_angle().degrees()) <
                   1e-3 &&
               std::abs(before.pixel_scale().arcsec() / after.pixel_scale().arcsec() - 1.0) < 1e-8;
    }

    Place true_place{150.0, 30.0, 5.0};
    sky::SkyWcs truth{test::wcs_at(true_place)};
    sky::SkyWcs plane{test::wcs_at({150.02, 30.01, 0.0})};
    PseudoRandom random{21};
    plan::FrameRecord frame;
    std::vector<sky::PixelPos> places;
    sky::WcsDescription own_wcs;
    GroupCatalog catalog;
};

TEST_F(GroupFits, AShiftIsFoundExactly)
{
    add_stars(20, 0.0);

    ASSERT_TRUE(choose({150.003, 30.002, 5.0}));  // 3.9 pixels

    EXPECT_LT(error(), 1e-3);  // positions of stars are floats
    EXPECT_EQ(frame.registration.matches, 20);
    EXPECT_LT(frame.registration.rms, 1e-3);
}

TEST_F(GroupFits, AShiftAndATurnAreFoundExactly)
{
    add_stars(60, 0.0);

    ASSERT_TRUE(choose({150.003, 30.002, 5.5}));  // and 5 pixels in the corners

    EXPECT_LT(error(), 1e-3);
    EXPECT_FALSE(keeps_matrix());
}

TEST_F(GroupFits, TheFootprintGoesWithTheWcs)
{
    add_stars(20, 0.0);
    ASSERT_TRUE(choose({150.05, 30.0, 5.0}));

    EXPECT_NEAR(frame.footprint.center.lon.degrees(),
                plan::footprint_of(truth).center.lon.degrees(), 1e-6);
}

TEST_F(GroupFits, AnOwnWcsThatIsRightIsKeptToTheLetter)
{
    add_stars(100, 0.1);

    ASSERT_TRUE(choose(true_place));

    EXPECT_EQ(frame.header.wcs.cards, own_wcs.cards);
    EXPECT_NEAR(frame.registration.rms, 0.14, 0.03) << "two axes of 0.1";
}

TEST_F(GroupFits, FewStarsMoveAFrameAndDoNotTurnIt)
{
    // Six stars near the middle with errors of 0.1 px would turn it by 0.001, 0.5 px in corners.
    add_stars(6, 0.1, 100.0);

    ASSERT_TRUE(choose({150.0005, 30.0, 5.0}));  // 0.5 pixels

    EXPECT_TRUE(keeps_matrix());
    EXPECT_NE(frame.header.wcs.cards, own_wcs.cards);
    EXPECT_LT(error(), 0.15);
    EXPECT_EQ(frame.registration.matches, 6);
}

TEST_F(GroupFits, ATurnThatTheStarsTellIsTakenFromTwentyOfThem)
{
    add_stars(20, 0.1);

    ASSERT_TRUE(choose({150.0005, 30.0, 5.2}));  // 2 pixels in the corners

    EXPECT_FALSE(keeps_matrix());
    EXPECT_LT(error(), 0.25);
}

TEST_F(GroupFits, FromFiftyStarsOnThereIsNoPlainShift)
{
    // A matrix costs no accuracy then: what moves is fitted whole.
    add_stars(50, 0.1);

    ASSERT_TRUE(choose({150.0005, 30.0, 5.0}));

    EXPECT_FALSE(keeps_matrix());
    EXPECT_LT(error(), 0.15);
}

TEST_F(GroupFits, WildPairsAreLeftOut)
{
    add_stars(57, 0.05);
    for (int i = 0; i < 3; ++i) {
        double const x = 200.0 + 300.0 * i;
        add_star(x, 300.0, x + 2.5, 298.0, 1000.0F);
    }

    ASSERT_TRUE(choose({150.003, 30.0, 5.1}));

    EXPECT_EQ(frame.registration.matches, 57);
    EXPECT_LT(error(), 0.1);
    EXPECT_LT(frame.registration.rms, 0.1);
}

TEST_F(GroupFits, TiesOfMoreThanHalfAPixelAreRefused)
{
    add_stars(30, 0.8);

    EXPECT_FALSE(choose({150.0005, 30.0, 5.0}));

    EXPECT_EQ(frame.header.wcs.cards, own_wcs.cards) << "nothing changes";
    EXPECT_EQ(frame.registration.matches, 0);
    EXPECT_TRUE(std::isnan(frame.registration.rms));
}

TEST_F(GroupFits, TiesOfLessThanHalfAPixelAreTaken)
{
    add_stars(30, 0.25);

    EXPECT_TRUE(choose({150.0005, 30.0, 5.0}));

    EXPECT_NEAR(frame.registration.rms, 0.35, 0.1);
}

TEST_F(GroupFits, FaintStarsCountLess)
{
    // Bright stars stand right, as many of a tenth of their flux 0.3 px beside: they weigh 0.1.
    for (int i = 0; i < 40; ++i) {
        bool const is_bright = i < 20;
        double const x = random.uniform(100.0, 900.0);
        double const y = random.uniform(100.0, 700.0);
        double const noise_x = 0.1 * random.normal();
        add_star(x, y, x + noise_x + (is_bright ? 0.0 : 0.3), y + 0.1 * random.normal(),
                 is_bright ? 1000.0F : 100.0F);
    }

    ASSERT_TRUE(choose({150.0005, 30.0, 5.0}));

    // Alike they would move it by 0.15; weighed, by 0.03, and noise adds 0.03.
    sky::PixelPos const middle{500.0, 400.0};
    sky::PixelPos const back =
        truth.sky_to_pixel(sky::SkyWcs(frame.header.wcs).pixel_to_sky(middle));
    EXPECT_LT(std::abs(back.x - middle.x), 0.09);
}

TEST_F(GroupFits, WithoutPairsNothingIsChosen)
{
    EXPECT_FALSE(choose(true_place));
    EXPECT_EQ(frame.registration.matches, 0);
}

TEST_F(GroupFits, TwoPairsKeepTheOwnWcsOrMoveIt)
{
    add_stars(2, 0.0);

    ASSERT_TRUE(choose(true_place));

    EXPECT_TRUE(keeps_matrix());
    EXPECT_LT(error(), 1e-3);
}
}  // namespace
}  // namespace sectile::astrometry
