// SPDX-License-Identifier: BSD-3-Clause
#include "sectile/product/provenance.hpp"

#include <algorithm>
#include <filesystem>
#include <optional>
#include <set>
#include <sstream>

#include <nlohmann/json.hpp>

namespace sectile::product
{
namespace
{
using plan::FrameRecord;

/// The value all accepted frames have, or nothing.
template <class Get>
auto common_value(std::vector<FrameRecord> const& frames, Get&& get)
    -> std::optional<std::decay_t<decltype(get(frames.front()))>>
{
    std::optional<std::decay_t<decltype(get(frames.front()))>> common;
    for (FrameRecord const& frame : frames) {
        if (!frame.verdict.accepted()) {
            continue;
        }
        auto const value = get(frame);
        if (common && *common != value) {
            return std::nullopt;
        }
        common = value;
    }
    return common;
}

struct Exposure
{
    double total = 0.0;
    std::optional<double> begin;
    std::optional<double> end;
    std::string first_date;
    std::int64_t count = 0;
};

Exposure exposure_of(std::vector<FrameRecord> const& frames)
{
    Exposure sum;
    for (FrameRecord const& frame : frames) {
        if (!frame.verdict.accepted()) {
            continue;
        }
        sky::ExposureFacts const& facts = frame.header.facts;
        ++sum.count;
        sum.total += facts.exposure.value_or(0.0);
        if (facts.mjd) {
            double const end = *facts.mjd + facts.exposure.value_or(0.0) / 86400.0;
            if (!sum.begin || *facts.mjd < *sum.begin) {
                sum.begin = facts.mjd;
                sum.first_date = facts.date_obs;
            }
            sum.end = std::max(sum.end.value_or(end), end);
        }
    }
    return sum;
}

void add_text(std::vector<io::FitsCard>& cards, char const* keyword,
              std::optional<std::string> const& value, char const* comment)
{
    if (value && !value->empty()) {
        cards.push_back({keyword, *value, comment});
    }
}
}  // namespace

std::string program_version()
{
    return SECTILE_VERSION;
}

std::string common_unit(std::vector<FrameRecord> const& frames)
{
    return common_value(frames, [](FrameRecord const& f) { return f.header.facts.unit; })
        .value_or("");
}

std::string provenance_json(plan::MosaicPlan const& mosaic, std::string const& options)
{
    Exposure const exposure = exposure_of(mosaic.frames);
    nlohmann::json json;
    json["software"] = "sectile " + program_version();
    json["grid_hash"] = mosaic.grid.hash();
    json["frames_combined"] = exposure.count;
    json["exposure_total"] = exposure.total;
    json["options"] = options;
    auto& names = json["frames"] = nlohmann::json::array();
    for (FrameRecord const& frame : mosaic.frames) {
        if (frame.verdict.accepted()) {
            names.push_back(std::filesystem::path(frame.header.path).filename().string());
        }
    }
    return json.dump();
}

std::vector<io::FitsCard> provenance_cards(plan::MosaicPlan const& mosaic,
                                           std::string const& options)
{
    auto const& frames = mosaic.frames;
    Exposure const exposure = exposure_of(frames);
    auto const text = [&](std::string sky::ExposureFacts::*member) {
        return common_value(frames, [&](FrameRecord const& f) { return f.header.facts.*member; });
    };
    std::vector<io::FitsCard> cards;
    add_text(cards, "OBJECT", text(&sky::ExposureFacts::object), "target of all frames");
    add_text(cards, "INSTRUME", text(&sky::ExposureFacts::instrument), "instrument of all frames");
    add_text(cards, "TELESCOP", text(&sky::ExposureFacts::telescope), "telescope of all frames");
    add_text(cards, "FILTER", text(&sky::ExposureFacts::filter), "filter of all frames");
    add_text(cards, "BUNIT", common_unit(frames), "unit of the pixel values");
    cards.push_back({"NCOMBINE", exposure.count, "frames combined"});
    cards.push_back({"EXPTIME", exposure.total, "[s] sum of the exposure times"});
    add_text(cards, "DATE-OBS", exposure.first_date, "start of the first exposure");
    if (exposure.begin) {
        cards.push_back({"MJD-BEG", *exposure.begin, "[d] start of the first exposure"});
        cards.push_back({"MJD-END", *exposure.end, "[d] end of the last exposure"});
    }
    auto const gain =
        common_value(frames, [](FrameRecord const& f) { return f.header.facts.gain; });
    if (gain && *gain) {
        cards.push_back({"GAIN", **gain, "as in the headers of all frames"});
    }
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

std::string frames_json(std::vector<FrameRecord> const& frames)
{
    auto json = nlohmann::json::array();
    for (FrameRecord const& frame : frames) {
        nlohmann::json entry;
        entry["id"] = frame.id.value;
        entry["path"] = frame.header.path;
        entry["hdu"] = frame.header.hdu;
        entry["verdict"] = frame.verdict.accepted() ? "accepted" : "quarantined";
        if (!frame.verdict.accepted()) {
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
        for (auto const& [name, partner] : {std::pair{"weight_map", &frame.header.weight},
                                            std::pair{"mask", &frame.header.mask}}) {
            if (partner->exists()) {
                entry[name] = partner->path + "[" + std::to_string(partner->hdu) + "]";
            }
        }
        if (frame.header.weight.exists()) {
            entry["weight_scale"] = frame.header.weight.scale;
        }
        for (plan::PlaneMeasurement const& plane : frame.planes) {
            entry["scale"].push_back(plane.scale);
            entry["background"].push_back(plane.background);
            entry["noise_sigma"].push_back(plane.noise_sigma);
        }
        if (frame.verdict.accepted()) {
            entry["masked_fraction"] = frame.masked_fraction;
            entry["center"] = {frame.footprint.center.lon.degrees(),
                               frame.footprint.center.lat.degrees()};
            entry["pixel_scale"] = frame.footprint.pixel_scale.arcsec();
        }
        json.push_back(std::move(entry));
    }
    return json.dump();
}
}  // namespace sectile::product
