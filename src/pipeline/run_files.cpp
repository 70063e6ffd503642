// SPDX-License-Identifier: BSD-3-Clause
#include "pipeline/run_files.hpp"

#include <filesystem>
#include <system_error>
#include <vector>

#include <nlohmann/json.hpp>

#include "sectile/core/error.hpp"
#include "sectile/product/provenance.hpp"
#include "sectile/product/rejection_maps.hpp"
#include "sectile/report/json_lists.hpp"

#include "pipeline/phase.hpp"

namespace sectile::pipeline
{
namespace
{
std::filesystem::path tiles_folder(RunConfig const& config)
{
    return std::filesystem::path(scratch_directory(config)) / "tiles";
}

std::string group_json(plan::Group const& group)
{
    nlohmann::json entry;
    entry["id"] = group.id.value;
    entry["center"] = {group.center.lon.degrees(), group.center.lat.degrees()};
    for (core::FrameId const id : group.frames) {
        entry["frames"].push_back(id.value);
    }
    return entry.dump();
}

std::string run_json(RunConfig const& config, Context const& context)
{
    nlohmann::json json;
    json["software"] = "sectile " + product::program_version();
    json["ranks"] = context.world.size();
    json["host"] = comm::host_name();
    json["mpi"] = comm::mpi_library_version();
    json["cores_of_rank_0"] = context.crew.node().cores;
    json["ram_available"] = context.crew.node().ram_available;
    json["backend"] = context.crew.backend().name();
    json["options"] = config.options_text;
    json["options_without_effect"] = config.notes;
    return json.dump();
}
}  // namespace

RunFiles::RunFiles(RunConfig const& config, comm::Communicator const& world, report::LogFile& log)
    : config_(config)
{
    comm::agree(world, "opening the output directory", [&] {
        if (!world.is_root()) {
            return;
        }
        lock_ = std::make_unique<io::OutputLock>(config.output);
        std::error_code error;
        std::filesystem::create_directories(tiles_folder(config), error);
        if (error) {
            throw core::IoError(
                core::sentence("the folder " + tiles_folder(config).string() + " cannot be made",
                               error.message(), "check --output"));
        }
        if (config.makes_rejection_maps()) {
            product::make_rejection_folder(config.output);
        }
        log.open(config.output + "/sectile.log");
    });
}

void RunFiles::clean_up(plan::MosaicPlan const& mosaic) const
{
    if (lock_) {
        product::remove_other_maps(config_.output,
                                   config_.makes_rejection_maps() ? mosaic.groups.size() : 0);
    }
    if (config_.keep == Keep::none && lock_) {
        std::error_code ignored;
        std::filesystem::remove_all(tiles_folder(config_), ignored);
    }
}

namespace
{
/// The way that the run takes, as its phases declare themselves.
std::string pipeline_json(RunConfig const& config)
{
    auto json = nlohmann::json::array();
    for (Phase const* const phase : phases_of(config)) {
        nlohmann::json entry{{"name", phase->name},
                             {"options_hash", options_hash(*phase, config.picture_options_text)}};
        if (phase->kind) {
            entry["plan"] = plan::name_of(*phase->kind);
        }
        for (Artefact const artefact : phase->reads) {
            entry["reads"].push_back(name_of(artefact));
        }
        for (Artefact const artefact : phase->makes) {
            entry["makes"].push_back(name_of(artefact));
        }
        json.push_back(std::move(entry));
    }
    return json.dump();
}
}  // namespace

void write_report(RunConfig const& config, plan::MosaicPlan const& mosaic, Context& context,
                  std::string const& error)
{
    context.report.set("run", run_json(config, context));
    context.report.set("pipeline", pipeline_json(config));
    if (mosaic.grid.width() > 0) {
        context.report.set("grid", plan::grid_to_json(mosaic.grid));
    }
    context.report.set("error", error.empty() ? "null" : nlohmann::json(error).dump());
    std::vector<report::JsonList> const lists{
        {"frames", mosaic.frames.size(),
         [&](std::size_t i) { return product::frame_json(mosaic.frames[i]); }},
        {"groups", mosaic.groups.size(),
         [&](std::size_t i) { return group_json(mosaic.groups[i]); }}};
    io::write_text_file(config.output + "/report.json", [&](io::TextSink const& out) {
        report::write_with_lists(context.report.to_json(), lists, out);
    });
}
}  // namespace sectile::pipeline
