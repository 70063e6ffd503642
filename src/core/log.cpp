// SPDX-License-Identifier: BSD-3-Clause
#include "sectile/core/log.hpp"

#include <cstdio>
#include <utility>

namespace sectile::core
{
namespace
{
void write_to_stderr(LogChannel /*channel*/, LogLevel level, std::string_view text)
{
    if (level >= LogLevel::warning) {
        std::fprintf(stderr, "sectile: %.*s\n", static_cast<int>(text.size()), text.data());
    }
}

LogSink& sink()
{
    static LogSink instance = write_to_stderr;
    return instance;
}
}  // namespace

void set_log_sink(LogSink new_sink)
{
    sink() = std::move(new_sink);
}

void log(LogChannel channel, LogLevel level, std::string_view text)
{
    sink()(channel, level, text);
}
}  // namespace sectile::core
