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
#include "sectile/report/log_file.hpp"

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

TEST_F(LogFileTest, WhatIsForTheFileIsShownByRank0Alone)
{
    testing::internal::CaptureStderr();
    {
        LogFile const log(3, "info");
        core::log(core::LogChannel::file, LogLevel::info, "plan of 3");
    }
    LogFile log(0, "info");
    log.open(path());
    core::log(core::LogChannel::file, LogLevel::info, "plan of 0");

    EXPECT_EQ(testing::internal::GetCapturedStderr(), "plan of 0\n");
    EXPECT_EQ(lines().size(), 1U);
}

/// What a rank hands over that said something.
std::vector<std::byte> share_of(int rank, std::vector<std::string> const& warnings,
                                std::size_t most_bytes = 10000)
{
    testing::internal::CaptureStderr();
    LogFile const log(rank, "info");
    log_world(LogLevel::warning, "for all");
    log_local(LogLevel::info, "chat");
    core::log(core::LogChannel::file, LogLevel::info, "plan of " + std::to_string(rank));
    for (std::string const& text : warnings) {
        log_local(LogLevel::warning, text);
    }
    testing::internal::GetCapturedStderr();
    return log.share(most_bytes);
}

TEST_F(LogFileTest, OtherRanksReachTheFileAtTheEnd)
{
    auto const of_1 = share_of(1, {"slow disk"});
    auto const of_2 = share_of(2, {"slow disk", "rows halved", "rows halved"});
    LogFile log(0, "info");
    log.open(path());
    testing::internal::CaptureStderr();

    log.add_ranks({log.share(10000), of_1, of_2});

    EXPECT_EQ(testing::internal::GetCapturedStderr(), "") << "the other ranks said it already";
    std::vector<std::string> texts;
    for (std::string const& line : lines()) {
        texts.push_back(line.substr(std::string("2000-01-01 00:00:00.000 ").size()));
    }
    EXPECT_EQ(texts, (std::vector<std::string>{
                         "info    rank 1: plan of 1", "warning ranks 1-2: slow disk",
                         "info    rank 2: plan of 2", "warning rank 2: rows halved (2 times)"}));
    auto const warnings = log.warnings();
    ASSERT_EQ(warnings.size(), 2U);
    EXPECT_EQ(warnings[0].text, "slow disk");
    EXPECT_EQ(warnings[0].ranks, (std::vector<int>{1, 2}));
    EXPECT_EQ(warnings[1].count, 2);
}

TEST_F(LogFileTest, WhatARankHandsOverIsBounded)
{
    std::vector<std::string> warnings;
    for (int i = 0; i < 3000; ++i) {
        warnings.push_back("warning " + std::to_string(i));
    }

    auto const share = share_of(1, warnings, 2048);
    LogFile log(0, "info");
    log.open(path());
    log.add_ranks({{}, share});

    EXPECT_LE(share.size(), 2048U + 100U);
    std::int64_t counted = 0;
    for (LoggedLine const& line : log.warnings()) {
        counted += line.count;
    }
    EXPECT_EQ(counted, 3000);
    EXPECT_NE(lines().back().find("found no room"), std::string::npos) << lines().back();
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
