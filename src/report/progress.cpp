// SPDX-License-Identifier: BSD-3-Clause
#include "sectile/report/progress.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <limits>
#include <mutex>
#include <unistd.h>
#include <utility>

#include <fmt/format.h>

#include "sectile/core/log.hpp"

#include "report/wipe_bar.hpp"

namespace sectile::report
{
namespace
{
constexpr double redraw_interval = 0.1;  // seconds, of the bar
constexpr double log_interval = 1.0;     // seconds between two lines of a log
constexpr double shortest_logged = 2.0;  // seconds: shorter phases leave no line
constexpr std::int64_t log_steps = 20;   // of 5 %
constexpr std::size_t line_width = 79;   // columns, one less than the narrowest usual terminal
constexpr std::size_t bar_width = 24;    // columns
constexpr std::size_t widest_name = 24;  // columns, of the phase in the bar line
constexpr std::string_view wipe_line = "\r\x1b[K";

double steady_seconds()
{
    return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch())
        .count();
}

std::string rate_text(double per_second)
{
    if (per_second > 0.0 && per_second < 0.1) {
        return fmt::format("{:.1f}/min", 60.0 * per_second);
    }
    return fmt::format("{:.{}f}/s", per_second, per_second < 100.0 ? 1 : 0);
}

std::string time_text(double seconds)
{
    // A rate near 0 must not overflow the integer.
    auto const whole = std::llround(std::clamp(seconds, 0.0, 3.6e9));
    if (whole < 100) {
        return fmt::format("{} s", whole);
    }
    return whole < 3600
               ? fmt::format("{}:{:02} min", whole / 60, whole % 60)
               : fmt::format("{}:{:02}:{:02} h", whole / 3600, whole / 60 % 60, whole % 60);
}
}  // namespace

struct Progress::State
{
    State(bool its_terminal, Output its_output, Seconds its_clock)
        : is_terminal(its_terminal), output(std::move(its_output)), clock(std::move(its_clock))
    {}

    [[nodiscard]] std::int64_t shown_done() const
    {
        std::int64_t const count = std::max<std::int64_t>(0, done.load());
        std::int64_t const all = total;
        return all > 0 ? std::min(count, all) : count;
    }

    /// "7/20, 1.2/s, ETA 11 s"; without what is not known.
    [[nodiscard]] std::string figures(std::int64_t count, double elapsed) const
    {
        double const rate = elapsed > 0.0 ? static_cast<double>(count) / elapsed : 0.0;
        std::string text =
            total > 0 ? fmt::format("{}/{}", count, total.load()) : fmt::format("{} items", count);
        text.append(", ").append(rate_text(rate));
        if (count > 0 && count < total && rate > 0.0) {
            text.append(", ETA ").append(time_text(static_cast<double>(total - count) / rate));
        }
        return text;
    }

    [[nodiscard]] double fraction(std::int64_t count) const
    {
        return total > 0 ? static_cast<double>(count) / static_cast<double>(total.load()) : 0.0;
    }

    void draw(double now)
    {
        std::int64_t const count = shown_done();
        std::string line = phase.substr(0, widest_name);
        if (total > 0) {
            auto const filled = static_cast<std::size_t>(fraction(count) * bar_width);
            line += fmt::format(" [{}{}] {:3.0f} %", std::string(filled, '#'),
                                std::string(bar_width - filled, ' '),
                                std::floor(100.0 * fraction(count)));
        }
        line.append(" ").append(figures(count, now - start));
        line.resize(std::min(line.size(), line_width));
        // The cursor waits at the start, so that a line of somebody else covers the bar.
        output(fmt::format("{}{}\r", wipe_line, line));
        next_show.store(now + redraw_interval, std::memory_order_relaxed);
    }

    void write_log_line(double now)
    {
        std::int64_t const count = shown_done();
        last_step = step_of(count);
        output(total > 0
                   ? fmt::format("{} {:.0f} % ({})", phase, std::floor(100.0 * fraction(count)),
                                 figures(count, now - start))
                   : fmt::format("{} ({})", phase, figures(count, now - start)));
        next_show.store(now + log_interval, std::memory_order_relaxed);
    }

    [[nodiscard]] std::int64_t step_of(std::int64_t count) const
    {
        return static_cast<std::int64_t>(fraction(count) * static_cast<double>(log_steps) + 1e-9);
    }

