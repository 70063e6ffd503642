// SPDX-License-Identifier: BSD-3-Clause
#include <gtest/gtest.h>

#include "sectile/core/error.hpp"
#include "sectile/plan/canvas_grid.hpp"

#include "unit/core/pseudo_random.hpp"
#include "unit/plan/fields.hpp"

namespace
{
using namespace sectile;
using core::Angle;
using plan::CanvasGrid;
using plan::GridInput;
using plan::GridOptions;
using plan::plan_canvas;
using test::Field;
using test::inputs_of;

/// Pixels (0-based) of points of the sky on the grid.
std::vector<sky::PixelPos> pixels_of(CanvasGrid const& grid,
                                     std::vector<sky::SkyCoord> const& points)
{
    std::vector<sky::PixelPos> pixels(points.size());
    sky::SkyWcs(grid.wcs).sky_to_pixel(points, pixels);
    return pixels;
}

/// Pixels: outlines may reach so far over the border (a stated constant of the planner, and
/// rounding).
constexpr double slack = 1.1e-3;

/// Every point of the outlines lies on the canvas.
void expect_covered(CanvasGrid const& grid, std::vector<GridInput> const& inputs)
{
    for (GridInput const& input : inputs) {
        for (sky::PixelPos const& pixel : pixels_of(grid, input.edge)) {
            EXPECT_GE(pixel.x, -0.5 - slack);
            EXPECT_GE(pixel.y, -0.5 - slack);
            EXPECT_LE(pixel.x, static_cast<double>(grid.width()) - 0.5 + slack);
            EXPECT_LE(pixel.y, static_cast<double>(grid.height()) - 0.5 + slack);
        }
    }
}

/// No border of more than `most` pixels is without input.
void expect_tight(CanvasGrid const& grid, std::vector<GridInput> const& inputs, double most)
{
    double x0 = 1e9;
    double y0 = 1e9;
    double x1 = -1e9;
    double y1 = -1e9;
    for (GridInput const& input : inputs) {
        for (sky::PixelPos const& pixel : pixels_of(grid, input.edge)) {
            x0 = std::min(x0, pixel.x);
            y0 = std::min(y0, pixel.y);
            x1 = std::max(x1, pixel.x);
            y1 = std::max(y1, pixel.y);
        }
    }
    EXPECT_LE(x0 + 0.5, most);
    EXPECT_LE(y0 + 0.5, most);
    EXPECT_GE(x1 + 0.5, static_cast<double>(grid.width()) - most);
    EXPECT_GE(y1 + 0.5, static_cast<double>(grid.height()) - most);
}

bool holds_card(CanvasGrid const& grid, std::string const& start)
{
    for (std::size_t at = 0; at < grid.wcs.cards.size(); at += 80) {
        if (grid.wcs.cards.compare(at, start.size(), start) == 0) {
            return true;
        }
    }
    return false;
}

TEST(PlanCanvas, CoversAMosaicTightlyWithNorthUp)
{
    std::vector<GridInput> const inputs =
        inputs_of({{.ra = 10.0, .dec = 41.0},
                   {.ra = 10.6, .dec = 41.2, .position_angle = 30.0},
                   {.ra = 10.3, .dec = 40.7}});

    CanvasGrid const grid = plan_canvas(inputs, {});

    expect_covered(grid, inputs);
    // Half a pixel of margin and less than a whole one of rounding; outlines are sampled every 125
    // pixels.
    expect_tight(grid, inputs, 2.0);
    EXPECT_EQ(grid.projection, "TAN");
    EXPECT_NEAR(grid.pixel_scale.arcsec(), 2.0, 1e-12);
    EXPECT_TRUE(grid.far_away.empty());
    EXPECT_TRUE(grid.left_out.empty());
    sky::SkyWcs const wcs(grid.wcs);
    EXPECT_FALSE(wcs.is_mirrored());
    EXPECT_EQ(wcs.projection(), "TAN");
    EXPECT_NEAR(wcs.pixel_scale().arcsec(), 2.0, 1e-3);
    // The canvas centre is not the reference point, so the meridians converge by less than a tenth
    // degree.
    EXPECT_NEAR(wcs.position_angle().degrees(), 0.0, 0.1);
}

TEST(PlanCanvas, GivesTheOnlyInputItsOwnSize)
{
    std::vector<GridInput> const inputs =
        inputs_of({{.ra = 200.0, .dec = -30.0, .width = 640.0, .height = 480.0}});

    CanvasGrid const grid = plan_canvas(inputs, {});

    EXPECT_EQ(grid.width(), 640);
    EXPECT_EQ(grid.height(), 480);
    EXPECT_LT(test::separation_degrees(grid.center, test::sky_at(200.0, -30.0)) * 3600.0, 1e-3);
}

TEST(PlanCanvas, IsRightAtBothPolesAndAcrossRightAscensionZero)
{
    for (double const dec : {90.0, 89.7, -90.0, -89.8, 0.0, 60.0}) {
        std::vector<Field> fields;
        for (int i = 0; i < 6; ++i) {
            sky::SkyCoord const sky =
                test::from_tangent_plane(test::sky_at(0.0, dec), 0.3 * (i % 3 - 1) * test::degree,
                                         0.3 * (i / 3) * test::degree);
            fields.push_back({.ra = sky.lon.degrees(), .dec = sky.lat.degrees()});
        }
        std::vector<GridInput> const inputs = inputs_of(fields);

        CanvasGrid const grid = plan_canvas(inputs, {});

        SCOPED_TRACE(dec);
        expect_covered(grid, inputs);
        // 0.6 + 0.56 by 0.3 + 0.56 degrees; turned frames at the pole need up to sqrt(2) more.
        EXPECT_LT(grid.width(), 3300);
        EXPECT_LT(grid.height(), 2800);
        EXPECT_EQ(grid.projection, "TAN");
    }
}

TEST(PlanCanvas, ChoosesTheProjectionByTheField)
{
    auto const strip = [](double step) {
        std::vector<Field> fields;
        for (int i = 0; i < 9; ++i) {
            fields.push_back(
                {.ra = step * i, .dec = 0.0, .width = 2000, .height = 2000, .scale = 3.0});
        }
        return inputs_of(fields);
    };
    GridOptions options;
    options.pixel_scale = Angle::from_arcsec(30.0);

    EXPECT_EQ(plan_canvas(strip(2.5), options).projection, "TAN");
    EXPECT_EQ(plan_canvas(strip(4.0), options).projection, "ZEA");
    EXPECT_EQ(plan_canvas(strip(20.0), options).projection, "ZEA");
    EXPECT_EQ(plan_canvas(strip(40.0), options).projection, "CAR");
}

std::vector<GridInput> whole_sky()
{
    std::vector<Field> fields;
    for (int dec = -80; dec <= 80; dec += 20) {
        for (int ra = 0; ra < 360; ra += 20) {
            fields.push_back({.ra = double(ra),
                              .dec = double(dec),
                              .width = 600,
                              .height = 600,
                              .scale = 130.0});
        }
    }
    fields.push_back({.ra = 0.0, .dec = 90.0, .width = 600, .height = 600, .scale = 130.0});
    fields.push_back({.ra = 0.0, .dec = -90.0, .width = 600, .height = 600, .scale = 130.0});
    return inputs_of(fields);
}

TEST(PlanCanvas, ShowsTheWholeSkyOnceOnAPlateCarree)
{
    GridOptions options;
    options.pixel_scale = Angle::from_degrees(0.5);

    CanvasGrid const grid = plan_canvas(whole_sky(), options);

    EXPECT_EQ(grid.projection, "CAR");
    EXPECT_EQ(grid.width(), 720);
    EXPECT_EQ(grid.height(), 360);
    EXPECT_TRUE(holds_card(grid, "CRVAL2  =                  0.0"));
    // Plain: rows are circles of latitude, 0.5 degrees apart, pixel centres a quarter off the pole.
    sky::SkyWcs const wcs(grid.wcs);
    for (double const x : {0.0, 100.0, 719.0}) {
        EXPECT_NEAR(wcs.pixel_to_sky(sky::PixelPos{x, 0.0}).lat.degrees(), -89.75, 1e-9);
        EXPECT_NEAR(wcs.pixel_to_sky(sky::PixelPos{x, 200.0}).lat.degrees(), 10.25, 1e-9);
    }
}

TEST(PlanCanvas, CoversTheWholeSkyInEveryProjectionThatCan)
{
    GridOptions options;
    options.pixel_scale = Angle::from_degrees(0.5);
    for (char const* name : {"AIT", "MOL", "SFL", "CEA", "CAR"}) {
        options.projection = name;

        CanvasGrid const grid = plan_canvas(whole_sky(), options);

        SCOPED_TRACE(name);
        expect_covered(grid, whole_sky());
        // The widest of them is 360 degrees of 0.5 (a few more for the rounding).
        EXPECT_LE(grid.width(), 724);
        EXPECT_LE(grid.height(), 364);
    }
}

TEST(PlanCanvas, SaysWhichProjectionCannotShowTheInputs)
{
    GridOptions options;
    options.pixel_scale = Angle::from_degrees(0.5);
    for (char const* name : {"TAN", "SIN", "MER"}) {
        options.projection = name;
        try {
            (void)plan_canvas(whole_sky(), options);
            FAIL() << name << " cannot show the whole sky";
        } catch (core::ConfigError const& error) {
            EXPECT_NE(std::string(error.what()).find(name), std::string::npos) << error.what();
        }
    }
}

TEST(PlanCanvas, TakesEveryProjectionForASmallField)
{
    std::vector<GridInput> const inputs =
        inputs_of({{.ra = 359.9, .dec = 20.0}, {.ra = 0.1, .dec = 20.1}});
    for (char const* name :
         {"TAN", "SIN", "STG", "ZEA", "ARC", "CAR", "AIT", "MER", "MOL", "SFL", "CEA"}) {
        GridOptions options;
        options.projection = name;

        CanvasGrid const grid = plan_canvas(inputs, options);

        SCOPED_TRACE(name);
        expect_covered(grid, inputs);
        EXPECT_EQ(sky::SkyWcs(grid.wcs).projection(), name);
        EXPECT_LT(grid.width(), 1500);
        EXPECT_LT(grid.height(), 1500);
    }
}

TEST(PlanCanvas, FollowsTheScaleRules)
{
    std::vector<GridInput> const inputs = inputs_of({{.ra = 1.0, .scale = 1.0},
                                                     {.ra = 1.1, .scale = 2.0},
                                                     {.ra = 1.2, .scale = 4.0},
                                                     {.ra = 1.1, .dec = 0.1, .scale = 3.0}});
    GridOptions options;

    EXPECT_NEAR(plan_canvas(inputs, options).pixel_scale.arcsec(), 2.5, 1e-12);
    options.pixel_scale = plan::PixelScaleRule::min;
    EXPECT_NEAR(plan_canvas(inputs, options).pixel_scale.arcsec(), 1.0, 1e-12);
    options.pixel_scale = plan::PixelScaleRule::max;
    EXPECT_NEAR(plan_canvas(inputs, options).pixel_scale.arcsec(), 4.0, 1e-12);
    options.pixel_scale = Angle::from_arcsec(1.7);
    EXPECT_NEAR(sky::SkyWcs(plan_canvas(inputs, options).wcs).pixel_scale().arcsec(), 1.7, 1e-4);
}

TEST(PlanCanvas, TurnsToTheAngleAsked)
{
    std::vector<GridInput> const inputs =
        inputs_of({{.ra = 80.0, .dec = 10.0, .position_angle = 25.0}});
    GridOptions options;
    options.orientation = Angle::from_degrees(25.0);

    CanvasGrid const grid = plan_canvas(inputs, options);

    EXPECT_NEAR(sky::SkyWcs(grid.wcs).position_angle().degrees(), 25.0, 1e-3);
    EXPECT_FALSE(sky::SkyWcs(grid.wcs).is_mirrored());
    EXPECT_LE(grid.width(), 1002);
    EXPECT_LE(grid.height(), 1002);
}

TEST(PlanCanvas, FindsTheRectangleOfLeastArea)
{
    std::vector<Field> fields;
    double const angle = 33.0;
    for (int i = 0; i < 6; ++i) {
        double const along = 0.4 * i * test::degree;
        sky::SkyCoord const sky = test::from_tangent_plane(test::sky_at(80.0, 10.0),
                                                           along * std::sin(angle * test::degree),
                                                           along * std::cos(angle * test::degree));
        fields.push_back(
            {.ra = sky.lon.degrees(), .dec = sky.lat.degrees(), .position_angle = angle});
    }
    std::vector<GridInput> const inputs = inputs_of(fields);
    GridOptions options;
    options.orientation = plan::OrientationRule::min_area;

    CanvasGrid const grid = plan_canvas(inputs, options);

    expect_covered(grid, inputs);
    std::int64_t const least = grid.width() * grid.height();
    // Brute force over whole degrees finds nothing better than the hull did, up to the rounding to
    // pixels.
    for (int degrees = -45; degrees <= 45; ++degrees) {
        options.orientation = Angle::from_degrees(degrees);
        CanvasGrid const other = plan_canvas(inputs, options);
        EXPECT_GE(static_cast<double>(other.width() * other.height()),
                  static_cast<double>(least) * 0.995);
    }
    EXPECT_NEAR(sky::SkyWcs(grid.wcs).position_angle().degrees(), angle, 0.5);
}

TEST(PlanCanvas, HonoursCentreAndPadding)
{
    std::vector<GridInput> const inputs = inputs_of({{.ra = 80.0, .dec = 10.0}});
    GridOptions options;
    options.center = test::sky_at(80.25, 10.0);
    options.padding_percent = 20.0;

    CanvasGrid const grid = plan_canvas(inputs, options);

    EXPECT_TRUE(holds_card(grid, "CRVAL1  =                80.25"));
    EXPECT_TRUE(holds_card(grid, "CRVAL2  =                 10.0"));
    EXPECT_NEAR(static_cast<double>(grid.width()), 1200.0, 6.0);
    expect_covered(grid, inputs);
}

TEST(PlanCanvas, ReportsAndDropsWhatLiesFarAway)
{
    std::vector<Field> fields;
    for (int i = 0; i < 9; ++i) {
        fields.push_back({.ra = 10.0 + 0.4 * (i % 3), .dec = 0.4 * (i / 3)});
    }
    fields.insert(fields.begin() + 4, {.ra = 190.0, .dec = -45.0});  // a wrong solution
    std::vector<GridInput> const inputs = inputs_of(fields);
    GridOptions options;
    options.pixel_scale = Angle::from_arcsec(60.0);

    CanvasGrid const kept = plan_canvas(inputs, options);
    options.outlier_tiles = plan::OutlierTiles::drop;
    CanvasGrid const dropped = plan_canvas(inputs, options);

    EXPECT_EQ(kept.far_away, (std::vector<std::size_t>{4}));
    EXPECT_TRUE(kept.left_out.empty());
    expect_covered(kept, inputs);
    EXPECT_EQ(dropped.far_away, (std::vector<std::size_t>{4}));
    EXPECT_EQ(dropped.left_out, (std::vector<std::size_t>{4}));
    EXPECT_LT(dropped.width() * dropped.height(), 10000);
}

TEST(PlanCanvas, KeepsAFarTileThatCostsLittle)
{
    // A long row and one more tile in its line after a gap of three fields: less than double.
    std::vector<Field> fields;
    for (int i = 0; i < 10; ++i) {
        fields.push_back({.ra = 10.0 + 0.5 * i, .dec = 0.0});
    }
    fields.push_back({.ra = 10.0 + 0.5 * 9 + 2.5, .dec = 0.0});
    GridOptions options;
    options.outlier_tiles = plan::OutlierTiles::drop;

    CanvasGrid const grid = plan_canvas(inputs_of(fields), options);

    EXPECT_EQ(grid.far_away, (std::vector<std::size_t>{10}));
    EXPECT_TRUE(grid.left_out.empty());
}

TEST(PlanCanvas, DropsNeitherOfTwoLoneFields)
{
    GridOptions options;
    options.outlier_tiles = plan::OutlierTiles::drop;
    std::vector<GridInput> const inputs = inputs_of({{.ra = 10.0}, {.ra = 15.0}});

    CanvasGrid const grid = plan_canvas(inputs, options);

    EXPECT_EQ(grid.far_away, (std::vector<std::size_t>{0, 1}));
    EXPECT_TRUE(grid.left_out.empty());
    expect_covered(grid, inputs);
}

TEST(PlanCanvas, RefusesAbsurdCanvasesWithSizeAndRemedy)
{
    GridOptions options;
    options.max_canvas_pixels = 1'999'999;
    try {
        (void)plan_canvas(inputs_of({{.ra = 10.0, .width = 2000}}), options);
        FAIL() << "a canvas of two million pixels was planned";
    } catch (core::ConfigError const& error) {
        std::string const text = error.what();
        EXPECT_NE(text.find("2000 x 1000 pixels"), std::string::npos) << text;
        EXPECT_NE(text.find("max_canvas_pixels"), std::string::npos) << text;
        EXPECT_NE(text.find("pixel_scale"), std::string::npos) << text;
    }
}

TEST(PlanCanvas, RefusesOptionsAndInputsThatMakeNoSense)
{
    std::vector<GridInput> const inputs = inputs_of({{.ra = 10.0}});
    GridOptions options;
    EXPECT_THROW((void)plan_canvas({}, options), core::InputError);
    options.projection = "XYZ";
    EXPECT_THROW((void)plan_canvas(inputs, options), core::ConfigError);
    options = {};
    options.pixel_scale = Angle::from_arcsec(0.0);
    EXPECT_THROW((void)plan_canvas(inputs, options), core::ConfigError);
    options = {};
    for (double const percent : {-1.0, 100.5}) {  // the bounds that the option has
        options.padding_percent = percent;
        EXPECT_THROW((void)plan_canvas(inputs, options), core::ConfigError) << percent;
    }
    options.padding_percent = 100.0;
    EXPECT_NO_THROW((void)plan_canvas(inputs, options));
}

TEST(PlanCanvas, CoversRandomMosaicsAnywhereOnTheSky)
{
    for (std::uint64_t seed = 1; seed <= 40; ++seed) {
        PseudoRandom random(seed);
        sky::SkyCoord const middle =
            test::sky_at(random.uniform(0.0, 360.0), random.uniform(-90.0, 90.0));
        double const reach = random.uniform(0.0, 20.0) * test::degree;
        std::vector<Field> fields;
        for (int i = 0; i < 12; ++i) {
            sky::SkyCoord const sky = test::from_tangent_plane(
                middle, random.uniform(-reach, reach), random.uniform(-reach, reach));
            fields.push_back({.ra = sky.lon.degrees(),
                              .dec = sky.lat.degrees(),
                              .width = random.uniform(100.0, 900.0),
                              .height = random.uniform(100.0, 900.0),
                              .scale = random.uniform(1.0, 9.0),
                              .position_angle = random.uniform(-180.0, 180.0)});
        }
        GridOptions options;
        options.pixel_scale = Angle::from_arcsec(20.0);
        if (seed % 2 == 0) {
            options.orientation = plan::OrientationRule::min_area;
        }
        std::vector<GridInput> const inputs = inputs_of(fields);

        CanvasGrid const grid = plan_canvas(inputs, options);

        SCOPED_TRACE(seed);
        expect_covered(grid, inputs);
        expect_tight(grid, inputs, 1.5);
    }
}

TEST(PlanCanvas, IsTheSameWhateverTheOrderOfInputs)
{
    std::vector<GridInput> inputs = inputs_of({{.ra = 10.0, .dec = 41.0},
                                               {.ra = 10.6, .dec = 41.2, .position_angle = 30.0},
                                               {.ra = 10.3, .dec = 40.7}});
    std::string const hash = plan_canvas(inputs, {}).hash();

    EXPECT_EQ(plan_canvas(inputs, {}).hash(), hash);
    std::reverse(inputs.begin(), inputs.end());
    CanvasGrid const turned = plan_canvas(inputs, {});

    // The middle is found in another order of points: the same to rounding, hence the same size.
    EXPECT_NEAR(turned.center.lon.degrees(), plan_canvas(inputs, {}).center.lon.degrees(), 1e-9);
}
}  // namespace
