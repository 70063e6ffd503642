// SPDX-License-Identifier: BSD-3-Clause
#include "sectile/report/telemetry.hpp"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cmath>
#include <condition_variable>
#include <cstdio>
#include <mutex>
#include <system_error>
#include <thread>
#include <utility>

#include <fmt/format.h>

#include "sectile/core/error.hpp"
#include "sectile/core/log.hpp"
#include "sectile/core/system.hpp"

#include "nvml.hpp"

namespace sectile::report
{
namespace
{
using Clock = std::chrono::steady_clock;

double seconds_between(Clock::time_point start, Clock::time_point end)
{
    return std::chrono::duration<double>(end - start).count();
}

std::int64_t milliseconds_since_1970()
{
    return std::chrono::duration_cast<std::chrono::milliseconds>(
               std::chrono::system_clock::now().time_since_epoch())
        .count();
}

/// A field of a CSV file after RFC 4180, but never of two lines: merging goes by lines.
std::string field(std::string text)
{
    std::replace_if(
        text.begin(), text.end(), [](char c) { return c == '\n' || c == '\r'; }, ' ');
    if (text.find_first_of(",\"") == std::string::npos) {
        return text;
    }
    std::string quoted = "\"";
    for (char const c : text) {
        quoted.append(c == '"' ? 2 : 1, c);
    }
    return quoted + '"';
}

struct CloseFile
{
    void operator()(std::FILE* file) const { std::fclose(file); }
};
using File = std::unique_ptr<std::FILE, CloseFile>;

File make_file(std::string const& path)
{
    File file(std::fopen(path.c_str(), "w"));
    if (file == nullptr) {
        throw core::IoError(core::sentence("the telemetry cannot be written to '" + path + "'",
                                           std::generic_category().message(errno),
                                           "choose a folder that you may write to"));
    }
    return file;
}

/// CPU % over less than this says more about the clocks than about the program.
constexpr double shortest_cpu_span = 0.02;
/// Keeps the conversion to ticks of the clock from overflowing.
constexpr double longest_interval = 86400.0;
}  // namespace

struct Telemetry::State
{
    /// Sums of one phase name.
    struct Entry
    {
        PhaseUse use;
        double gpu_sum = 0.0;
        std::int64_t gpu_count = 0;
    };
    struct OpenPhase
    {
        std::size_t entry = 0;
        Clock::time_point start;
        double cpu_start = 0.0;
    };

    State(TelemetryOrigin its_origin, std::string const& its_path, double its_interval,
          Counters its_counters)
        : origin(std::move(its_origin)),
          path(its_path),
          interval(std::chrono::duration_cast<Clock::duration>(
              std::chrono::duration<double>(std::min(its_interval, longest_interval)))),
          counters(std::move(its_counters)),
          file(make_file(its_path)),
          host(field(origin.host)),
          gpu(Nvml::open(origin.gpu)),
          last_cpu(core::read_process_usage().cpu_time)
    {
        pending.append(telemetry_header).append("\n");
    }

    // The functions from here to compose() want the mutex to be held.

    void raise_peaks(core::ProcessUsage const& usage)
    {
        std::int64_t const peak = std::max(usage.resident, usage.peak_resident);
        peak_resident = std::max(peak_resident, peak);
        for (OpenPhase const& phase : open) {
            auto& known = entries[phase.entry].use.peak_resident;
            known = std::max(known, peak);
        }
    }

    void count_gpu(GpuSample const& sample)
    {
        for (OpenPhase const& phase : open) {
            Entry& entry = entries[phase.entry];
            if (sample.utilisation) {
                entry.gpu_sum += *sample.utilisation;
                ++entry.gpu_count;
            }
            if (sample.vram_used) {
                entry.use.peak_vram = std::max(entry.use.peak_vram.value_or(0), *sample.vram_used);
            }
        }
    }

    void sample(core::ProcessUsage const& usage)
    {
        raise_peaks(usage);
        GpuSample const of_gpu = gpu ? gpu->sample() : GpuSample{};
        count_gpu(of_gpu);
        auto const now = Clock::now();
        double const span = seconds_between(last_time, now);
        if (span >= shortest_cpu_span) {
            cpu_percent = 100.0 * (usage.cpu_time - last_cpu) / (span * origin.cores);
            last_time = now;
            last_cpu = usage.cpu_time;
        }
        if (writing) {
            pending += compose(usage, of_gpu);
        }
    }

    std::string compose(core::ProcessUsage const& usage, GpuSample const& of_gpu)
    {
        // The wall clock may be set back; a part stays sorted.
        last_stamp = std::max(last_stamp, milliseconds_since_1970());
        TelemetryCounters const count = counters ? counters() : TelemetryCounters{};
        return fmt::format(
            "{}.{:03},{},{},{},{:.1f},{},{},{},{},{},{},{},{},{},{}\n", last_stamp / 1000,
            last_stamp % 1000, origin.rank, host,
            open.empty() ? "" : field(entries[open.back().entry].use.name), cpu_percent,
            usage.resident, core::read_node_memory().available,
            of_gpu.utilisation ? fmt::format("{:.0f}", 100.0 * *of_gpu.utilisation) : "",
            of_gpu.vram_used ? fmt::format("{}", *of_gpu.vram_used) : "", count.items_done,
            count.items_total, usage.bytes_read, usage.bytes_written, count.bytes_sent,
            count.bytes_received);
    }

    /// Adds what the phase used up to now to its entry.
    void close(OpenPhase const& phase, double cpu_time, std::vector<Entry>& into) const
    {
        PhaseUse& use = into[phase.entry].use;
        use.wall += seconds_between(phase.start, Clock::now());
        use.cpu += std::max(0.0, cpu_time - phase.cpu_start);
    }

