// SPDX-License-Identifier: BSD-3-Clause
#include "sectile/product/provenance.hpp"

#include <filesystem>
#include <sstream>

#include <nlohmann/json.hpp>

#include "sectile/io/exposure_cards.hpp"
#include "sectile/plan/exposure.hpp"

namespace sectile::product
{
using plan::FrameRecord;

namespace
{
/// Names of files and what headers say need not be UTF-8; a strange byte must not cost the product
/// or the report.
std::string text_of(nlohmann::json const& json)
{
    return json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}
}  // namespace

std::string program_version()
{
    return SECTILE_VERSION;
}

std::string common_unit(std::vector<FrameRecord> const& frames)
{
    return plan::combined_exposure(frames).unit;
}

std::string provenance_json(plan::MosaicPlan const& mosaic, std::string const& options)
{
    sky::ExposureFacts const exposure = plan::combined_exposure(mosaic.frames);
    nlohmann::json json;
    json["software"] = "sectile " + program_version();
    json["grid_hash"] = mosaic.grid.hash();
    json["frames_combined"] = exposure.combined;
    json["exposure_total"] = exposure.exposure.value_or(0.0);
    json["options"] = options;
    auto& names = json["frames"] = nlohmann::json::array();
    for (FrameRecord const& frame : mosaic.frames) {
        if (frame.verdict.accepted()) {
            names.push_back(std::filesystem::path(frame.header.path).filename().string());
        }
    }
    return text_of(json);
}

std::vector<io::FitsCard> provenance_cards(plan::MosaicPlan const& mosaic,
                                           std::string const& options)
{
    std::vector<io::FitsCard> cards = io::exposure_cards(plan::combined_exposure(mosaic.frames));
    cards.push_back({"SOFTWARE", "sectile " + program_version(), "program that made this file"});
    cards.push_back({"GRIDHASH", mosaic.grid.hash(), "hash of the global grid"});
    std::istringstream lines(options);
    for (std::string line; std::getline(lines, line);) {
        if (!line.empty() && line.front() != '#' && line.front() != '[') {
            cards.push_back({"HISTORY", line, ""});
        }
    }
    return cards;
}

std::string frame_json(FrameRecord const& frame)
{
    nlohmann::json entry;
    entry["id"] = frame.id.value;
    entry["path"] = frame.header.path;
    entry["hdu"] = frame.header.hdu;
    entry["verdict"] = frame.verdict.accepted() ? "accepted" : "quarantined";
    if (!frame.verdict.accepted()) {
        entry["code"] = plan::name_of(frame.verdict.code);
        entry["reason"] = frame.verdict.reason;
    }
    if (frame.header.geometry.width > 0) {
        entry["shape"] = {frame.header.geometry.planes, frame.header.geometry.height,
                          frame.header.geometry.width};
        entry["wcs_origin"] = frame.header.wcs_origin;
        entry["date_obs"] = frame.header.facts.date_obs;
        entry["filter"] = frame.header.facts.filter;
        entry["instrument"] = frame.header.facts.instrument;
    }
    if (frame.quality.stars > 0) {
        entry["quality"] = {{"stars", frame.quality.stars},
                            {"fwhm", frame.quality.fwhm},
                            {"ellipticity", frame.quality.ellipticity},
                            {"gradient", frame.quality.gradient},
                            {"saturated_fraction", frame.quality.saturated_fraction}};
    }
    if (frame.registration.matches > 0) {
        entry["registration"] = {{"stars", frame.registration.matches},
                                 {"rms_pixels", frame.registration.rms},
                                 {"shift_pixels", frame.registration.shift}};
    }
    for (auto const& [name, partner] :
         {std::pair{"weight_map", &frame.header.weight}, std::pair{"mask", &frame.header.mask}}) {
        if ((*partner)->exists()) {
            entry[name] = (*partner)->path + "[" + std::to_string((*partner)->hdu) + "]";
        }
    }
    if (frame.header.weight->exists()) {
        entry["weight_scale"] = frame.header.weight->scale;
    }
    for (plan::PlaneMeasurement const& plane : frame.planes) {
        entry["scale"].push_back(plane.scale);
        entry["scale_error"].push_back(plane.scale_error);
        entry["background"].push_back(plane.background);
        entry["noise_sigma"].push_back(plane.noise_sigma);
    }
    if (frame.verdict.accepted()) {
        entry["masked_fraction"] = frame.masked_fraction;
        entry["center"] = {frame.footprint.center.lon.degrees(),
                           frame.footprint.center.lat.degrees()};
        entry["pixel_scale"] = frame.footprint.pixel_scale.arcsec();
    }
    return text_of(entry);
}
}  // namespace sectile::product
