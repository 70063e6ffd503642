// SPDX-License-Identifier: BSD-3-Clause
#include <array>
#include <cmath>

#include <nlohmann/json.hpp>

#include "sectile/core/error.hpp"
#include "sectile/plan/canvas_grid.hpp"

#include "plan/grid_cards.hpp"

namespace sectile::plan
{
namespace
{
using Json = nlohmann::ordered_json;

constexpr char const* format_name = "sectile-grid-1";

/// RA and Dec in degrees, or null where the grid leaves the sky (corners of an all-sky map).
Json degrees_of(sky::SkyCoord const& sky)
{
    if (!std::isfinite(sky.lon.radians()) || !std::isfinite(sky.lat.radians())) {
        return nullptr;
    }
    return Json::array({sky.lon.degrees(), sky.lat.degrees()});
}

Json corners_of(CanvasGrid const& grid)
{
    double const right = static_cast<double>(grid.width()) - 0.5;
    double const top = static_cast<double>(grid.height()) - 0.5;
    std::array<sky::PixelPos, 4> const pixels{
        {{-0.5, -0.5}, {right, -0.5}, {right, top}, {-0.5, top}}};
    std::array<sky::SkyCoord, 4> corners;
    sky::SkyWcs(grid.wcs).pixel_to_sky(pixels, corners);
    Json json = Json::array();
    for (sky::SkyCoord const& corner : corners) {
        json.push_back(degrees_of(corner));
    }
    return json;
}

Json cards_list(std::string const& cards)
{
    Json list = Json::array();
    for (std::size_t at = 0; at < cards.size(); at += card_length) {
        std::string card = cards.substr(at, card_length);
        list.push_back(card.substr(0, card.find_last_not_of(' ') + 1));
    }
    return list;
}

std::string joined_cards(Json const& list)
{
    std::string cards;
    for (Json const& item : list) {
        std::string card = item.get<std::string>();
        if (card.size() > card_length) {
            throw core::InputError(core::sentence("the saved grid cannot be used",
                                                  "a header card is longer than 80 characters",
                                                  "delete grid.json to plan the grid anew"));
        }
        card.resize(card_length, ' ');
        cards += card;
    }
    return cards;
}
}  // namespace

std::string grid_to_json(CanvasGrid const& grid)
{
    core::require(grid.wcs.pixel_lookup.empty() && grid.wcs.detector_lookup.empty(),
                  "a canvas grid has no look-up tables");
    Json json;
    json["format"] = format_name;
    json["hash"] = grid.hash();
    json["width"] = grid.width();
    json["height"] = grid.height();
    json["projection"] = grid.projection;
    json["pixel_scale_arcsec"] = grid.pixel_scale.arcsec();
    json["center_deg"] = degrees_of(grid.center);
    json["corners_deg"] = corners_of(grid);
    json["left_out"] = grid.left_out;
    json["far_away"] = grid.far_away;
    json["cards"] = cards_list(grid.wcs.cards);
    return json.dump(2) + "\n";
}

CanvasGrid grid_from_json(std::string const& text)
{
    try {
        Json const json = Json::parse(text);
        if (json.at("format").get<std::string>() != format_name) {
            throw core::InputError(core::sentence("the saved grid cannot be used",
                                                  "its format is not " + std::string(format_name),
                                                  "delete grid.json to plan the grid anew"));
        }
        CanvasGrid grid;
        grid.wcs.cards = joined_cards(json.at("cards"));
        grid.wcs.width = json.at("width").get<std::int64_t>();
        grid.wcs.height = json.at("height").get<std::int64_t>();
        grid.projection = json.at("projection").get<std::string>();
        grid.pixel_scale = core::Angle::from_arcsec(json.at("pixel_scale_arcsec").get<double>());
        grid.left_out = json.at("left_out").get<std::vector<std::size_t>>();
        grid.far_away = json.at("far_away").get<std::vector<std::size_t>>();
        Json const& center = json.at("center_deg");
        if (!center.is_null()) {
            grid.center = {core::Angle::from_degrees(center.at(0).get<double>()),
                           core::Angle::from_degrees(center.at(1).get<double>())};
        }
        if (grid.hash() != json.at("hash").get<std::string>()) {
            throw core::InputError(core::sentence("the saved grid cannot be used",
                                                  "its content does not match its hash",
                                                  "delete grid.json to plan the grid anew"));
        }
        return grid;
    } catch (Json::exception const& error) {
        throw core::InputError(core::sentence("the saved grid cannot be read", error.what(),
                                              "delete grid.json to plan the grid anew"));
    }
}
}  // namespace sectile::plan
