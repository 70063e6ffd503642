// SPDX-License-Identifier: BSD-3-Clause
#include <nlohmann/json.hpp>

#include "app/plan_report.hpp"

namespace sectile::app
{
namespace
{
using nlohmann::ordered_json;

/// Of a phase with a coadd, in one object.
ordered_json coadd_json(ordered_json const& phase)
{
    ordered_json json = phase["coadd"];
    json["parallel_plan"] = phase["parallel_plan"];
    return json;
}

ordered_json json_of(machine::PlannedMachine const& machine)
{
    return {{"ranks", machine.ranks},
            {"ranks_per_node", machine.ranks_per_node},
            {"nodes", machine.nodes},
            {"node_cores", machine.node_cores},
            {"cores_per_rank", machine.rank.cores},
            {"node_ram_total", machine.rank.ram_total},
            {"node_ram_available", machine.rank.ram_available},
            {"gpus", machine.rank.gpus}};
}

ordered_json frames_json(pipeline::PlanOverview const& overview)
{
    ordered_json quarantined = ordered_json::array();
    for (plan::FrameRecord const& frame : overview.mosaic->frames) {
        if (!frame.verdict.accepted()) {
            quarantined.push_back({{"path", frame.header.path},
                                   {"hdu", frame.header.hdu},
                                   {"reason", frame.verdict.reason}});
        }
    }
    return {{"total", overview.mosaic->frames.size()},
            {"accepted", overview.accepted},
            {"input_bytes", overview.input_bytes},
            {"quarantined", std::move(quarantined)}};
}
}  // namespace

std::string plan_json(pipeline::PlanOverview const& overview)
{
    plan::CanvasGrid const& grid = overview.mosaic->grid;
    ordered_json json{{"mode", overview.mode},
                      {"frames", frames_json(overview)},
                      {"groups",
                       {{"count", overview.mosaic->groups.size()},
                        {"largest", overview.largest_group},
                        {"smallest", overview.smallest_group}}},
                      {"canvas",
                       {{"planes", overview.mosaic->planes},
                        {"height", grid.height()},
                        {"width", grid.width()},
                        {"projection", grid.projection},
                        {"pixel_scale_arcsec", grid.pixel_scale.arcsec()},
                        {"hash", grid.hash()}}},
                      {"machine", json_of(overview.machine)}};
    json["phases"] = ordered_json::parse(pipeline::phases_json(overview.plan));
    for (ordered_json const& phase : json["phases"]) {
        if (phase.contains("tiles")) {
            json["master_tiles"] = phase["tiles"];
            json["master_tiles"]["largest_tile"] = coadd_json(phase);
        } else if (phase.contains("coadd")) {
            json["assembly"] = coadd_json(phase);
        }
    }
    json["memory"] = {{"rank_bytes", overview.rank_bytes},
                      {"node_bytes", overview.node_bytes},
                      {"node_limit_bytes", overview.node_limit}};
    // Paths may hold bytes that are no UTF-8.
    return json.dump(2, ' ', false, ordered_json::error_handler_t::replace);
}
}  // namespace sectile::app