    /// Writes without the mutex: nobody waits for a slow disk. False when sampling is to stop.
    bool write_pending(std::unique_lock<std::mutex>& lock)
    {
        std::string const lines = std::exchange(pending, {});
        lock.unlock();
        bool const written =
            std::fwrite(lines.data(), 1, lines.size(), file.get()) == lines.size() &&
            std::fflush(file.get()) == 0;
        int const problem = errno;
        if (!written) {
            core::log_local(core::LogLevel::warning,
                            core::sentence("telemetry ends, '" + path + "' cannot be written",
                                           std::generic_category().message(problem)));
        }
        lock.lock();
        return written;
    }

    void run_until_stopped()
    {
        std::unique_lock lock(mutex);
        auto next = Clock::now();
        while (writing) {
            // A sample that comes late does not pull the following ones together.
            next = std::max(next + interval, Clock::now());
            wake.wait_until(lock, next, [this] { return stopping; });
            bool const is_last = stopping;
            sample(core::read_process_usage());
            writing = write_pending(lock) && !is_last;
        }
        pending.clear();
    }

    void run() noexcept
    {
        try {
            run_until_stopped();
        } catch (std::exception const& problem) {
            give_up(problem.what());
        }
    }

    void give_up(char const* why) noexcept
    {
        try {
            {
                std::lock_guard const lock(mutex);
                writing = false;
            }
            core::log_local(core::LogLevel::warning, core::sentence("telemetry ends", why));
        } catch (...) {  // out of memory even for the sentence: the run matters, not this
        }
    }

    TelemetryOrigin const origin;
    std::string const path;
    Clock::duration const interval;
    Counters const counters;
    File const file;  ///< used by the thread only
    std::string const host;
    std::optional<Nvml> const gpu;

    std::mutex mutex;  ///< guards what follows
    std::condition_variable wake;
    bool stopping = false;
    bool writing = true;
    std::string pending;  ///< lines on their way to the file
    std::vector<Entry> entries;
    std::vector<OpenPhase> open;  ///< the innermost last
    std::int64_t peak_resident = 0;
    std::int64_t last_stamp = 0;
    Clock::time_point last_time = Clock::now();
    double last_cpu = 0.0;
    double cpu_percent = 0.0;
    std::thread thread;
};

Telemetry::Telemetry(TelemetryOrigin origin, std::string const& path, double interval,
                     Counters counters)
{
    if (!(interval > 0.0) || !std::isfinite(interval)) {
        throw core::ConfigError(core::sentence("the interval of the telemetry is not above 0",
                                               fmt::format("{} seconds", interval)));
    }
    if (origin.cores <= 0) {
        throw core::ConfigError(core::sentence("telemetry needs the number of allowed cores",
                                               fmt::format("it got {}", origin.cores)));
    }
    state_ = std::make_unique<State>(std::move(origin), path, interval, std::move(counters));
    state_->thread = std::thread([state = state_.get()] { state->run(); });
}

Telemetry::~Telemetry()
{
    {
        std::lock_guard const lock(state_->mutex);
        state_->stopping = true;
    }
    state_->wake.notify_all();
    state_->thread.join();
}

void Telemetry::begin_phase(std::string name)
{
    std::lock_guard const lock(state_->mutex);
    auto& entries = state_->entries;
    auto const known = std::find_if(entries.begin(), entries.end(),
                                    [&](State::Entry const& e) { return e.use.name == name; });
    auto const index = static_cast<std::size_t>(known - entries.begin());
    if (known == entries.end()) {
        entries.emplace_back().use.name = std::move(name);
    }
    core::ProcessUsage const usage = core::read_process_usage();
    // The phases around this one keep what they had reached.
    state_->raise_peaks(usage);
    core::reset_peak_resident();
    state_->open.push_back({index, Clock::now(), usage.cpu_time});
}

void Telemetry::end_phase()
{
    std::lock_guard const lock(state_->mutex);
    core::require(!state_->open.empty(), "telemetry ends a phase that was begun");
    core::ProcessUsage const usage = core::read_process_usage();
    state_->close(state_->open.back(), usage.cpu_time, state_->entries);
    state_->sample(usage);
    state_->open.pop_back();
}

Telemetry::Scope::Scope(Telemetry& telemetry, std::string name) : telemetry_(telemetry)
{
    telemetry_.begin_phase(std::move(name));
}

Telemetry::Scope::~Scope()
{
    try {
        telemetry_.end_phase();
    } catch (std::exception const& problem) {
        telemetry_.state_->give_up(problem.what());
    }
}

Telemetry::Scope Telemetry::phase(std::string name)
{
    return {*this, std::move(name)};
}

std::vector<PhaseUse> Telemetry::phases() const
{
    std::lock_guard const lock(state_->mutex);
    core::ProcessUsage const usage = core::read_process_usage();
    state_->raise_peaks(usage);
    auto entries = state_->entries;
    for (State::OpenPhase const& phase : state_->open) {
        state_->close(phase, usage.cpu_time, entries);
    }
    std::vector<PhaseUse> uses;
    for (State::Entry& entry : entries) {
        PhaseUse& use = entry.use;
        if (use.wall > 0.0) {
            // Ticks of the two clocks may let a busy phase pass 1 by a little.
            use.utilisation = std::min(1.0, use.cpu / (use.wall * state_->origin.cores));
        }
        if (entry.gpu_count > 0) {
            use.gpu_utilisation = entry.gpu_sum / static_cast<double>(entry.gpu_count);
        }
        uses.push_back(std::move(use));
    }
    return uses;
}

std::int64_t Telemetry::peak_resident() const
{
    std::lock_guard const lock(state_->mutex);
    state_->raise_peaks(core::read_process_usage());
    return state_->peak_resident;
}
}  // namespace sectile::report
