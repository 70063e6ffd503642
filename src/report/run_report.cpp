// SPDX-License-Identifier: BSD-3-Clause
#include "sectile/report/run_report.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <exception>
#include <mutex>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "sectile/core/error.hpp"
#include "sectile/core/log.hpp"
#include "sectile/core/system.hpp"
#include "sectile/report/telemetry.hpp"

#include "report/findings.hpp"
#include "report/rank_list.hpp"

namespace sectile::report
{
namespace
{
using Json = nlohmann::ordered_json;
using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start)
{
    return std::chrono::duration<double>(Clock::now() - start).count();
}

std::string duration_text(double value)
{
    if (value < 100.0) {
        return fmt::format("{:.2f} s", value);
    }
    auto const whole = static_cast<std::int64_t>(std::llround(value));
    return fmt::format("{}:{:02}:{:02}", whole / 3600, whole / 60 % 60, whole % 60);
}

std::string memory_text(double bytes)
{
    constexpr double mebi = 1024.0 * 1024.0;
    return bytes < 1024.0 * mebi ? fmt::format("{:.0f} MiB", bytes / mebi)
                                 : fmt::format("{:.2f} GiB", bytes / (1024.0 * mebi));
}

double utilisation(PhaseTiming const& timing)
{
    return timing.wall > 0.0 ? timing.cpu / timing.wall : 0.0;
}

std::string table_row(PhaseTiming const& timing, std::size_t name_width)
{
    return fmt::format("{:<{}}  {:>10}  {:>10}  {:>8.2f}  {:>11}\n", timing.name, name_width,
                       duration_text(timing.wall), duration_text(timing.cpu), utilisation(timing),
                       memory_text(timing.peak_memory));
}
}  // namespace

struct RunReport::State
{
    std::mutex mutex;
    Json values = Json::object();
    Findings findings;
    std::vector<LoggedLine> warnings;
    Clock::time_point start = Clock::now();
    double cpu_start = core::read_process_usage().cpu_time;

    Telemetry* telemetry = nullptr;

    PhaseTiming total() const
    {
        // Telemetry starts the peak of the process anew with every phase.
        double peak = static_cast<double>(core::read_process_usage().peak_resident);
        for (PhaseTiming const& phase : findings.phases()) {
            peak = std::max(peak, phase.peak_memory);
        }
        return {"total", seconds_since(start), core::read_process_usage().cpu_time - cpu_start,
                peak};
    }

    Json warnings_json() const
    {
        Json list = Json::array();
        for (LoggedLine const& line : warnings) {
            if (findings.has_note(line.text)) {
                continue;
            }
            list.push_back({{"text", line.text}, {"count", line.count}});
            if (!line.ranks.empty()) {
                list.back()["ranks"] = rank_list(line.ranks);
            }
        }
        return list;
    }
};

RunReport::RunReport() : state_(std::make_unique<State>()) {}

RunReport::~RunReport() = default;

void RunReport::run_timed(std::string name, std::function<void()> const& work)
{
    Telemetry* const telemetry = state_->telemetry;
    auto const start = Clock::now();
    double const cpu_start = core::read_process_usage().cpu_time;
    if (telemetry != nullptr) {
        telemetry->begin_phase(name);
    }
    auto const record = [&] {
        if (telemetry != nullptr) {
            telemetry->end_phase();
        }
        core::ProcessUsage const usage = core::read_process_usage();
        PhaseTiming const timing{name, seconds_since(start), usage.cpu_time - cpu_start,
                                 static_cast<double>(usage.peak_resident)};
        std::lock_guard const lock(state_->mutex);
        state_->findings.add_phase(timing);
    };
    try {
        work();
    } catch (...) {
        try {
            record();
        } catch (std::exception const& other) {
            // Why the work failed is what the caller should hear of.
            core::log_local(core::LogLevel::error, other.what());
        }
        throw;
    }
    record();
}

void RunReport::watch(Telemetry* telemetry)
{
    state_->telemetry = telemetry;
}

void RunReport::set(std::string const& key, std::string const& json_text)
{
    Json value = Json::parse(json_text, nullptr, false);
    core::require(!value.is_discarded(), "a value of the report is JSON");
    std::lock_guard const lock(state_->mutex);
    state_->values[key] = std::move(value);
}

void RunReport::note(std::string const& text, core::LogChannel channel)
{
    bool is_new = false;
    {
        std::lock_guard const lock(state_->mutex);
        is_new = state_->findings.add_note(text, channel != core::LogChannel::world);
    }
    if (is_new) {
        core::log(channel, core::LogLevel::warning, text);
    }
}

void RunReport::add_plan(PlanResult result)
{
    std::lock_guard const lock(state_->mutex);
    state_->findings.add_plan(std::move(result));
}

std::vector<std::byte> RunReport::share(std::size_t most_bytes) const
{
    std::lock_guard const lock(state_->mutex);
    return state_->findings.packed(most_bytes);
}

void RunReport::add_ranks(std::vector<std::vector<std::byte>> const& shares)
{
    std::lock_guard const lock(state_->mutex);
    state_->findings.merge(shares);
}

void RunReport::add_warnings(std::vector<LoggedLine> warnings)
{
    std::lock_guard const lock(state_->mutex);
    state_->warnings = std::move(warnings);
}

std::vector<PhaseTiming> RunReport::phases() const
{
    std::lock_guard const lock(state_->mutex);
    return state_->findings.phases();
}

std::string RunReport::timing_table() const
{
    std::vector<PhaseTiming> rows = phases();
    rows.push_back(state_->total());
    std::size_t name_width = 5;
    for (PhaseTiming const& row : rows) {
        name_width = std::max(name_width, row.name.size());
    }
    std::string table = fmt::format("{:<{}}  {:>10}  {:>10}  {:>8}  {:>11}\n", "phase", name_width,
                                    "wall", "cpu", "cpu/wall", "peak memory");
    for (PhaseTiming const& row : rows) {
        table += table_row(row, name_width);
    }
    return table;
}

std::string RunReport::to_json() const
{
    std::lock_guard const lock(state_->mutex);
    Json document = state_->values;
    document.emplace("phases", state_->findings.phases_json());
    document.emplace("total", json_of(state_->total()));
    document.emplace("plans", state_->findings.plans_json());
    document.emplace("notes", state_->findings.notes_json());
    document.emplace("warnings", state_->warnings_json());
    // Headers of frames are not always UTF-8; a strange byte must not cost the user the report.
    return document.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}
}  // namespace sectile::report
