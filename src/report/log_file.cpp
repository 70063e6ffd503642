// SPDX-License-Identifier: BSD-3-Clause
#include "sectile/report/log_file.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <limits>
#include <mutex>
#include <string_view>
#include <utility>

#include <fmt/format.h>
#include <spdlog/logger.h>
#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/sinks/stdout_sinks.h>

#include "sectile/core/error.hpp"

#include "report/kept_lines.hpp"
#include "report/rank_list.hpp"
#include "report/wipe_bar.hpp"

namespace sectile::report
{
namespace
{
using core::LogChannel;
using core::LogLevel;
using Time = spdlog::log_clock::time_point;

LogLevel parse_level(std::string const& name)
{
    constexpr std::array<std::pair<std::string_view, LogLevel>, 4> levels{
        {{"debug", LogLevel::debug},
         {"info", LogLevel::info},
         {"warning", LogLevel::warning},
         {"error", LogLevel::error}}};
    for (auto const& [text, level] : levels) {
        if (name == text) {
            return level;
        }
    }
    throw core::ConfigError(core::sentence("there is no log level '" + name + "'", "",
                                           "use debug, info, warning or error"));
}

spdlog::level::level_enum spdlog_level(LogLevel level)
{
    switch (level) {
        case LogLevel::debug:
            return spdlog::level::debug;
        case LogLevel::info:
            return spdlog::level::info;
        case LogLevel::warning:
            return spdlog::level::warn;
        case LogLevel::error:
            break;
    }
    return spdlog::level::err;
}

/// What a line begins with on the terminal: information needs no label.
std::string_view terminal_label(LogLevel level)
{
    switch (level) {
        case LogLevel::debug:
            return "debug: ";
        case LogLevel::info:
            return "";
        case LogLevel::warning:
            return "warning: ";
        case LogLevel::error:
            break;
    }
    return "error: ";
}

std::int64_t nanoseconds(Time time)
{
    return std::chrono::duration_cast<std::chrono::nanoseconds>(time.time_since_epoch()).count();
}

Time time_of(LoggedLine const& line)
{
    return Time(std::chrono::duration_cast<Time::duration>(std::chrono::nanoseconds(line.time)));
}

/// Whoever said it in front, and how often where that is more than once each.
std::string with_ranks(LoggedLine const& line)
{
    std::string text = fmt::format("{} {}: {}", line.ranks.size() == 1 ? "rank" : "ranks",
                                   rank_list(line.ranks), line.text);
    if (line.count > std::ssize(line.ranks)) {
        text += fmt::format(" ({} times)", line.count);
    }
    return text;
}
}  // namespace

struct LogFile::State
{
    State(int its_rank, LogLevel its_level)
        : rank(its_rank),
          level(its_level),
          terminal("terminal", std::make_shared<spdlog::sinks::stderr_sink_mt>())
    {
        terminal.set_pattern("%v");
        terminal.set_level(spdlog::level::trace);
        terminal.flush_on(spdlog::level::trace);
    }

    void take(LogChannel channel, LogLevel line_level, std::string_view text)
    {
        if (line_level < level || (channel == LogChannel::world && rank != 0)) {
            return;
        }
        Time const time = spdlog::log_clock::now();
        if (rank == 0 || channel != LogChannel::file) {
            say(line_level, text);
        }
        std::lock_guard const lock(mutex);
        if (rank == 0) {
            write(time, line_level, text);
        }
        // For the report, or for the file of rank 0.
        if (line_level >= LogLevel::warning || (rank != 0 && channel == LogChannel::file)) {
            std::vector<int> const who =
                channel == LogChannel::world ? std::vector<int>{} : std::vector{rank};
            kept.add({nanoseconds(time), line_level, std::string(text), 1, who});
        }
    }

    void say(LogLevel line_level, std::string_view text)
    {
        std::string line(terminal_label(line_level));
        if (rank != 0) {
            line.insert(0, "rank " + std::to_string(rank) + ": ");
        }
        wipe_bar();
        terminal.log(spdlog_level(line_level), line.append(text));
    }

    /// Into the file, or to be written when it is opened. Under the lock.
    void write(Time time, LogLevel line_level, std::string_view text)
    {
        if (file) {
            file->log(time, {}, spdlog_level(line_level),
                      spdlog::string_view_t(text.data(), text.size()));
        } else if (!closed) {
            early_lines.push_back({time, line_level, std::string(text)});
        }
    }

    void open(std::string const& path)
    {
        std::lock_guard const lock(mutex);
        try {
            auto logger = std::make_unique<spdlog::logger>(
                "file", std::make_shared<spdlog::sinks::basic_file_sink_mt>(path));
            logger->set_pattern("%Y-%m-%d %H:%M:%S.%e %-7l %v");
            logger->set_level(spdlog::level::trace);
            logger->flush_on(spdlog::level::trace);
            file = std::move(logger);
        } catch (spdlog::spdlog_ex const& problem) {
            throw core::IoError(core::sentence("the log cannot be written to '" + path + "'",
                                               problem.what(),
                                               "choose a folder that you may write to"));
        }
        for (EarlyLine const& line : std::exchange(early_lines, {})) {
            file->log(line.time, {}, spdlog_level(line.level), line.text);
        }
    }

    void close()
    {
        std::lock_guard const lock(mutex);
        file.reset();
        early_lines.clear();
        closed = true;
    }

    struct EarlyLine
    {
        Time time;
        LogLevel level;
        std::string text;
    };

    int rank;
    LogLevel level;
    spdlog::logger terminal;
    std::mutex mutex;  ///< guards what follows
    std::unique_ptr<spdlog::logger> file;
    std::vector<EarlyLine> early_lines;
    KeptLines kept{500};
    bool closed = false;
};

LogFile::LogFile(int rank, std::string const& level)
    : state_(std::make_shared<State>(rank, parse_level(level)))
{
    core::set_log_sink(
        [state = state_](LogChannel channel, LogLevel line_level, std::string_view text) {
            state->take(channel, line_level, text);
        });
}

LogFile::~LogFile()
{
    // The sink stays: what is said after this point still reaches the terminal.
    state_->close();
}

void LogFile::open(std::string const& path)
{
    state_->open(path);
}

std::vector<std::byte> LogFile::share(std::size_t most_bytes) const
{
    std::lock_guard const lock(state_->mutex);
    return state_->rank == 0 ? std::vector<std::byte>{} : state_->kept.packed(most_bytes);
}

void LogFile::add_ranks(std::vector<std::vector<std::byte>> const& shares)
{
    // How much there may be was settled when the shares were made.
    KeptLines said(std::numeric_limits<std::size_t>::max());
    for (std::size_t rank = 1; rank < shares.size(); ++rank) {
        for (LoggedLine& line : unpacked_lines(shares[rank], static_cast<int>(rank))) {
            said.add(std::move(line));
        }
    }
    std::vector<LoggedLine> lines = said.lines();
    std::ranges::stable_sort(lines, {}, &LoggedLine::time);
    std::lock_guard const lock(state_->mutex);
    for (LoggedLine const& line : lines) {
        state_->write(time_of(line), line.level, with_ranks(line));
        if (line.level >= LogLevel::warning) {
            state_->kept.add(line);
        }
    }
}

std::vector<LoggedLine> LogFile::warnings() const
{
    std::lock_guard const lock(state_->mutex);
    return state_->kept.lines();
}
}  // namespace sectile::report
