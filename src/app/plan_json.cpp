// SPDX-License-Identifier: BSD-3-Clause
#include <nlohmann/json.hpp>

#include "app/plan_report.hpp"

namespace sectile::app
{
namespace
{
using nlohmann::ordered_json;

ordered_json json_of(plan::ParallelPlan const& plan)
{
    return {{"phase", plan::name_of(plan.kind)},
            {"cpu_workers", plan.cpu_workers},
            {"use_gpu", plan.use_gpu},
            {"rows_per_chunk", plan.rows_per_chunk},
            {"columns_per_chunk", plan.columns_per_chunk},
            {"tiles_per_chunk", plan.tiles_per_chunk},
            {"max_chunk_bytes", plan.max_chunk_bytes},
            {"gpu_rows_per_chunk", plan.gpu_rows_per_chunk},
            {"gpu_max_chunk_bytes", plan.gpu_max_chunk_bytes},
            {"use_memmap", plan.use_memmap},
            {"budget_bytes", plan.budget_bytes},
            {"predicted_peak_bytes", plan.predicted_peak_bytes},
            {"predicted_io_bytes", plan.predicted_io_bytes},
            {"summary", plan::summary_line(plan)}};
}

ordered_json json_of(pipeline::CoaddFacts const& facts)
{
    return {{"width", facts.width},
            {"height", facts.height},
            {"sources", facts.sources},
            {"depth", facts.depth},
            {"ranks", facts.ranks},
            {"idle_ranks", facts.idle_ranks},
            {"rounds", facts.rounds},
            {"imbalance", facts.imbalance},
            {"bytes_read", facts.bytes_read},
            {"bytes_written", facts.bytes_written},
            {"route", facts.route == engine::Route::push ? "push" : "pull"},
            {"messages", facts.traffic.messages},
            {"message_bytes", facts.traffic.bytes},
            {"messages_between_nodes", facts.traffic.messages_between_nodes},
            {"message_bytes_between_nodes", facts.traffic.bytes_between_nodes},
            {"parallel_plan", json_of(facts.parallel)}};
}

ordered_json json_of(pipeline::TilesFacts const& tiles)
{
    return {{"teams", tiles.teams},
            {"ranks_per_team", tiles.ranks_per_team},
            {"most_tiles", tiles.most_tiles},
            {"imbalance", tiles.imbalance},
            {"bytes_read", tiles.bytes_read},
            {"bytes_written", tiles.bytes_written},
            {"largest_tile", json_of(tiles.largest)}};
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
    if (overview.tiles) {
        json["master_tiles"] = json_of(*overview.tiles);
    }
    json["assembly"] = json_of(overview.assembly);
    json["memory"] = {{"rank_bytes", overview.rank_bytes},
                      {"node_bytes", overview.node_bytes},
                      {"node_limit_bytes", overview.node_limit}};
    // Paths may hold bytes that are no UTF-8.
    return json.dump(2, ' ', false, ordered_json::error_handler_t::replace);
}
}  // namespace sectile::app
