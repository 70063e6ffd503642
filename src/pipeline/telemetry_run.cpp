// SPDX-License-Identifier: BSD-3-Clause
#include "pipeline/telemetry_run.hpp"

#include <algorithm>
#include <filesystem>
#include <map>
#include <span>
#include <system_error>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace sectile::pipeline
{
namespace
{
using Json = nlohmann::ordered_json;

std::string part_path(RunConfig const& config, int rank)
{
    return fmt::format("{}/telemetry_{:05}.csv", scratch_directory(config), rank);
}

Json phases_json(report::Telemetry const& sampler, Context const& context)
{
    Json phases = Json::array();
    for (report::PhaseUse const& use : sampler.phases()) {
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
        phases.push_back(std::move(entry));
    }
    return Json{{"rank", context.world.rank()},
                {"host", comm::host_name()},
                {"cores", context.crew.node().cores},
                {"peak_resident", sampler.peak_resident()},
                {"phases", std::move(phases)}};
}

/// Largest over mean CPU time of the ranks, per phase.
Json imbalance_json(Json const& ranks)
{
    struct Load
    {
        double sum = 0.0;
        double largest = 0.0;
    };
    std::map<std::string, Load> loads;
    for (Json const& rank : ranks) {
        for (Json const& phase : rank["phases"]) {
            Load& load = loads[phase["name"].get<std::string>()];
            double const cpu = phase["cpu"].get<double>();
            load.sum += cpu;
            load.largest = std::max(load.largest, cpu);
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
    std::string const mine = phases_json(*sampler_, context_).dump();
    context_.report.watch(nullptr);
    sampler_.reset();
    // Gathering is also the point where all parts are closed.
    auto const gathered = comm::gather(context_.world, std::as_bytes(std::span(mine)));
    comm::agree(context_.world, "joining telemetry", [&] {
        if (!context_.world.is_root()) {
            return;
        }
        Json ranks = Json::array();
        std::vector<std::string> parts;
        for (auto const& bytes : gathered) {
            parts.push_back(part_path(config_, static_cast<int>(parts.size())));
            ranks.push_back(Json::parse(
                std::string(reinterpret_cast<char const*>(bytes.data()), bytes.size())));
        }
        report::merge_telemetry(parts, config_.output + "/telemetry.csv");
        for (std::string const& part : parts) {
            std::error_code ignored;
            std::filesystem::remove(part, ignored);
        }
        context_.report.set("imbalance", imbalance_json(ranks).dump());
        context_.report.set("ranks", ranks.dump());
    });
}
}  // namespace sectile::pipeline
