// SPDX-License-Identifier: BSD-3-Clause
#include <vector>

#include <gtest/gtest.h>

#include "sectile/core/error.hpp"
#include "sectile/solve/wcs_fit.hpp"

#include "star_fields.hpp"
#include "wcs_sketches.hpp"

namespace sectile::test
{
namespace
{
using solve::PlaneAffine;
using solve::SkyMatch;
using solve::WcsFit;

TEST(TransferredWcs, IsTheReferenceSeenThroughTheMap)
{
    for (auto const& [name, sketch] : zoo()) {
        for (PlaneAffine const& map : {PlaneAffine{1.0, 0.0, 200.0, 0.0, 1.0, -30.0},
                                       PlaneAffine{0.342, -0.94, 900.0, 0.94, 0.342, -20.0},
                                       PlaneAffine{-0.9, 0.1, 900.0, 0.05, 1.1, -20.0}}) {
            SCOPED_TRACE(name);
            sky::SkyWcs const reference = make_wcs(sketch);

            sky::SkyWcs const moved(solve::transferred_wcs(reference.description(), map, 700, 500));

            EXPECT_EQ(moved.width(), 700);
            EXPECT_EQ(moved.height(), 500);
            for (sky::PixelPos const& pixel : random_pixels(moved.bounds(), 50)) {
                double const apart =
                    separation(moved.pixel_to_sky(pixel), reference.pixel_to_sky(map.apply(pixel)));
                EXPECT_LT(apart / reference.pixel_scale().arcsec(), 1e-8);
            }
        }
    }
}

/// They belong to the pixels of another detector: all that is lost is their size.
TEST(TransferredWcs, LeavesLookUpTablesOut)
{
    sky::SkyWcs const reference(with_lookup({.angle = 10.0}));

    sky::WcsDescription const moved =
        solve::transferred_wcs(reference.description(), {}, 1000, 800);

    EXPECT_TRUE(moved.pixel_lookup.empty() && moved.detector_lookup.empty());
    EXPECT_LT(worst_difference(reference, moved), 2.1);
    EXPECT_LT(worst_difference(make_wcs({.angle = 10.0}), moved), 1e-8);
}

/// A raw frame without WCS: tied to a solved one by its stars, then fitted to their sky places.
TEST(TransferredWcs, IsAStartForTheFit)
{
    FieldSketch const field{.stars = 150, .width = 1000.0, .height = 800.0, .noise = 0.1};
    FieldPair const pair = simulated_pair(field, about_centre(field, 70.0, 0.976, 80.0, 30.0));
    sky::SkyWcs const reference = make_wcs({.lon_type = "RA---TAN-SIP",
                                            .lat_type = "DEC--TAN-SIP",
                                            .angle = 33.0,
                                            .more = sip_cards()});

    solve::StarMatch const match = solve::match_pattern(pair.reference, pair.moving);
    ASSERT_TRUE(match.accepted) << match.reason;
    sky::WcsDescription const start =
        solve::transferred_wcs(reference.description(), match.transform, 1000, 800);
    std::vector<SkyMatch> matches;
    for (auto const& [m, r] : match.pairs) {
        matches.push_back({{pair.moving[m].x, pair.moving[m].y},
                           reference.pixel_to_sky({pair.reference[r].x, pair.reference[r].y})});
    }
    WcsFit const fit = solve::fit_wcs(start, matches);

    EXPECT_TRUE(fit.converged);
    EXPECT_LT(fit.rms_pixels, 0.25);
    sky::SkyWcs const found(fit.wcs);
    for (auto const& [m, r] : pair.common) {
        sky::PixelPos const pixel{pair.moving[m].x, pair.moving[m].y};
        EXPECT_LT(
            separation(found.pixel_to_sky(pixel), reference.pixel_to_sky(pair.truth.apply(pixel))) /
                reference.pixel_scale().arcsec(),
            0.1);
    }
}

TEST(TransferredWcs, RefusesASingularMap)
{
    EXPECT_THROW((void)solve::transferred_wcs(describe({}), {0.0, 0.0, 1.0, 0.0, 1.0, 1.0}, 10, 10),
                 core::InputError);
}
}  // namespace
}  // namespace sectile::test
