// SPDX-License-Identifier: BSD-3-Clause
#include "pipeline/run_files.hpp"

#include <filesystem>
#include <system_error>

#include <nlohmann/json.hpp>

#include "sectile/core/error.hpp"
#include "sectile/product/provenance.hpp"
#include "sectile/product/rejection_maps.hpp"

namespace sectile::pipeline
{
namespace
{
std::filesystem::path tiles_folder(RunConfig const& config)
{
    return std::filesystem::path(scratch_directory(config)) / "tiles";
}

std::string groups_json(plan::MosaicPlan const& mosaic)
{
    auto json = nlohmann::json::array();
    for (plan::Group const& group : mosaic.groups) {
        nlohmann::json entry;
        entry["id"] = group.id.value;
        entry["center"] = {group.center.lon.degrees(), group.center.lat.degrees()};
        for (core::FrameId const id : group.frames) {
            entry["frames"].push_back(id.value);
        }
        json.push_back(std::move(entry));
    }
    return json.dump();
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

void write_report(RunConfig const& config, plan::MosaicPlan const& mosaic, Context& context,
                  std::string const& error)
{
    context.report.set("run", run_json(config, context));
    context.report.set("frames", product::frames_json(mosaic.frames));
    context.report.set("groups", groups_json(mosaic));
    if (mosaic.grid.width() > 0) {
        context.report.set("grid", plan::grid_to_json(mosaic.grid));
    }
    context.report.set("error", error.empty() ? "null" : nlohmann::json(error).dump());
    io::write_text_file(config.output + "/report.json", context.report.to_json());
}
}  // namespace sectile::pipeline
