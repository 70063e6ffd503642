// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <functional>
#include <string>
#include <string_view>

namespace sectile::core
{
enum class LogLevel
{
    debug,
    info,
    warning,
    error
};

/// world: said once for the whole run (rank 0 speaks, the other ranks' calls are dropped by the
/// sink); local: about this rank only; file: about this rank, to be looked up in the log file,
/// while the terminal shows that of rank 0 alone.
enum class LogChannel
{
    world,
    local,
    file
};

using LogSink = std::function<void(LogChannel, LogLevel, std::string_view)>;

/// Where log lines go; the default writes warnings and errors to stderr. Set once at start-up,
/// before other threads exist.
void set_log_sink(LogSink sink);

/// Thread-safe if the sink is. Never call it from a kernel or per pixel.
void log(LogChannel channel, LogLevel level, std::string_view text);

inline void log_world(LogLevel level, std::string_view text)
{
    log(LogChannel::world, level, text);
}
inline void log_local(LogLevel level, std::string_view text)
{
    log(LogChannel::local, level, text);
}
}  // namespace sectile::core
