// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <array>
#include <optional>

#include <nlohmann/json.hpp>

#include "app/config_file.hpp"
#include "app/later_keys.hpp"

namespace sectile::app
{
namespace
{
using Json = nlohmann::json;

/// A scalar as the text a user would have written; none for null, objects and lists.
std::optional<std::string> text_of(Json const& value)
{
    if (value.is_string()) {
        return value.get<std::string>();
    }
    if (value.is_boolean()) {
        return format_switch(value.get<bool>());
    }
    if (value.is_number_float()) {
        return format_real(value.get<double>());
    }
    if (value.is_number()) {
        return value.dump();
    }
    return std::nullopt;
}

/// What ZeMosaic calls otherwise. `translate` may drop a value (nothing to set) or leave a text as
/// it is.
struct Renamed
{
    char const* zemosaic_key;
    char const* key;
    std::optional<std::string> (*translate)(std::string const& text);
};

std::optional<std::string> same(std::string const& text)
{
    return text;
}
std::optional<std::string> unless_empty(std::string const& text)
{
    return trimmed(text).empty() ? std::nullopt : std::optional(text);
}
std::optional<std::string> assembly(std::string const& text)
{
    return text == "reproject_coadd" ? "reproject" : text;
}
/// The switch chooses SDS; without it ZeMosaic runs the classic path.
std::optional<std::string> mode(std::string const& text)
{
    return text == "true" ? std::optional<std::string>("sds")
                          : (text == "false" ? std::nullopt : std::optional(text));
}
/// ZeMosaic falls back to the CPU by itself: its "true" is our "auto".
std::optional<std::string> use_gpu(std::string const& text)
{
    return text == "true" ? "auto" : (text == "false" ? "off" : text);
}
/// Its -1 is our 0: automatic.
std::optional<std::string> workers(std::string const& text)
{
    return text == "-1" ? "0" : text;
}
std::optional<std::string> keep(std::string const& text)
{
    return text == "run_end" || text == "per_tile" ? "none" : (text == "keep" ? "all" : text);
}
/// A switch there, a choice here: "true" is this program's own default.
std::optional<std::string> photometric_match(std::string const& text)
{
    return text == "true" ? std::nullopt
                          : std::optional<std::string>(text == "false" ? "off" : text);
}

constexpr std::array<Renamed, 11> renamed_keys{
    {{"input_dir", "input", unless_empty},
     {"output_dir", "output", unless_empty},
     {"final_assembly_method", "assembly", assembly},
     {"sds_mode_default", "mode", mode},
     {"global_wcs_pixelscale_mode", "pixel_scale", same},
     {"global_wcs_padding_percent", "padding_percent", same},
     {"global_wcs_orientation", "orientation", same},
     {"use_gpu_phase5", "use_gpu", use_gpu},
     {"num_processing_workers", "parallel_max_cpu_workers", workers},
     {"cache_retention", "keep", keep},
     {"intertile_photometric_match", "intertile_photometric_match", photometric_match}}};

/// Values of one key; a list of numbers for a single option is written "a,b" (winsor limits).
std::vector<std::string> values_of(Json const& value, Arity arity, Problems& problems,
                                   std::string const& shown)
{
    std::vector<std::string> values;
    for (Json const& item : value.is_array() ? value : Json::array({value})) {
        if (auto text = text_of(item)) {
            values.push_back(std::move(*text));
        } else if (!item.is_null()) {
            problems.add(shown +
                         " has a value of a kind that no option takes; write a text, a "
                         "number, true or false");
            return {};
        }
    }
    if (arity != Arity::list && values.size() > 1) {
        std::string together;
        for (std::string const& text : values) {
            together += (together.empty() ? "" : ",") + text;
        }
        values = {together};
    }
    return values;
}

void add_json_setting(std::string const& json_key, Json const& value,
                      std::vector<OptionInfo> const& table, std::string const& origin,
                      ConfigFile& file, std::vector<std::string>& unknown, Problems& problems)
{
    auto const renamed = std::find_if(renamed_keys.begin(), renamed_keys.end(),
                                      [&](Renamed const& r) { return json_key == r.zemosaic_key; });
    std::string const key = renamed == renamed_keys.end() ? json_key : renamed->key;
    auto const info =
        std::find_if(table.begin(), table.end(), [&](OptionInfo const& i) { return i.key == key; });
    if (info == table.end()) {
        unknown.push_back(json_key);
        return;
    }
    Setting setting{key, {}, origin};
    for (std::string const& text :
         values_of(value, info->arity, problems, shown_name({json_key, {}, origin}))) {
        if (auto translated =
                renamed == renamed_keys.end() ? same(text) : renamed->translate(text)) {
            setting.values.push_back(std::move(*translated));
        }
    }
    if (setting.values.empty()) {
        return;
    }
    bool const twice = std::any_of(file.settings.begin(), file.settings.end(),
                                   [&](Setting const& s) { return s.key == key; });
    if (twice) {
        problems.add(key + " is given more than once in " + origin +
                     " (two keys stand for it); keep one of them");
        return;
    }
    file.settings.push_back(std::move(setting));
}
}  // namespace

ConfigFile parse_json(std::string const& text, std::string const& origin,
                      std::vector<OptionInfo> const& table, Problems& problems)
{
    ConfigFile file;
    Json root;
    try {
        root = Json::parse(text);
    } catch (Json::exception const& error) {
        problems.add(core::sentence("cannot read the configuration file " + origin, error.what(),
                                    "it must be a JSON object"));
        return file;
    }
    if (!root.is_object()) {
        problems.add("cannot read the configuration file " + origin +
                     " (it holds no JSON object); write {\"key\": value, ...}");
        return file;
    }
    std::vector<std::string> unknown;
    for (auto const& [key, value] : root.items()) {
        add_json_setting(key, value, table, origin, file, unknown, problems);
    }
    auto const later = std::stable_partition(unknown.begin(), unknown.end(), is_later_key);
    if (later != unknown.begin()) {
        file.notes.push_back("options in " + origin + " that this version does not offer yet: " +
                             joined({unknown.begin(), later}));
    }
    if (later != unknown.end()) {
        file.notes.push_back("keys in " + origin + " that have no meaning here are ignored: " +
                             joined({later, unknown.end()}));
    }
    return file;
}
}  // namespace sectile::app
