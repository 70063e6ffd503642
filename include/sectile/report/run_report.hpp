// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

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

/// Everything a user sees of a run, collected as it goes. Thread-safe. Values are JSON texts so
/// that callers keep their own types; to_json() puts them together. Times of equal phase names are
/// added up; equal notes are counted.
class RunReport
{
  public:
    RunReport();
    ~RunReport();

    /// Tells `telemetry` from now on which phase runs; null: nobody. It must outlive the phases.
    void watch(Telemetry* telemetry);

    /// Runs `work` and records its times under `name`.
    template <class Work>
    auto timed(std::string name, Work&& work)
    {
        Timer const timer(*this, std::move(name));
        return work();
    }

    /// Puts a JSON text at a top-level key. The report itself adds phases, total and notes; a value
    /// that the caller set for one of these stays. Throws core::InternalError when it is not JSON.
    void set(std::string const& key, std::string const& json_text);
    /// Adds a JSON text to the list at a top-level key.
    void append(std::string const& key, std::string const& json_text);
    /// Any fallback, clipped value or unused option; logged once as a warning, counted.
    void note(std::string const& text);

    [[nodiscard]] std::vector<PhaseTiming> phases() const;
    /// Table of the phases for the terminal: wall and CPU time, their ratio, peak memory. The last
    /// line is the whole life of the report, with what happened between the phases.
    [[nodiscard]] std::string timing_table() const;
    [[nodiscard]] std::string to_json() const;

  private:
    class Timer
    {
      public:
        Timer(RunReport& report, std::string name);
        ~Timer();
        Timer(Timer const&) = delete;
        Timer& operator=(Timer const&) = delete;

      private:
        RunReport& report_;
        std::string name_;
        std::chrono::steady_clock::time_point start_;
        double cpu_start_;
        Telemetry* telemetry_;
    };
    struct State;
    std::unique_ptr<State> state_;
};

/// Log lines to the terminal (rank 0) and to a file; installs itself as the core log sink. All
/// lines for the terminal go to stderr, so that stdout stays free for results (`plan --json`).
/// Lines of other ranks' local channel are written to stderr with the rank in front. Time stamps
/// are in the file only.
class LogFile
{
  public:
    /// `level`: debug, info, warning or error; throws core::ConfigError for another word.
    LogFile(int rank, std::string const& level);
    /// Closes the file; later lines still reach the terminal.
    ~LogFile();
    LogFile(LogFile const&) = delete;
    LogFile& operator=(LogFile const&) = delete;
    /// Starts writing at the end of `path`, so that earlier runs keep their lines; what was said
    /// before is written first. Every line is flushed: a killed run leaves a whole log. Rank 0.
    /// Throws core::IoError.
    void open(std::string const& path);

  private:
    struct State;
    std::shared_ptr<State> state_;
};
}  // namespace sectile::report
