// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace sectile::report
{
/// Wall and CPU time of one phase on this rank.
struct PhaseTiming
{
    std::string name;
    double wall = 0.0;         ///< seconds
    double cpu = 0.0;          ///< seconds of all threads of this process
    double peak_memory = 0.0;  ///< bytes, peak resident size up to the end of the phase
};

/// Everything a user sees of a run, collected as it goes. Thread-safe. Values are JSON texts so that callers
/// keep their own types; to_json() puts them together. fallback() notes count equal texts once.
class RunReport
{
  public:
    RunReport();
    ~RunReport();

    /// Runs `work` and records its times under `name`.
    template <class Work>
    auto timed(std::string name, Work&& work)
    {
        Timer const timer(*this, std::move(name));
        return work();
    }

    /// Puts a JSON text at a top-level key.
    void set(std::string const& key, std::string const& json_text);
    /// Any fallback, clipped value or unused option; logged once as a warning, counted.
    void note(std::string const& text);

    [[nodiscard]] std::vector<PhaseTiming> phases() const;
    /// Table of the phases for the terminal.
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
    };
    struct State;
    std::unique_ptr<State> state_;
};

/// Log lines to the terminal (rank 0) and to a file; installs itself as the core log sink. Lines of other ranks' local
/// channel are written to stderr with the rank in front.
class LogFile
{
  public:
    LogFile(int rank, std::string const& level);
    ~LogFile();
    /// Starts writing into `path` (what was said before is written first). Rank 0.
    void open(std::string const& path);

  private:
    struct State;
    std::shared_ptr<State> state_;
};
}  // namespace sectile::report
