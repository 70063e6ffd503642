// SPDX-License-Identifier: BSD-3-Clause
#include "pipeline/telemetry_run.hpp"

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <system_error>
#include <tuple>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "sectile/comm/share.hpp"

namespace sectile::pipeline
{
namespace
{
using Json = nlohmann::ordered_json;

std::string part_path(RunConfig const& config, int rank)
{
    return fmt::format("{}/telemetry_{:05}.csv", scratch_directory(config), rank);
}

/// What one rank used.
struct RankUse
{
    std::string host;
    int cores = 0;
    std::int64_t peak_resident = 0;
    std::vector<report::PhaseUse> phases;
};
auto fields(RankUse& use)
{
    return std::tie(use.host, use.cores, use.peak_resident, use.phases);
}

Json phase_json(report::PhaseUse const& use)
{
    Json entry{{"name", use.name},
               {"wall", use.wall},
               {"cpu", use.cpu},
               {"cpu_utilisation", use.utilisation},
               {"peak_resident", use.peak_resident}};
    if (use.gpu_utilisation) {
        entry["gpu_utilisation"] = *use.gpu_utilisation;
    }
    if (use.peak_vram) {
        entry["peak_vram"] = *use.peak_vram;
    }
    return entry;
}

Json ranks_json(std::vector<RankUse> const& ranks)
{
    Json list = Json::array();
    for (RankUse const& use : ranks) {
        Json phases = Json::array();
        for (report::PhaseUse const& phase : use.phases) {
            phases.push_back(phase_json(phase));
        }
        list.push_back({{"rank", list.size()},
                        {"host", use.host},
                        {"cores", use.cores},
                        {"peak_resident", use.peak_resident},
                        {"phases", std::move(phases)}});
    }
    return list;
}

/// Largest over mean CPU time of the ranks, per phase.
Json imbalance_json(std::vector<RankUse> const& ranks)
{
    struct Load
    {
        double sum = 0.0;
        double largest = 0.0;
    };
    std::map<std::string, Load> loads;
    for (RankUse const& rank : ranks) {
        for (report::PhaseUse const& phase : rank.phases) {
            Load& load = loads[phase.name];
            load.sum += phase.cpu;
            load.largest = std::max(load.largest, phase.cpu);
        }
    }
    Json imbalance = Json::object();
    for (auto const& [name, load] : loads) {
        imbalance[name] =
            load.sum > 0.0 ? load.largest * static_cast<double>(ranks.size()) / load.sum : 1.0;
    }
    return imbalance;
}
}  // namespace

TelemetryRun::TelemetryRun(RunConfig const& config, Context& context)
    : config_(config), context_(context), part_(part_path(config, context.world.rank()))
{
    if (config.telemetry_interval <= 0.0) {
        return;
    }
    comm::agree(context.world, "starting telemetry", [&] {
        int const rank = context.world.rank();
        sampler_ = std::make_unique<report::Telemetry>(
            report::TelemetryOrigin{rank, comm::host_name(), context.crew.node().cores}, part_,
            config.telemetry_interval, [&context] {
                auto const [done, total] = context.progress.items();
                comm::TrafficCount const traffic = comm::traffic_so_far();
                return report::TelemetryCounters{done, total, traffic.sent, traffic.received};
            });
    });
    context.report.watch(sampler_.get());
}

TelemetryRun::~TelemetryRun()
{
    context_.report.watch(nullptr);
    if (sampler_) {
        sampler_.reset();
        std::error_code ignored;
        std::filesystem::remove(part_, ignored);
    }
}

void TelemetryRun::finish()
{
    if (!sampler_) {
        return;
    }
    RankUse own{comm::host_name(), context_.crew.node().cores, sampler_->peak_resident(),
                sampler_->phases()};
    context_.report.watch(nullptr);
    sampler_.reset();
    // Gathering is also the point where all parts are closed.
    auto const ranks = comm::gather_values(context_.world, std::move(own));
    comm::agree(context_.world, "joining telemetry", [&] {
        if (!context_.world.is_root()) {
            return;
        }
        std::vector<std::string> parts;
        for (std::size_t rank = 0; rank < ranks.size(); ++rank) {
            parts.push_back(part_path(config_, static_cast<int>(rank)));
        }
        report::merge_telemetry(parts, config_.output + "/telemetry.csv");
        for (std::string const& part : parts) {
            std::error_code ignored;
            std::filesystem::remove(part, ignored);
        }
        context_.report.set("imbalance", imbalance_json(ranks).dump());
        context_.report.set("ranks", ranks_json(ranks).dump());
    });
}
}  // namespace sectile::pipeline
