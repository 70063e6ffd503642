// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "sectile/core/log.hpp"
#include "sectile/report/log_file.hpp"

namespace sectile::report
{
class Telemetry;

/// Wall and CPU time of one phase on this rank.
struct PhaseTiming
{
    std::string name;
    double wall = 0.0;         ///< seconds
    double cpu = 0.0;          ///< seconds of all threads of this process
    double peak_memory = 0.0;  ///< bytes, peak resident size up to the end of the phase
};

/// What a phase that a parallel plan executed took on this rank, beside what was predicted.
struct PlanResult
{
    std::string phase;
    std::string summary;              ///< of the plan, a line
    std::int64_t predicted_peak = 0;  ///< bytes of the process
    std::int64_t measured_peak = 0;   ///< bytes of the process
    double cpu_utilisation = 0.0;     ///< of the cores of this rank, 0..1
};

/// Everything a user sees of a run, collected as it goes on every rank and put together on rank 0.
/// Thread-safe. Values are JSON texts so that callers keep their own types; to_json() puts them
/// together. Times of equal phase names are added up; equal notes are counted.
class RunReport
{
  public:
    RunReport();
    ~RunReport();

    /// Tells `telemetry` from now on which phase runs; null: nobody. It must outlive the phases.
    void watch(Telemetry* telemetry);

    /// Runs `work` and records its times under `name`, also when it throws; what it throws is
    /// thrown.
    template <class Work>
    std::invoke_result_t<Work&> timed(std::string name, Work&& work)
    {
        using Result = std::invoke_result_t<Work&>;
        if constexpr (std::is_void_v<Result>) {
            run_timed(std::move(name), std::ref(work));
        } else {
            std::optional<Result> result;
            run_timed(std::move(name), [&] { result.emplace(work()); });
            return std::move(*result);
        }
    }

    /// Puts a JSON text at a top-level key. The report itself adds phases, total, plans, notes and
    /// warnings; a value that the caller set for one of these stays. Throws core::InternalError
    /// when it is not JSON.
    void set(std::string const& key, std::string const& json_text);
    /// Any fallback, clipped value or unused option; logged once as a warning on `channel`,
    /// counted. world: about the run, kept on rank 0; else about this rank, which is named.
    void note(std::string const& text, core::LogChannel channel = core::LogChannel::local);
    /// Once per phase.
    void add_plan(PlanResult result);

    /// What rank 0 should know of this rank: times, results of plans, local notes (those that find
    /// no room in about `most_bytes` are counted). For add_ranks() of the report there.
    [[nodiscard]] std::vector<std::byte> share(std::size_t most_bytes) const;
    /// Rank 0, at the end: puts what the other ranks know beside what this one does. `shares` are
    /// in the order of the ranks, the one of rank 0 is not looked at. Once.
    void add_ranks(std::vector<std::vector<std::byte>> const& shares);
    /// Rank 0, at the end: what was said at warning level and is no note.
    void add_warnings(std::vector<LoggedLine> warnings);

    [[nodiscard]] std::vector<PhaseTiming> phases() const;
    /// Table of the phases for the terminal: wall and CPU time, their ratio, peak memory. The last
    /// line is the whole life of the report, with what happened between the phases.
    [[nodiscard]] std::string timing_table() const;
    [[nodiscard]] std::string to_json() const;

  private:
    void run_timed(std::string name, std::function<void()> const& work);

    struct State;
    std::unique_ptr<State> state_;
};
}  // namespace sectile::report
