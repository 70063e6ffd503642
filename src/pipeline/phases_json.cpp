// SPDX-License-Identifier: BSD-3-Clause
#include <nlohmann/json.hpp>

#include "sectile/pipeline/planned_phases.hpp"

namespace sectile::pipeline
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
            {"added_bytes", plan.added_bytes},
            {"predicted_io_bytes", plan.predicted_io_bytes},
            {"summary", plan::summary_line(plan)}};
}

ordered_json json_of(CoaddFacts const& facts)
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
            {"message_bytes_between_nodes", facts.traffic.bytes_between_nodes}};
}

ordered_json json_of(TilesFacts const& tiles)
{
    return {{"teams", tiles.teams},           {"ranks_per_team", tiles.ranks_per_team},
            {"most_tiles", tiles.most_tiles}, {"imbalance", tiles.imbalance},
            {"bytes_read", tiles.bytes_read}, {"bytes_written", tiles.bytes_written}};
}
}  // namespace

std::string phases_json(LocalPlan const& plan)
{
    ordered_json phases = ordered_json::array();
    for (PlannedPhase const& phase : plan.phases) {
        ordered_json entry{{"name", phase.name}, {"parallel_plan", json_of(phase.parallel)}};
        if (phase.coadd) {
            entry["coadd"] = json_of(*phase.coadd);
        }
        if (phase.tiles) {
            entry["tiles"] = json_of(*phase.tiles);
        }
        phases.push_back(std::move(entry));
    }
    return phases.dump();
}
}  // namespace sectile::pipeline
