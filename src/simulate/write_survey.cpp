// SPDX-License-Identifier: BSD-3-Clause
#include "sectile/simulate/write_survey.hpp"

#include <array>
#include <cstdio>
#include <filesystem>
#include <map>
#include <string_view>
#include <system_error>
#include <vector>

#include <nlohmann/json.hpp>
#include <tbb/parallel_for.h>

#include "sectile/core/error.hpp"
#include "sectile/io/atomic_file.hpp"

#include "simulate/render.hpp"

namespace sectile::simulate
{
namespace
{
using nlohmann::ordered_json;

std::string frame_name(int index)
{
    std::array<char, 32> name{};
    std::snprintf(name.data(), name.size(), "frame_%05d.fits", index);
    return name.data();
}

/// Frames of a longer survey left in the directory would be taken for frames of this one.
void prepare_output(SimulateConfig const& config)
{
    std::error_code error;
    std::filesystem::create_directories(config.output, error);
    if (!std::filesystem::is_directory(config.output)) {
        throw core::IoError(core::sentence("cannot make the directory " + config.output,
                                           error ? error.message() : "a file has that name",
                                           "name another output"));
    }
    std::string const first_foreign = frame_name(config.frames);
    for (auto const& entry : std::filesystem::directory_iterator(config.output, error)) {
        std::string const name = entry.path().filename().string();
        bool const is_frame = name.starts_with("frame_") && name.ends_with(".fits");
        bool const is_later = name.size() > first_foreign.size() ||
                              (name.size() == first_foreign.size() && name >= first_foreign);
        if (is_frame && is_later) {
            throw core::ConfigError(core::sentence("the output directory holds " + name,
                                                   "it belongs to a survey of more frames",
                                                   "use an empty directory"));
        }
    }
}

/// Colours that the camera tells apart: one for mono, three otherwise.
ordered_json colours_json(SimulateConfig const& config, Colours const& colours)
{
    if (config.colour == "mono") {
        return ordered_json::array({colours[1]});
    }
    return ordered_json::array({colours[0], colours[1], colours[2]});
}

ordered_json config_json(SimulateConfig const& config)
{
    return {{"frames", config.frames},
            {"columns", config.columns},
            {"frames_per_pointing", config.frames_per_pointing},
            {"width", config.width},
            {"height", config.height},
            {"scale", config.scale},
            {"overlap", config.overlap},
            {"dither", config.dither},
            {"ra", config.ra},
            {"dec", config.dec},
            {"colour", config.colour},
            {"bayer_pattern", config.bayer_pattern},
            {"bits_per_pixel", config.bits_per_pixel},
            {"seeing", config.seeing},
            {"seeing_scatter", config.seeing_scatter},
            {"soft_seeing", config.soft_seeing},
            {"soft_share", config.soft_share},
            {"wings", config.wings},
            {"elongation", config.elongation},
            {"galaxies", config.galaxies},
            {"star_density", config.star_density},
            {"nebulosity", config.nebulosity},
            {"sky_level", config.sky_level},
            {"sky_scatter", config.sky_scatter},
            {"gradient", config.gradient},
            {"gain_scatter", config.gain_scatter},
            {"noise", config.noise},
            {"hot_pixels", config.hot_pixels},
            {"trails", config.trails},
            {"exposure_step", config.exposure_step},
            {"wcs_error", config.wcs_error},
            {"wcs_turn", config.wcs_turn},
            {"full_well", config.full_well},
            {"rotation", config.rotation},
            {"distortion", config.distortion},
            {"seed", config.seed},
            {"headers_only", config.headers_only}};
}

ordered_json exposure_json(SimulateConfig const& config, Exposure const& exposure)
{
    ordered_json trails = ordered_json::array();
    for (Trail const& trail : exposure.trails) {
        trails.push_back({{"x", trail.x},
                          {"y", trail.y},
                          {"angle", trail.angle},
                          {"width", trail.width},
                          {"brightness", trail.brightness}});
    }
    std::string const cards = exposure.wcs.cards();
    ordered_json wcs = ordered_json::array();
    constexpr std::size_t card_length = 80;
    for (std::size_t at = 0; at < cards.size(); at += card_length) {
        std::string const card = cards.substr(at, card_length);
        wcs.push_back(card.substr(0, card.find_last_not_of(' ') + 1));
    }
    return {{"file", frame_name(exposure.index)},
            {"pointing", exposure.pointing},
            {"date_obs", exposure.date_obs},
            {"gain", exposure.gain},
            {"sky", colours_json(config, exposure.sky)},
            {"gradient", {{"x", exposure.gradient_x}, {"y", exposure.gradient_y}}},
            {"noise", config.noise},
            {"seeing", exposure.seeing},
            {"trails", std::move(trails)},
            {"wcs", std::move(wcs)}};
}

/// Stars and glow that any frame can show, each once.
void add_sky(Survey const& survey, std::vector<Exposure> const& exposures, ordered_json& truth)
{
    SimulateConfig const& config = survey.config();
    std::map<std::uint64_t, SkyCell> cells;
    std::map<std::array<double, 2>, Blob> blobs;
    for (Exposure const& exposure : exposures) {
        core::Angle const reach = survey.reach(exposure);
        for (SkyCell const& cell : survey.sky().star_cells(exposure.wcs.center(), reach)) {
            cells.emplace(cell.id, cell);
        }
        for (Blob const& blob : survey.sky().blobs_near(exposure.wcs.center(), reach)) {
            blobs.emplace(std::array{blob.coord.lat.degrees(), blob.coord.lon.degrees()}, blob);
        }
    }
    ordered_json& stars = truth["stars"] = ordered_json::array();
    for (auto const& [id, cell] : cells) {
        for (Star const& star : survey.sky().stars_of(cell)) {
            stars.push_back({{"ra", star.coord.lon.degrees()},
                             {"dec", star.coord.lat.degrees()},
                             {"flux", colours_json(config, star.flux)}});
        }
    }
    ordered_json& glow = truth["nebulosity"] = ordered_json::array();
    for (auto const& [place, blob] : blobs) {
        glow.push_back({{"ra", blob.coord.lon.degrees()},
                        {"dec", blob.coord.lat.degrees()},
                        {"sigma_arcsec", blob.sigma.arcsec()},
                        {"brightness", colours_json(config, blob.brightness)}});
    }
}

void write_truth(Survey const& survey, std::vector<Exposure> const& exposures)
{
    SimulateConfig const& config = survey.config();
    ordered_json truth;
    truth["config"] = config_json(config);
    truth["colours"] =
        config.colour == "mono" ? ordered_json::array({"L"}) : ordered_json::array({"R", "G", "B"});
    ordered_json& frames = truth["frames"] = ordered_json::array();
    for (Exposure const& exposure : exposures) {
        frames.push_back(exposure_json(config, exposure));
    }
    // An ordered object moves its members when it grows: no reference into it is kept.
    ordered_json hot_pixels = ordered_json::array();
    truth["stars"] = ordered_json::array();
    truth["nebulosity"] = ordered_json::array();
    if (!config.headers_only) {
        for (HotPixel const& hot : survey.hot_pixels()) {
            hot_pixels.push_back(
                {{"x", hot.x}, {"y", hot.y}, {"plane", hot.plane}, {"excess", hot.excess}});
        }
    }
    truth["hot_pixels"] = std::move(hot_pixels);
    if (!config.headers_only) {
        add_sky(survey, exposures, truth);
    }
    std::string const path = (std::filesystem::path(config.output) / "truth.json").string();
    io::write_text_file(path, truth.dump(1) + "\n");
}
}  // namespace

int simulate_survey(SimulateConfig const& config)
{
    Survey const survey(config);
    prepare_output(config);
    std::vector<Exposure> exposures;
    exposures.reserve(static_cast<std::size_t>(config.frames));
    for (int index = 0; index < config.frames; ++index) {
        exposures.push_back(survey.exposure(index));
    }
    tbb::parallel_for(0, config.frames, [&](int index) {
        Exposure const& exposure = exposures[static_cast<std::size_t>(index)];
        std::string const path =
            (std::filesystem::path(config.output) / frame_name(index)).string();
        if (config.headers_only) {
            write_header_only(survey, exposure, path);
            return;
        }
        image::Image<float> const pixels = render(survey, exposure);
        write_frame(survey, exposure, pixels.view(), path);
    });
    write_truth(survey, exposures);
    return config.frames;
}
}  // namespace sectile::simulate