    void show(double now)
    {
        // Whoever comes second has nothing to add.
        std::unique_lock const lock(mutex, std::try_to_lock);
        if (!lock.owns_lock() || !is_open || now < next_show.load(std::memory_order_relaxed)) {
            return;
        }
        if (is_terminal) {
            draw(now);
        } else if (step_of(shown_done()) > last_step) {
            write_log_line(now);
        }
    }

    void begin(std::string its_phase, std::int64_t its_total)
    {
        end();
        std::lock_guard const lock(mutex);
        phase = std::move(its_phase);
        total = std::max<std::int64_t>(0, its_total);
        done = 0;
        last_step = 0;
        start = clock();
        is_open = true;
        if (is_terminal) {
            draw(start);
        } else {
            next_show = start + shortest_logged;
        }
    }

    void end()
    {
        std::lock_guard const lock(mutex);
        if (!std::exchange(is_open, false)) {
            return;
        }
        double const now = clock();
        if (is_terminal) {
            draw(now);
            output("\n");
        } else if (now - start > shortest_logged && last_step < log_steps) {
            write_log_line(now);
        }
        next_show = std::numeric_limits<double>::infinity();
    }

    void wipe()
    {
        if (is_terminal) {
            std::lock_guard const lock(mutex);
            if (is_open) {
                output(wipe_line);
            }
        }
    }

    bool const is_terminal;
    Output const output;
    Seconds const clock;

    std::atomic<std::int64_t> done = 0;
    /// Time before which there is nothing to show.
    std::atomic<double> next_show = std::numeric_limits<double>::infinity();

    std::mutex mutex;  ///< guards what follows and the output
    bool is_open = false;
    std::string phase;
    std::atomic<std::int64_t> total = 0;
    double start = 0.0;
    std::int64_t last_step = 0;  ///< 5 % steps that the log has
};

namespace
{
struct BarOfProcess
{
    std::mutex mutex;
    Progress::State* shown = nullptr;
};

BarOfProcess& bar_of_process()
{
    static BarOfProcess bar;
    return bar;
}
}  // namespace

Progress::Progress() noexcept = default;
Progress::Progress(Progress&&) noexcept = default;

Progress::Progress(bool is_terminal, Output output, Seconds clock)
{
    if (!output && is_terminal) {
        output = [](std::string_view text) {
            std::fwrite(text.data(), 1, text.size(), stderr);
            std::fflush(stderr);
        };
    } else if (!output) {
        output = [](std::string_view text) { core::log_world(core::LogLevel::info, text); };
    }
    state_ = std::make_unique<State>(is_terminal, std::move(output),
                                     clock ? std::move(clock) : Seconds(steady_seconds));
}

Progress::~Progress()
{
    if (state_) {
        std::lock_guard const lock(bar_of_process().mutex);
        if (bar_of_process().shown == state_.get()) {
            bar_of_process().shown = nullptr;
        }
    }
    try {
        end();
    } catch (std::exception const&) {  // a bar is not worth a crash
    }
}

Progress& Progress::operator=(Progress&& other) noexcept
{
    // The old phase ends with the object that takes its state along.
    std::swap(state_, other.state_);
    return *this;
}

void Progress::begin(std::string phase, std::int64_t total)
{
    if (state_) {
        state_->begin(std::move(phase), total);
    }
}

void Progress::advance(std::int64_t n)
{
    if (!state_) {
        return;
    }
    state_->done.fetch_add(n, std::memory_order_relaxed);
    double const now = state_->clock();
    if (now >= state_->next_show.load(std::memory_order_relaxed)) {
        state_->show(now);
    }
}

void Progress::end()
{
    if (state_) {
        state_->end();
    }
}

void Progress::wipe()
{
    if (state_) {
        state_->wipe();
    }
}

std::pair<std::int64_t, std::int64_t> Progress::items() const
{
    return state_ ? std::pair(state_->done.load(), state_->total.load())
                  : std::pair(std::int64_t{0}, std::int64_t{0});
}

Progress make_progress(int rank)
{
    if (rank != 0) {
        return Progress(false, [](std::string_view /*text*/) {});
    }
    if (isatty(STDERR_FILENO) == 0) {
        return Progress(false);
    }
    Progress bar(true);
    std::lock_guard const lock(bar_of_process().mutex);
    bar_of_process().shown = bar.state_.get();
    return bar;
}

void wipe_bar()
{
    std::lock_guard const lock(bar_of_process().mutex);
    if (bar_of_process().shown != nullptr) {
        bar_of_process().shown->wipe();
    }
}
}  // namespace sectile::report
