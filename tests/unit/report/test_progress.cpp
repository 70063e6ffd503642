// SPDX-License-Identifier: BSD-3-Clause
#include <cstdlib>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "sectile/core/log.hpp"
#include "sectile/report/progress.hpp"

namespace sectile::report
{
namespace
{
/// A Progress whose clock is set by hand and whose output is kept.
struct Watched
{
    explicit Watched(bool is_terminal)
        : progress(
              is_terminal, [this](std::string_view text) { said.emplace_back(text); },
              [this] { return now; })
    {}

    /// One item after another, `step` seconds each.
    void work(int items, double step)
    {
        for (int i = 0; i < items; ++i) {
            now += step;
            progress.advance();
        }
    }

    double now = 1000.0;
    std::vector<std::string> said;
    Progress progress;
};

int percent_of(std::string const& line)
{
    auto const sign = line.find(" %");
    return sign == std::string::npos ? -1
                                     : std::atoi(line.substr(line.rfind(' ', sign - 1)).c_str());
}

TEST(Progress, LogHasOneLinePerStepWithFigures)
{
    Watched log(false);

    log.progress.begin("P3 master tiles", 20);
    log.work(7, 2.0);

    ASSERT_EQ(log.said.size(), 7U);
    EXPECT_EQ(log.said.back(), "P3 master tiles 35 % (7/20, 0.5/s, ETA 26 s)");
}

TEST(Progress, LogStepsAreMonotoneAndAtMostTwenty)
{
    Watched log(false);

    log.progress.begin("P1", 12'345);
    log.work(12'345, 0.01);
    log.progress.end();

    EXPECT_EQ(log.said.size(), 20U);
    int last = 0;
    for (auto const& line : log.said) {
        EXPECT_GE(percent_of(line) / 5, last / 5 + 1) << line;
        EXPECT_EQ(line.find('\r'), std::string::npos);
        EXPECT_EQ(line.find('\n'), std::string::npos);
        EXPECT_EQ(line.find('\x1b'), std::string::npos);
        last = percent_of(line);
    }
    EXPECT_EQ(last, 100);
}

TEST(Progress, LogLinesAreASecondApart)
{
    Watched log(false);

    log.progress.begin("P1", 1000);
    log.work(1000, 0.005);  // 5 seconds, a step each 0.25
    log.progress.end();

    EXPECT_GE(log.said.size(), 3U);
    EXPECT_LE(log.said.size(), 5U);
    EXPECT_EQ(percent_of(log.said.back()), 100);
}

TEST(Progress, ShortPhasesLeaveNoLine)
{
    Watched log(false);

    log.progress.begin("P1", 100);
    log.work(100, 0.0199);
    log.progress.end();

    EXPECT_TRUE(log.said.empty());
}

TEST(Progress, LogSaysWhereAPhaseEnded)
{
    Watched log(false);

    log.progress.begin("P1", 100);
    log.work(3, 1.0);
    log.progress.begin("unknown total", 0);
    log.work(4, 1.0);
    log.progress.end();
    log.progress.end();

    EXPECT_EQ(log.said, (std::vector<std::string>{"P1 3 % (3/100, 1.0/s, ETA 97 s)",
                                                  "unknown total (4 items, 1.0/s)"}));
}

TEST(Progress, BarIsOneLineDrawnAtMostTenTimesASecond)
{
    Watched bar(true);

    bar.progress.begin("P3 master tiles with a very long name", 10'000);
    bar.work(10'000, 0.001);  // 10 seconds
    bar.progress.end();

    EXPECT_GE(bar.said.size(), 50U);
    EXPECT_LE(bar.said.size(), 103U);  // 10 each second, first, last, newline
    EXPECT_EQ(bar.said.back(), "\n");
    auto const& last = bar.said[bar.said.size() - 2];
    EXPECT_EQ(percent_of(last), 100) << last;
    for (std::size_t i = 0; i + 1 < bar.said.size(); ++i) {
        EXPECT_TRUE(bar.said[i].starts_with("\r\x1b[K"));
        EXPECT_TRUE(bar.said[i].ends_with("\r"));
        EXPECT_EQ(bar.said[i].find('\n'), std::string::npos);
        EXPECT_LE(bar.said[i].size(), 79U + 5U);
    }
}

TEST(Progress, BarShowsPhasePercentItemsRateAndTimeLeft)
{
    Watched bar(true);

    bar.progress.begin("P1", 4);
    bar.work(1, 40.0);

    EXPECT_EQ(bar.said.back(),
              "\r\x1b[KP1 [######                  ]  25 % 1/4, 1.5/min, ETA 2:00 min\r");
}

TEST(Progress, WipeClearsTheBarOnly)
{
    Watched bar(true);
    Watched log(false);

    bar.progress.wipe();
    bar.progress.begin("P1", 4);
    bar.progress.wipe();
    log.progress.begin("P1", 4);
    log.progress.wipe();

    ASSERT_EQ(bar.said.size(), 2U);
    EXPECT_EQ(bar.said.back(), "\r\x1b[K");
    EXPECT_TRUE(log.said.empty());
}

TEST(Progress, ItemsBeyondTheTotalStayAtTheEnd)
{
    Watched bar(true);

    bar.progress.begin("P1", 2);
    bar.work(5, 1.0);

    EXPECT_EQ(percent_of(bar.said.back()), 100);
    EXPECT_NE(bar.said.back().find(" 2/2,"), std::string::npos);
}

TEST(Progress, ThreadsMayAdvanceTogether)
{
    std::vector<std::string> said;
    Progress progress(true, [&](std::string_view text) { said.emplace_back(text); });
    progress.begin("P1", 40'000);
    std::vector<std::thread> threads;
    for (int thread = 0; thread < 4; ++thread) {
        threads.emplace_back([&] {
            for (int i = 0; i < 10'000; ++i) {
                progress.advance();
            }
        });
    }
    for (auto& thread : threads) {
        thread.join();
    }
    progress.end();

    EXPECT_NE(said.at(said.size() - 2).find("100 % 40000/40000"), std::string::npos);
}

TEST(Progress, DefaultConstructedIsSilent)
{
    testing::internal::CaptureStderr();
    Progress progress;

    progress.begin("P1", 1);
    progress.advance();
    progress.wipe();
    progress.end();
    make_progress(1).begin("P1", 1);

    EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
}

TEST(Progress, LogLinesGoToTheWorldChannel)
{
    std::vector<std::string> said;
    core::set_log_sink([&](core::LogChannel channel, core::LogLevel level, std::string_view text) {
        EXPECT_EQ(channel, core::LogChannel::world);
        EXPECT_EQ(level, core::LogLevel::info);
        said.emplace_back(text);
    });
    double now = 0.0;
    {
        Progress progress(false, {}, [&] { return now; });
        progress.begin("P2", 2);
        now = 3.0;
        progress.advance(2);
    }
    core::set_log_sink([](core::LogChannel, core::LogLevel, std::string_view) {});

    EXPECT_EQ(said, std::vector<std::string>{"P2 100 % (2/2, 0.7/s)"});
}
}  // namespace
}  // namespace sectile::report
