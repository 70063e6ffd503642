// SPDX-License-Identifier: BSD-3-Clause
#include "sectile/report/run_report.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "sectile/core/error.hpp"
#include "sectile/core/log.hpp"
#include "sectile/core/system.hpp"
#include "sectile/report/telemetry.hpp"

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
    std::vector<PhaseTiming> phases;
    std::vector<std::pair<std::string, std::int64_t>> notes;  ///< in order of first appearance
    std::map<std::string, std::size_t> note_index;
    Clock::time_point start = Clock::now();
    double cpu_start = core::read_process_usage().cpu_time;

    Telemetry* telemetry = nullptr;

    PhaseTiming total() const
    {
        // Telemetry starts the peak of the process anew with every phase.
        double peak = static_cast<double>(core::read_process_usage().peak_resident);
        for (PhaseTiming const& phase : phases) {
            peak = std::max(peak, phase.peak_memory);
        }
        return {"total", seconds_since(start), core::read_process_usage().cpu_time - cpu_start,
                peak};
    }
};

RunReport::RunReport() : state_(std::make_unique<State>()) {}

RunReport::~RunReport() = default;

RunReport::Timer::Timer(RunReport& report, std::string name)
    : report_(report),
      name_(std::move(name)),
      start_(Clock::now()),
      cpu_start_(core::read_process_usage().cpu_time),
      telemetry_(report.state_->telemetry)
{
    if (telemetry_ != nullptr) {
        telemetry_->begin_phase(name_);
    }
}

RunReport::Timer::~Timer()
{
    if (telemetry_ != nullptr) {
        telemetry_->end_phase();
    }
    PhaseTiming const timing{name_, seconds_since(start_),
                             core::read_process_usage().cpu_time - cpu_start_,
                             static_cast<double>(core::read_process_usage().peak_resident)};
    std::lock_guard const lock(report_.state_->mutex);
    auto& phases = report_.state_->phases;
    auto const known = std::find_if(phases.begin(), phases.end(), [&](PhaseTiming const& phase) {
        return phase.name == timing.name;
    });
    if (known == phases.end()) {
        phases.push_back(timing);
        return;
    }
    known->wall += timing.wall;
    known->cpu += timing.cpu;
    known->peak_memory = std::max(known->peak_memory, timing.peak_memory);
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

void RunReport::append(std::string const& key, std::string const& json_text)
{
    Json value = Json::parse(json_text, nullptr, false);
    core::require(!value.is_discarded(), "a value of the report is JSON");
    std::lock_guard const lock(state_->mutex);
    state_->values[key].push_back(std::move(value));
}

void RunReport::note(std::string const& text)
{
    {
        std::lock_guard const lock(state_->mutex);
        auto const [entry, is_new] = state_->note_index.try_emplace(text, state_->notes.size());
        if (!is_new) {
            ++state_->notes[entry->second].second;
            return;
        }
        state_->notes.emplace_back(text, 1);
    }
    core::log_local(core::LogLevel::warning, text);
}

std::vector<PhaseTiming> RunReport::phases() const
{
    std::lock_guard const lock(state_->mutex);
    return state_->phases;
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
    auto const timing_json = [](PhaseTiming const& timing) {
        return Json{{"name", timing.name},
                    {"wall", timing.wall},
                    {"cpu", timing.cpu},
                    {"utilisation", utilisation(timing)},
                    {"peak_memory", static_cast<std::int64_t>(timing.peak_memory)}};
    };
    std::lock_guard const lock(state_->mutex);
    Json phases = Json::array();
    for (PhaseTiming const& timing : state_->phases) {
        phases.push_back(timing_json(timing));
    }
    Json notes = Json::array();
    for (auto const& [text, count] : state_->notes) {
        notes.push_back(Json{{"text", text}, {"count", count}});
    }
    Json document = state_->values;
    document.emplace("phases", std::move(phases));
    document.emplace("total", timing_json(state_->total()));
    document.emplace("notes", std::move(notes));
    // Headers of frames are not always UTF-8; a strange byte must not cost the user the report.
    return document.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}
}  // namespace sectile::report
