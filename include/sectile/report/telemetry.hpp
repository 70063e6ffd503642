// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

namespace sectile::report
{
/// What one phase used on this rank. Repeats of a name are added up, peaks are maxima.
struct PhaseUse
{
    std::string name;
    double wall = 0.0;               ///< seconds
    double cpu = 0.0;                ///< seconds of all threads of this process
    double utilisation = 0.0;        ///< of the allowed cores, 0..1: cpu / (wall * cores)
    std::int64_t peak_resident = 0;  ///< bytes
    /// Mean over the samples, 0..1, of the whole device; none without NVML.
    std::optional<double> gpu_utilisation;
    std::optional<std::int64_t> peak_vram;  ///< bytes used on the device by all its processes
};
inline auto fields(PhaseUse& use)
{
    return std::tie(use.name, use.wall, use.cpu, use.utilisation, use.peak_resident,
                    use.gpu_utilisation, use.peak_vram);
}

/// Whom the samples are about.
struct TelemetryOrigin
{
    int rank = 0;
    std::string host;
    int cores = 1;  ///< that this rank may use; CPU % refers to them
    /// PCI bus id as the CUDA runtime gives it ("0000:65:00.0"). Empty: the first device that
    /// CUDA_VISIBLE_DEVICES names, or device 0.
    std::string gpu = {};
};

/// What only the caller knows, asked at each sample.
struct TelemetryCounters
{
    std::int64_t items_done = 0;  ///< of the phase that runs
    std::int64_t items_total = 0;
    std::int64_t bytes_sent = 0;  ///< to other ranks, since the start of the process
    std::int64_t bytes_received = 0;
};

/// First line of a part and of telemetry.csv. time: seconds since 1970 UTC; the bytes are counted
/// since the start of the process (read, written: by system calls).
inline constexpr std::string_view telemetry_header =
    "time,rank,host,phase,cpu_percent,rss_bytes,available_bytes,gpu_percent,vram_bytes,"
    "items_done,items_total,bytes_read,bytes_written,bytes_sent,bytes_received";

/// Samples what this process uses, each `interval` and at the end of each phase, into a part file
/// that merge_telemetry() joins. One sample costs a fraction of a millisecond and callers never
/// wait for the disk: a thread of its own writes. Once a line cannot be written (disk full)
/// sampling stops with one warning; phases are still recorded. Thread-safe.
class Telemetry
{
  public:
    /// Asked from the thread that samples; must not throw.
    using Counters = std::function<TelemetryCounters()>;

    /// Overwrites the file at `path`. `interval` in seconds. Throws core::ConfigError unless
    /// interval > 0 and cores > 0, core::IoError when the file cannot be made.
    Telemetry(TelemetryOrigin origin, std::string const& path, double interval = 1.0,
              Counters counters = {});
    /// Stops at once, after a last sample.
    ~Telemetry();
    Telemetry(Telemetry const&) = delete;
    Telemetry& operator=(Telemetry const&) = delete;

    /// Starts a phase; phases may nest and repeat. Samples bear the name of the innermost one.
    /// Starts the peak of the process anew
    /// (core::reset_peak_resident): ask peak_resident() for that of the whole run.
    void begin_phase(std::string name);
    /// Ends the innermost phase and samples. Throws core::InternalError when there is none.
    void end_phase();

    /// Ends its phase on destruction, also when the work throws.
    class Scope
    {
      public:
        Scope(Telemetry& telemetry, std::string name);
        ~Scope();
        Scope(Scope const&) = delete;
        Scope& operator=(Scope const&) = delete;

      private:
        Telemetry& telemetry_;
    };
    /// begin_phase() now, end_phase() when the result goes: auto const phase = t.phase("P3");
    [[nodiscard]] Scope phase(std::string name);

    /// In order of first begin; open phases with what they have used so far.
    [[nodiscard]] std::vector<PhaseUse> phases() const;
    /// Most bytes in memory since the start of the process.
    [[nodiscard]] std::int64_t peak_resident() const;

  private:
    struct State;
    std::unique_ptr<State> state_;
};

/// Joins parts, each sorted by time, into `out`: one header, lines by time, then rank. Streams:
/// memory stays under some 40 MB for 10 000 parts, and one part is open at a time. A part that is
/// missing is left out with a warning, as are broken lines (a crash while writing) silently. `out`
/// appears whole or not at all. Throws core::IoError when it cannot be written. Only one rank calls
/// it, after the others' Telemetry is gone.
void merge_telemetry(std::vector<std::string> const& parts, std::string const& out);
}  // namespace sectile::report
