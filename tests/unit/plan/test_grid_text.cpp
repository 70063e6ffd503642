// SPDX-License-Identifier: BSD-3-Clause
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "sectile/core/error.hpp"
#include "sectile/plan/canvas_grid.hpp"

#include "plan/grid_cards.hpp"
#include "unit/plan/fields.hpp"

namespace
{
using namespace sectile;
using plan::CanvasGrid;
using plan::grid_from_header_text;
using plan::grid_from_json;

std::string const montage_header =
    "SIMPLE  = T\n"
    "BITPIX  = -64\n"
    "NAXIS   = 2\n"
    "NAXIS1  = 3000\n"
    "NAXIS2  = 2000\n"
    "CTYPE1  = 'RA---TAN'\n"
    "CTYPE2  = 'DEC--TAN'\n"
    "EQUINOX = 2000\n"
    "CRVAL1  =  10.683333300\n"
    "CRVAL2  =  41.269166700\n"
    "CDELT1  =   -0.000277780\n"
    "CDELT2  =    0.000277780\n"
    "CRPIX1  =  1500.5000\n"
    "CRPIX2  =  1000.5000\n"
    "CROTA2  =    30.0\n"
    "END\n";

std::string card_of(CanvasGrid const& grid, std::string keyword)
{
    keyword.resize(8, ' ');
    std::string const cards = grid.wcs.cards;
    for (std::size_t at = 0; at < cards.size(); at += 80) {
        if (cards.compare(at, 8, keyword) == 0) {
            return cards.substr(at, 80);
        }
    }
    return {};
}

TEST(GridCards, AreFixedFormatCardsOfEightyCharacters)
{
    EXPECT_EQ(plan::integer_card("WCSAXES", 2),
              "WCSAXES =                    2" + std::string(50, ' '));
    EXPECT_EQ(plan::number_card("CRPIX1", -12.5),
              "CRPIX1  =                -12.5" + std::string(50, ' '));
    EXPECT_EQ(plan::text_card("CUNIT1", "deg"), "CUNIT1  = 'deg     '" + std::string(60, ' '));
    EXPECT_EQ(plan::text_card("A", "it's"), "A       = 'it''s   '" + std::string(60, ' '));
}

TEST(GridCards, WriteNumbersThatReadBackTheSame)
{
    for (double const value :
         {1.0, -0.0, 1e-5, -7.7e-5, 123456789012345.0, 359.999999999999, 2.5e-300, 1e20}) {
        std::string const text = plan::card_number(value);

        EXPECT_EQ(std::stod(text), value) << text;
        EXPECT_NE(text.find('.'), std::string::npos) << text;
        EXPECT_EQ(text.find('e'), std::string::npos) << text;
    }
    EXPECT_EQ(plan::card_number(1.0 / 3.0), "0.333333333333333");
}

TEST(GridFromHeaderText, ReadsMontage)
{
    CanvasGrid const grid = grid_from_header_text(montage_header);

    EXPECT_EQ(grid.width(), 3000);
    EXPECT_EQ(grid.height(), 2000);
    EXPECT_EQ(grid.projection, "TAN");
    EXPECT_NEAR(grid.pixel_scale.arcsec(), 1.000008, 1e-6);
    EXPECT_LT(test::separation_degrees(grid.center, test::sky_at(10.6833333, 41.2691667)), 1e-9);
    EXPECT_EQ(card_of(grid, "CRVAL1").substr(0, 30), "CRVAL1  =         10.683333300");
    EXPECT_EQ(card_of(grid, "CTYPE1").substr(0, 20), "CTYPE1  = 'RA---TAN'");
    EXPECT_TRUE(card_of(grid, "SIMPLE").empty());
    EXPECT_TRUE(card_of(grid, "NAXIS1").empty());
    EXPECT_EQ(grid.wcs.cards.text().size() % 80, 0U);
}

// Greisen & Calabretta (2002), equation 189: CD1_2 = -CDELT2 sin(CROTA2), CD2_2 = CDELT2
// cos(CROTA2), so +y points 30 degrees west of north for CROTA2 = 30.
TEST(GridFromHeaderText, TurnsByCrota2)
{
    sky::SkyWcs const wcs(grid_from_header_text(montage_header).wcs);

    EXPECT_NEAR(wcs.position_angle().degrees(), -30.0, 1e-3);
    EXPECT_FALSE(wcs.is_mirrored());
}

TEST(GridFromHeaderText, ReadsSwarpHeadWithCommentsAndWithoutEnd)
{
    std::string const head =
        "COMMENT written by a program = with equals\r\n"
        "NAXIS   =                    2 / number of axes\r\n"
        "NAXIS1  =                  800 / Number of pixels along this axis\r\n"
        "NAXIS2  =                  600 / Number of pixels along this axis\r\n"
        "EQUINOX =        2000.00000000 / Mean equinox\r\n"
        "RADESYS = 'ICRS    '           / Astrometric system\r\n"
        "CTYPE1  = 'RA---ZEA'           / it''s the projection / really\r\n"
        "CUNIT1  = 'deg     '           / Axis unit\r\n"
        "CRVAL1  =   2.666667000000E+02 / World coordinate on this axis\r\n"
        "CRPIX1  =                400.5 / Reference pixel on this axis\r\n"
        "CD1_1   =  -1.111111111111E-03 / Linear projection matrix\r\n"
        "CD1_2   =   0.000000000000E+00 / Linear projection matrix\r\n"
        "CTYPE2  = 'DEC--ZEA'           / WCS projection type for this axis\r\n"
        "CUNIT2  = 'deg     '           / Axis unit\r\n"
        "CRVAL2  =  -2.900780000000E+01 / World coordinate on this axis\r\n"
        "CRPIX2  =                300.5 / Reference pixel on this axis\r\n"
        "CD2_1   =   0.000000000000E+00 / Linear projection matrix\r\n"
        "CD2_2   =   1.111111111111E-03 / Linear projection matrix\r\n"
        "EXPTIME =        10.0          / not of the grid\r\n";

    CanvasGrid const grid = grid_from_header_text(head);

    EXPECT_EQ(grid.projection, "ZEA");
    EXPECT_EQ(grid.width(), 800);
    EXPECT_NEAR(grid.pixel_scale.arcsec(), 4.0, 1e-4);
    EXPECT_LT(test::separation_degrees(grid.center, test::sky_at(266.6667, -29.0078)), 1e-9);
    EXPECT_TRUE(card_of(grid, "EXPTIME").empty());
    EXPECT_EQ(card_of(grid, "CRVAL1").find('/'), std::string::npos);
}

TEST(GridFromHeaderText, ReadsCardsWithoutSeparators)
{
    CanvasGrid const lines = grid_from_header_text(montage_header);
    std::string cards = plan::literal_card("SIMPLE", "T") + plan::integer_card("NAXIS1", 3000) +
                        plan::integer_card("NAXIS2", 2000) + lines.wcs.cards.text();
    std::string end = "END";
    end.resize(80, ' ');
    cards += end + plan::text_card("CTYPE1", "JUNK AFTER END");

    CanvasGrid const grid = grid_from_header_text(cards);

    EXPECT_EQ(grid.hash(), lines.hash());
}

TEST(GridFromHeaderText, KeepsOnlyTheCelestialAxes)
{
    std::string const cube =
        montage_header.substr(0, montage_header.find("END")) +
        "NAXIS3  = 3\nCTYPE3  = 'RGB'\nCRVAL3  = 1\nCD3_3   = 1\nWCSAXES = 3\n";

    CanvasGrid const grid = grid_from_header_text(cube);

    EXPECT_EQ(grid.hash(), grid_from_header_text(montage_header).hash());
}

TEST(GridFromHeaderText, SaysWhatIsMissing)
{
    auto const message_of = [](std::string const& text) -> std::string {
        try {
            (void)grid_from_header_text(text);
        } catch (core::InputError const& error) {
            return error.what();
        }
        return "accepted";
    };
    std::string no_size = montage_header;
    no_size.replace(no_size.find("NAXIS2"), 6, "NOTHIS");
    std::string bad_size = montage_header;
    bad_size.replace(bad_size.find("= 2000"), 6, "= -200");
    std::string table = montage_header;
    table.replace(table.find("EQUINOX = 2000"), 14, "CPDIS1  = 'Lookup'");

    EXPECT_NE(message_of("").find("no header"), std::string::npos);
    EXPECT_NE(message_of("just some = text\nof no use\n").find("no header"), std::string::npos);
    EXPECT_NE(message_of(no_size).find("NAXIS2"), std::string::npos);
    EXPECT_NE(message_of(bad_size).find("-200"), std::string::npos);
    EXPECT_NE(message_of(table).find("look-up"), std::string::npos);
}

TEST(ReferenceGrid, IsUsedExactlyAndOtherFieldsAreLeftOut)
{
    plan::GridOptions options;
    options.reference_grid = montage_header;
    std::vector<plan::GridInput> const inputs =
        test::inputs_of({{.ra = 10.7, .dec = 41.3}, {.ra = 50.0, .dec = -10.0}});

    CanvasGrid const grid = plan::plan_canvas(inputs, options);

    EXPECT_EQ(grid.hash(), grid_from_header_text(montage_header).hash());
    EXPECT_EQ(grid.left_out, (std::vector<std::size_t>{1}));
    EXPECT_THROW((void)plan::plan_canvas(test::inputs_of({{.ra = 50.0, .dec = -10.0}}), options),
                 core::ConfigError);
    // A field larger than the grid has no corner on it, and covers it all the same.
    EXPECT_TRUE(
        plan::plan_canvas(test::inputs_of({{.ra = 10.7, .dec = 41.3, .scale = 20.0}}), options)
            .left_out.empty());
}

TEST(GridJson, RoundTripsWithItsHash)
{
    plan::GridOptions options;
    options.pixel_scale = core::Angle::from_arcsec(60.0);
    CanvasGrid const grid = plan::plan_canvas(
        test::inputs_of({{.ra = 10.0}, {.ra = 10.1}, {.ra = 10.2}, {.ra = 30.0}}), options);

    std::string const text = plan::grid_to_json(grid);
    CanvasGrid const back = grid_from_json(text);

    EXPECT_EQ(back.hash(), grid.hash());
    EXPECT_EQ(back.wcs.cards, grid.wcs.cards);
    EXPECT_EQ(back.width(), grid.width());
    EXPECT_EQ(back.height(), grid.height());
    EXPECT_EQ(back.projection, grid.projection);
    EXPECT_EQ(back.far_away, grid.far_away);
    EXPECT_EQ(back.left_out, grid.left_out);
    EXPECT_NEAR(back.pixel_scale.arcsec(), 60.0, 1e-12);
    EXPECT_LT(test::separation_degrees(back.center, grid.center), 1e-12);
    EXPECT_EQ(plan::grid_to_json(back), text) << "what is written again is the same";
}

TEST(GridJson, StatesTheCornersAndNullOffTheSky)
{
    CanvasGrid const small = grid_from_header_text(montage_header);
    nlohmann::json const json = nlohmann::json::parse(plan::grid_to_json(small));
    ASSERT_EQ(json.at("corners_deg").size(), 4U);
    sky::SkyCoord const corner = test::sky_at(json.at("corners_deg").at(2).at(0).get<double>(),
                                              json.at("corners_deg").at(2).at(1).get<double>());
    sky::PixelPos const pixel = sky::SkyWcs(small.wcs).sky_to_pixel(corner);
    EXPECT_NEAR(pixel.x, 2999.5, 1e-6);
    EXPECT_NEAR(pixel.y, 1999.5, 1e-6);

    plan::GridOptions options;
    options.projection = "AIT";
    options.pixel_scale = core::Angle::from_degrees(1.0);
    std::vector<test::Field> fields;
    for (int ra = 0; ra < 360; ra += 20) {
        fields.push_back({.ra = double(ra), .width = 700, .height = 4000, .scale = 120.0});
    }
    CanvasGrid const whole = plan::plan_canvas(test::inputs_of(fields), options);
    EXPECT_TRUE(nlohmann::json::parse(plan::grid_to_json(whole)).at("corners_deg").at(0).is_null());
}

TEST(GridJson, RefusesWhatWasChangedOrIsNoGrid)
{
    std::string const text = plan::grid_to_json(grid_from_header_text(montage_header));
    auto const changed = [&](std::string const& from, std::string const& to) {
        std::string copy = text;
        copy.replace(copy.find(from), from.size(), to);
        return copy;
    };

    EXPECT_THROW((void)grid_from_json(changed("\"width\": 3000", "\"width\": 3001")),
                 core::InputError);
    EXPECT_THROW((void)grid_from_json(changed("10.683333300", "10.683333301")), core::InputError);
    EXPECT_THROW((void)grid_from_json(changed("sectile-grid-1", "sectile-grid-9")),
                 core::InputError);
    EXPECT_THROW((void)grid_from_json(changed("\"height\"", "\"hight\"")), core::InputError);
    EXPECT_THROW((void)grid_from_json("{"), core::InputError);
    EXPECT_THROW((void)grid_from_json(""), core::InputError);
}
}  // namespace
