// SPDX-License-Identifier: BSD-3-Clause
#include <gtest/gtest.h>

#include "sectile/core/error.hpp"
#include "sectile/plan/canvas_grid.hpp"

#include "unit/plan/fields.hpp"

namespace
{
using namespace sectile;
using core::Angle;
using plan::CanvasGrid;
using test::Field;

TEST(PlanTileGrid, TakesScaleAndOrientationOfTheReference)
{
    std::vector<plan::GridInput> const inputs =
        test::inputs_of({{.ra = 10.00, .dec = 41.0, .scale = 2.5},
                         {.ra = 10.05, .dec = 41.0, .scale = 2.0, .position_angle = 88.0},
                         {.ra = 10.00, .dec = 41.04, .scale = 2.5}});

    CanvasGrid const grid = plan::plan_tile_grid(inputs, 1, Angle::from_degrees(88.0), false);

    sky::SkyWcs const wcs(grid.wcs);
    EXPECT_EQ(grid.projection, "TAN");
    EXPECT_NEAR(wcs.pixel_scale().arcsec(), 2.0, 1e-4);
    // Across the meridians between the two centres the angle changes by 0.03 degrees.
    EXPECT_NEAR(wcs.position_angle().degrees(), 88.0, 0.05);
    EXPECT_FALSE(wcs.is_mirrored());
}

TEST(PlanTileGrid, CoversTheUnionOfItsFramesMirroredOrNot)
{
    std::vector<plan::GridInput> const inputs = test::inputs_of(
        {{.ra = 359.99, .dec = -20.0}, {.ra = 0.05, .dec = -20.03, .position_angle = 10.0}});
    for (bool const mirrored : {false, true}) {
        CanvasGrid const grid =
            plan::plan_tile_grid(inputs, 0, Angle::from_degrees(170.0), mirrored);

        sky::SkyWcs const wcs(grid.wcs);
        EXPECT_EQ(wcs.is_mirrored(), mirrored);
        EXPECT_NEAR(std::remainder(wcs.position_angle().degrees() - 170.0, 360.0), 0.0, 0.05);
        for (plan::GridInput const& input : inputs) {
            for (sky::SkyCoord const& point : input.edge) {
                sky::PixelPos const pixel = wcs.sky_to_pixel(point);
                EXPECT_GE(pixel.x, -0.502);
                EXPECT_GE(pixel.y, -0.502);
                EXPECT_LE(pixel.x, static_cast<double>(grid.width()) - 0.498);
                EXPECT_LE(pixel.y, static_cast<double>(grid.height()) - 0.498);
            }
        }
        EXPECT_LT(grid.width(), 1400);
        EXPECT_LT(grid.height(), 1400);
    }
}

// A frame that is the only one of its group is resampled by a shift below a pixel, wherever it
// points.
TEST(PlanTileGrid, IsParallelToItsReferenceEvenNearThePole)
{
    for (double const dec : {0.0, 70.0, 89.0, 89.95, -89.9}) {
        Field const reference{.ra = 40.0, .dec = dec, .position_angle = 25.0};
        sky::SkyCoord const near = test::from_tangent_plane(
            test::sky_at(40.0, dec), 0.08 * test::degree, 0.03 * test::degree);
        Field const other{
            .ra = near.lon.degrees(), .dec = near.lat.degrees(), .position_angle = 0.0};

        CanvasGrid const grid = plan::plan_tile_grid(test::inputs_of({reference, other}), 0,
                                                     Angle::from_degrees(25.0), false);

        sky::SkyWcs const wcs(grid.wcs);
        sky::PixelPos const a = wcs.sky_to_pixel(reference.sky_of(0.0, 500.0));
        sky::PixelPos const b = wcs.sky_to_pixel(reference.sky_of(999.0, 500.0));
        SCOPED_TRACE(dec);
        // Over 999 pixels the rows run apart by less than a tenth of a pixel.
        EXPECT_NEAR(b.y - a.y, 0.0, 0.1);
        EXPECT_NEAR(b.x - a.x, 999.0, 0.1);
    }
}

TEST(PlanTileGrid, RefusesAReferenceThatIsNone)
{
    EXPECT_THROW((void)plan::plan_tile_grid(test::inputs_of({{.ra = 1.0}}), 1, Angle(), false),
                 core::InternalError);
    EXPECT_THROW((void)plan::plan_tile_grid({}, 0, Angle(), false), core::InputError);
}
}  // namespace
