// SPDX-License-Identifier: BSD-3-Clause
#include <array>
#include <string_view>

#include <fmt/format.h>

#include "app/plan_report.hpp"

namespace sectile::app
{
namespace
{
std::string bytes_text(std::int64_t bytes)
{
    constexpr std::array units{"bytes", "KiB", "MiB", "GiB", "TiB", "PiB"};
    constexpr double step = 1024.0;
    auto value = static_cast<double>(bytes);
    std::size_t unit = 0;
    while (value >= step && unit + 1 < units.size()) {
        value /= step;
        ++unit;
    }
    return unit == 0 ? fmt::format("{} bytes", bytes)
                     : fmt::format("{:.1f} {}", value, units[unit]);
}

/// "s" where there is not exactly one.
char const* plural(std::int64_t count)
{
    return count == 1 ? "" : "s";
}

std::string row(std::string_view name, std::string const& text)
{
    return fmt::format("  {:<13} {}\n", name, text);
}

std::string coadd_rows(pipeline::PlannedPhase const& phase)
{
    pipeline::CoaddFacts const& facts = *phase.coadd;
    plan::ParallelPlan const& parallel = phase.parallel;
    std::string text;
    text += row(
        "strips",
        fmt::format("{} x {} pixels, {} round{}, imbalance {:.3f}{}", parallel.rows_per_chunk,
                    parallel.columns_per_chunk, facts.rounds, plural(facts.rounds), facts.imbalance,
                    facts.idle_ranks > 0 ? fmt::format(", {} ranks without rows", facts.idle_ranks)
                                         : std::string{}));
    text += row("memory",
                fmt::format("{} per rank, {} worker{}", bytes_text(parallel.predicted_peak_bytes),
                            parallel.cpu_workers, plural(parallel.cpu_workers)));
    return text;
}

std::string traffic_text(pipeline::CoaddFacts const& facts)
{
    if (facts.route == engine::Route::pull) {
        return "none: every rank reads what it needs (pull)";
    }
    plan::Traffic const& traffic = facts.traffic;
    return fmt::format("{} with {} (push), of them {} with {} between nodes", traffic.messages,
                       bytes_text(traffic.bytes), traffic.messages_between_nodes,
                       bytes_text(traffic.bytes_between_nodes));
}

std::string tiles_text(pipeline::PlannedPhase const& phase)
{
    pipeline::TilesFacts const& tiles = *phase.tiles;
    pipeline::CoaddFacts const& largest = *phase.coadd;
    std::string text = "P3 master tiles\n";
    text +=
        row("teams", fmt::format("{} of {} rank{}, at most {} tile{} each, imbalance {:.3f}",
                                 tiles.teams, tiles.ranks_per_team, plural(tiles.ranks_per_team),
                                 tiles.most_tiles, plural(tiles.most_tiles), tiles.imbalance));
    text += row("largest", fmt::format("{} x {} pixels from {} frame{}, at most {} deep",
                                       largest.height, largest.width, largest.sources,
                                       plural(largest.sources), largest.depth));
    text += coadd_rows(phase);
    text += row("bytes", fmt::format("{} read, {} written", bytes_text(tiles.bytes_read),
                                     bytes_text(tiles.bytes_written)));
    return text;
}

std::string assembly_text(pipeline::PlannedPhase const& phase)
{
    pipeline::CoaddFacts const& facts = *phase.coadd;
    bool const frames = phase.parallel.kind == plan::PlanKind::mosaic_first;
    std::string text = frames ? "Mosaic-First\n" : "P5 assembly\n";
    text += row("sources", fmt::format("{} {}, at most {} deep", facts.sources,
                                       frames ? "frames" : "tiles", facts.depth));
    text += coadd_rows(phase);
    text += row("bytes", fmt::format("{} read, {} written", bytes_text(facts.bytes_read),
                                     bytes_text(facts.bytes_written)));
    text += row("messages", traffic_text(facts));
    return text;
}

std::string machine_text(machine::PlannedMachine const& machine)
{
    std::string text = "machine\n";
    text += row("ranks", fmt::format("{} on {} node{}, {} per node", machine.ranks, machine.nodes,
                                     plural(machine.nodes), machine.ranks_per_node));
    text += row("node", fmt::format("{} core{} ({} per rank), {} available, {} GPU{}",
                                    machine.node_cores, plural(machine.node_cores),
                                    machine.rank.cores, bytes_text(machine.rank.ram_available),
                                    machine.rank.gpus, plural(machine.rank.gpus)));
    return text;
}
}  // namespace

std::string plan_text(pipeline::PlanOverview const& overview)
{
    plan::MosaicPlan const& mosaic = *overview.mosaic;
    auto const groups = static_cast<std::int64_t>(mosaic.groups.size());
    std::string text = fmt::format("plan ({})\n", overview.mode);
    text += row("frames",
                fmt::format("{} accepted, {} quarantined, {} on disk", overview.accepted,
                            static_cast<std::int64_t>(mosaic.frames.size()) - overview.accepted,
                            bytes_text(overview.input_bytes)));
    text += row("groups", fmt::format("{} (largest {}, smallest {} frames)", groups,
                                      overview.largest_group, overview.smallest_group));
    text += row("canvas", fmt::format("{} x {} x {} pixels, {}, {:.4g} arcsec per pixel, hash {}",
                                      mosaic.planes, mosaic.grid.height(), mosaic.grid.width(),
                                      mosaic.grid.projection, mosaic.grid.pixel_scale.arcsec(),
                                      mosaic.grid.hash()));
    text += machine_text(overview.machine);
    for (pipeline::PlannedPhase const& phase : overview.plan.phases) {
        if (phase.tiles) {
            text += tiles_text(phase);
        } else if (phase.coadd) {
            text += assembly_text(phase);
        }
    }
    text += "memory\n";
    text += row("per rank", bytes_text(overview.rank_bytes));
    text += row("per node",
                fmt::format("{} of the {} that the ranks of a node may take",
                            bytes_text(overview.node_bytes), bytes_text(overview.node_limit)));
    for (pipeline::PlannedPhase const& phase : overview.plan.phases) {
        text += plan::summary_line(phase.parallel) + "\n";
    }
    text.pop_back();
    return text;
}
}  // namespace sectile::app
