// SPDX-License-Identifier: BSD-3-Clause
#include <tuple>
#include <vector>

#include <gtest/gtest.h>

#include "sectile/core/log.hpp"

namespace
{
using namespace sectile::core;

TEST(Log, HandsChannelLevelAndTextToTheSink)
{
    std::vector<std::tuple<LogChannel, LogLevel, std::string>> lines;
    set_log_sink([&](LogChannel channel, LogLevel level, std::string_view text) {
        lines.emplace_back(channel, level, text);
    });

    log_world(LogLevel::info, "started");
    log_local(LogLevel::warning, "slow disk");
    set_log_sink([](LogChannel, LogLevel, std::string_view) {});

    ASSERT_EQ(lines.size(), 2U);
    EXPECT_EQ(lines[0], std::tuple(LogChannel::world, LogLevel::info, std::string("started")));
    EXPECT_EQ(lines[1], std::tuple(LogChannel::local, LogLevel::warning, std::string("slow disk")));
}
}  // namespace
