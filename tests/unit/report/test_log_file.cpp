// SPDX-License-Identifier: BSD-3-Clause
#include <filesystem>
#include <fstream>
#include <iterator>
#include <regex>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "sectile/core/error.hpp"
#include "sectile/core/log.hpp"
#include "sectile/report/run_report.hpp"

namespace sectile::report
{
namespace
{
using core::log_local;
using core::log_world;
using core::LogLevel;

class LogFileTest : public ::testing::Test
{
  protected:
    void SetUp() override
    {
        std::string name = (std::filesystem::temp_directory_path() / "sectile_log_XXXXXX").string();
        ASSERT_NE(mkdtemp(name.data()), nullptr);
        folder_ = name;
    }
    void TearDown() override { std::filesystem::remove_all(folder_); }

    [[nodiscard]] std::string path() const { return (folder_ / "sectile.log").string(); }
    [[nodiscard]] std::vector<std::string> lines() const
    {
        std::ifstream file(path());
        std::vector<std::string> found;
        for (std::string line; std::getline(file, line);) {
            found.push_back(line);
        }
        return found;
    }

  private:
    std::filesystem::path folder_;
};

TEST_F(LogFileTest, WhatWasSaidBeforeOpeningComesFirst)
{
    LogFile log(0, "info");

    log_world(LogLevel::info, "early");
    log.open(path());
    log_local(LogLevel::warning, "late");

    auto const found = lines();
    ASSERT_EQ(found.size(), 2U);
    EXPECT_TRUE(std::regex_match(
        found[0], std::regex(R"(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3} info    early)")))
        << found[0];
    EXPECT_NE(found[1].find("warning late"), std::string::npos) << found[1];
}

TEST_F(LogFileTest, LinesBelowTheLevelAreDropped)
{
    LogFile log(0, "warning");
    log.open(path());

    log_world(LogLevel::info, "quiet");
    log_world(LogLevel::error, "loud");

    auto const found = lines();
    ASSERT_EQ(found.size(), 1U);
    EXPECT_NE(found[0].find("loud"), std::string::npos);
}

TEST_F(LogFileTest, TerminalGetsShortLinesOnStderrOnly)
{
    LogFile const log(0, "info");
    testing::internal::CaptureStdout();
    testing::internal::CaptureStderr();

    log_world(LogLevel::info, "27 frames {found}");
    log_world(LogLevel::warning, "slow disk");

    EXPECT_EQ(testing::internal::GetCapturedStdout(), "");
    EXPECT_EQ(testing::internal::GetCapturedStderr(), "27 frames {found}\nwarning: slow disk\n");
}

TEST_F(LogFileTest, OtherRanksSpeakOnlyForThemselves)
{
    LogFile const log(3, "info");
    testing::internal::CaptureStderr();

    log_world(LogLevel::info, "for all");
    log_local(LogLevel::error, "disk full");

    EXPECT_EQ(testing::internal::GetCapturedStderr(), "rank 3: error: disk full\n");
}

TEST_F(LogFileTest, ResumedRunKeepsTheHistory)
{
    {
        LogFile log(0, "info");
        log.open(path());
        log_world(LogLevel::info, "first run");
    }
    LogFile log(0, "info");
    log.open(path());
    log_world(LogLevel::info, "second run");

    auto const found = lines();
    ASSERT_EQ(found.size(), 2U);
    EXPECT_NE(found[0].find("first run"), std::string::npos);
}

TEST_F(LogFileTest, LinesAfterTheEndReachTheTerminalNotTheFile)
{
    {
        LogFile log(0, "info");
        log.open(path());
    }
    testing::internal::CaptureStderr();

    log_world(LogLevel::warning, "afterwards");

    EXPECT_EQ(testing::internal::GetCapturedStderr(), "warning: afterwards\n");
    EXPECT_TRUE(lines().empty());
}

TEST_F(LogFileTest, ThreadsNeverMixTheirLines)
{
    LogFile log(0, "info");
    log.open(path());
    testing::internal::CaptureStderr();
    std::vector<std::thread> threads;
    for (int thread = 0; thread < 4; ++thread) {
        threads.emplace_back([] {
            for (int turn = 0; turn < 100; ++turn) {
                log_local(LogLevel::info, "a line of words");
            }
        });
    }
    for (auto& thread : threads) {
        thread.join();
    }
    testing::internal::GetCapturedStderr();

    auto const found = lines();
    ASSERT_EQ(found.size(), 400U);
    for (auto const& line : found) {
        EXPECT_TRUE(line.ends_with(" info    a line of words")) << line;
    }
}

TEST_F(LogFileTest, UnknownLevelIsAConfigurationError)
{
    EXPECT_THROW(LogFile(0, "loud"), core::ConfigError);
}

TEST_F(LogFileTest, FileThatCannotBeMadeIsAnIoError)
{
    LogFile log(0, "info");

    EXPECT_THROW(log.open("/proc/no/such/folder/sectile.log"), core::IoError);
}
}  // namespace
}  // namespace sectile::report
