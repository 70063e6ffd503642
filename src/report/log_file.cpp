// SPDX-License-Identifier: BSD-3-Clause
#include <array>
#include <mutex>
#include <utility>

#include <spdlog/logger.h>
#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/sinks/stdout_sinks.h>

#include "sectile/core/error.hpp"
#include "sectile/core/log.hpp"
#include "sectile/report/run_report.hpp"

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
        std::string line(terminal_label(line_level));
        if (rank != 0) {
            line.insert(0, "rank " + std::to_string(rank) + ": ");
        }
        wipe_bar();
        terminal.log(spdlog_level(line_level), line.append(text));
        if (rank == 0) {
            keep(spdlog::log_clock::now(), line_level, text);
        }
    }

    /// Into the file, or to be written when it is opened.
    void keep(Time time, LogLevel line_level, std::string_view text)
    {
        std::lock_guard const lock(mutex);
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
}  // namespace sectile::report
