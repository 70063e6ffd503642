// SPDX-License-Identifier: BSD-3-Clause
#include <atomic>
#include <chrono>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "sectile/core/error.hpp"
#include "sectile/core/log.hpp"
#include "sectile/report/telemetry.hpp"

namespace sectile::report
{
namespace
{
using namespace std::chrono_literals;

void spin(std::chrono::milliseconds time)
{
    auto const end = std::chrono::steady_clock::now() + time;
    while (std::chrono::steady_clock::now() < end) {
    }
}

/// Fields of a line without quotes.
std::vector<std::string> split(std::string const& line)
{
    std::vector<std::string> fields;
    std::istringstream stream(line + ",");
    for (std::string field; std::getline(stream, field, ',');) {
        fields.push_back(field);
    }
    return fields;
}

class TelemetryTest : public ::testing::Test
{
  protected:
    void SetUp() override
    {
        std::string name =
            (std::filesystem::temp_directory_path() / "sectile_telemetry_XXXXXX").string();
        ASSERT_NE(mkdtemp(name.data()), nullptr);
        folder_ = name;
        core::set_log_sink([this](core::LogChannel, core::LogLevel, std::string_view) { ++said_; });
    }
    void TearDown() override
    {
        core::set_log_sink([](core::LogChannel, core::LogLevel, std::string_view) {});
        std::filesystem::remove_all(folder_);
    }

    [[nodiscard]] std::string path(std::string const& name = "part.csv") const
    {
        return (folder_ / name).string();
    }
    [[nodiscard]] std::vector<std::string> lines(std::string const& name = "part.csv") const
    {
        std::ifstream file(path(name));
        std::vector<std::string> found;
        for (std::string line; std::getline(file, line);) {
            found.push_back(line);
        }
        return found;
    }
    void write(std::string const& name, std::string const& text) const
    {
        std::ofstream(path(name)) << text;
    }

    std::atomic<int> said_ = 0;  ///< lines of the log

  private:
    std::filesystem::path folder_;
};

enum Column
{
    time_column,
    rank_column,
    host_column,
    phase_column,
    cpu_column,
    rss_column,
    available_column,
    gpu_column,
    vram_column,
    done_column,
    total_column,
    read_column,
    written_column,
    sent_column,
    received_column,
    columns
};

TEST_F(TelemetryTest, LinesHaveAllColumns)
{
    {
        Telemetry telemetry({3, "node7", 2}, path(), 3600.0, [] {
            return TelemetryCounters{7, 20, 111, 222};
        });
        telemetry.begin_phase("P3 master tiles");
        telemetry.end_phase();
    }

    auto const found = lines();
    ASSERT_EQ(found.size(), 3U);  // header, end of the phase, last sample
    EXPECT_EQ(found[0], telemetry_header);
    EXPECT_EQ(split(found[0]).size(), static_cast<std::size_t>(columns));
    auto const fields = split(found[1]);
    ASSERT_EQ(fields.size(), static_cast<std::size_t>(columns));
    EXPECT_GT(std::stod(fields[time_column]), 1.6e9);
    EXPECT_EQ(fields[time_column].find('.'), fields[time_column].size() - 4);
    EXPECT_EQ(fields[rank_column], "3");
    EXPECT_EQ(fields[host_column], "node7");
    EXPECT_EQ(fields[phase_column], "P3 master tiles");
    EXPECT_GE(std::stod(fields[cpu_column]), 0.0);
    EXPECT_GT(std::stoll(fields[rss_column]), 1'000'000);
    EXPECT_GT(std::stoll(fields[available_column]), 1'000'000);
    EXPECT_EQ(fields[gpu_column].empty(), fields[vram_column].empty());
    EXPECT_EQ(fields[done_column], "7");
    EXPECT_EQ(fields[total_column], "20");
    EXPECT_GT(std::stoll(fields[read_column]), 0);
    EXPECT_EQ(fields[sent_column], "111");
    EXPECT_EQ(fields[received_column], "222");
    EXPECT_EQ(split(found[2])[phase_column], "");
}

TEST_F(TelemetryTest, SamplesEachIntervalUnderTheInnermostPhase)
{
    {
        Telemetry telemetry({0, "a", 1}, path(), 0.02);
        auto const outer = telemetry.phase("outer");
        {
            auto const inner = telemetry.phase("inner");
            std::this_thread::sleep_for(200ms);
        }
    }

    int inner = 0;
    double last = 0.0;
    for (auto const& line : lines()) {
        inner += static_cast<int>(line.find(",inner,") != std::string::npos);
        if (line != telemetry_header) {
            EXPECT_GE(std::stod(line), last);
            last = std::stod(line);
        }
    }
    EXPECT_GE(inner, 3);  // 10 on an idle machine
    EXPECT_LE(inner, 12);
}

TEST_F(TelemetryTest, BusyThreadShowsAsCpuUse)
{
    std::vector<PhaseUse> phases;
    {
        Telemetry telemetry({0, "a", 1}, path(), 3600.0);
        telemetry.begin_phase("busy");
        spin(300ms);
        telemetry.end_phase();
        telemetry.begin_phase("asleep");
        std::this_thread::sleep_for(100ms);
        telemetry.end_phase();
        phases = telemetry.phases();
    }

    // A machine with other work gives a spinning thread at least a fifth of a core.
    EXPECT_GT(std::stod(split(lines().at(1))[cpu_column]), 20.0);
    EXPECT_LT(std::stod(split(lines().at(1))[cpu_column]), 110.0);
    EXPECT_LT(std::stod(split(lines().at(2))[cpu_column]), 20.0);
    ASSERT_EQ(phases.size(), 2U);
    EXPECT_GT(phases[0].utilisation, 0.2);
    EXPECT_LE(phases[0].utilisation, 1.0);
    EXPECT_LT(phases[1].utilisation, 0.2);
    EXPECT_GE(phases[0].wall, 0.3);
    EXPECT_NEAR(phases[0].utilisation, phases[0].cpu / phases[0].wall, 0.1);
}

TEST_F(TelemetryTest, PhasesRepeatAndNest)
{
    Telemetry telemetry({0, "a", 1}, path(), 3600.0);

    for (int turn = 0; turn < 2; ++turn) {
        auto const outer = telemetry.phase("outer");
        auto const inner = telemetry.phase("inner");
        std::this_thread::sleep_for(10ms);
    }
    auto const open = telemetry.phase("open");
    std::this_thread::sleep_for(5ms);

    auto const phases = telemetry.phases();
    ASSERT_EQ(phases.size(), 3U);
    EXPECT_EQ(phases[0].name, "outer");
    EXPECT_EQ(phases[1].name, "inner");
    EXPECT_GE(phases[1].wall, 0.02);
    EXPECT_GE(phases[0].wall, phases[1].wall);
    EXPECT_GE(phases[2].wall, 0.005);
}

TEST_F(TelemetryTest, PeakBelongsToThePhaseThatTouchedAndToThoseAround)
{
    constexpr std::int64_t bytes = std::int64_t{128} << 20U;
    Telemetry telemetry({0, "a", 1}, path(), 3600.0);
    {
        auto const outer = telemetry.phase("outer");
        {
            auto const big = telemetry.phase("big");
            std::vector<char> const block(bytes, 'x');
            EXPECT_EQ(block[bytes / 2], 'x');
        }
        auto const small = telemetry.phase("small");
    }

    auto const phases = telemetry.phases();
    EXPECT_GE(phases.at(1).peak_resident, bytes);
    EXPECT_GE(phases[0].peak_resident, phases[1].peak_resident);
    EXPECT_GE(telemetry.peak_resident(), phases[0].peak_resident);
    EXPECT_GT(phases[2].peak_resident, 0);
}

TEST_F(TelemetryTest, ScopeEndsWhenTheWorkThrows)
{
    Telemetry telemetry({0, "a", 1}, path());
    auto const broken = [&] {
        auto const phase = telemetry.phase("broken");
        throw std::runtime_error("x");
    };

    EXPECT_THROW(broken(), std::runtime_error);

    EXPECT_THROW(telemetry.end_phase(), core::InternalError);
    EXPECT_EQ(telemetry.phases().at(0).name, "broken");
}

TEST_F(TelemetryTest, StopsAtOnce)
{
    auto const start = std::chrono::steady_clock::now();
    {
        Telemetry const telemetry({0, "a", 1}, path(), 3600.0);
    }

    // Far below the interval; opening NVML may take a second or two where there is a driver.
    EXPECT_LT(std::chrono::steady_clock::now() - start, 30s);
    EXPECT_EQ(lines().size(), 2U);
}

TEST_F(TelemetryTest, NamesCannotBreakTheTable)
{
    {
        Telemetry telemetry({0, "a,\"b\"", 1}, path(), 3600.0);
        auto const phase = telemetry.phase("two\nlines");
    }

    auto const found = lines();
    ASSERT_EQ(found.size(), 3U);
    EXPECT_NE(found[1].find(",0,\"a,\"\"b\"\"\",two lines,"), std::string::npos) << found[1];
}

TEST_F(TelemetryTest, FullDiskEndsSamplingWithOneWarning)
{
    if (!std::filesystem::exists("/dev/full")) {
        GTEST_SKIP() << "there is no /dev/full";
    }
    {
        Telemetry telemetry({0, "a", 1}, "/dev/full", 0.01);
        auto const phase = telemetry.phase("P1");
        std::this_thread::sleep_for(100ms);
        EXPECT_EQ(telemetry.phases().size(), 1U);
    }

    EXPECT_EQ(said_, 1);
}

TEST_F(TelemetryTest, WhatCannotWorkIsRefused)
{
    EXPECT_THROW(Telemetry({0, "a", 1}, path(), 0.0), core::ConfigError);
    EXPECT_THROW(Telemetry({0, "a", 0}, path()), core::ConfigError);
    EXPECT_THROW(Telemetry({0, "a", 1}, path("no/such/folder.csv")), core::IoError);
}

TEST_F(TelemetryTest, ThreadsMayUseItTogether)
{
    {
        std::atomic<std::int64_t> sent = 0;
        Telemetry telemetry({0, "a", 1}, path(), 0.001, [&] {
            return TelemetryCounters{0, 0, sent.load(), 0};
        });
        std::vector<std::thread> threads;
        for (int thread = 0; thread < 4; ++thread) {
            threads.emplace_back([&] {
                for (int turn = 0; turn < 50; ++turn) {
                    auto const phase = telemetry.phase("together");
                    sent += 2;
                }
            });
        }
        for (auto& thread : threads) {
            thread.join();
        }
        EXPECT_EQ(telemetry.phases().size(), 1U);
    }

    EXPECT_EQ(split(lines().back())[sent_column], "400");
}

/// Seconds of processor time that this thread has used.
double thread_time()
{
    timespec now{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

TEST_F(TelemetryTest, SamplesCostLessThanAHundredthOfACore)
{
    // One a second by default. Processor time, so that a busy machine does not count.
    constexpr double most = 0.01;
    constexpr int turns = 200;
    double time = 0.0;
    {
        Telemetry telemetry({0, "a", 1}, path(), 3600.0);
        for (int turn = 0; turn < turns; ++turn) {
            telemetry.begin_phase("p");
            double const start = thread_time();
            telemetry.end_phase();  // is one sample
            time += thread_time() - start;
        }
    }

    EXPECT_EQ(lines().size(), 2U + turns);  // header, samples, last sample
    EXPECT_LT(time / turns, most);
}

TEST_F(TelemetryTest, MergeSortsByTimeThenRank)
{
    std::string const header(telemetry_header);
    write("0", header + "\n10.000,0,a\n11.000,0,b\n12.500,0,c\n");
    write("2", header + "\n9.999,2,d\n11.000,2,e\n100.000,2,f\n");
    write("1", header + "\n11.000,1,g\n11.001,1,h\n");

    merge_telemetry({path("2"), path("0"), path("1")}, path("all"));

    EXPECT_EQ(lines("all"), (std::vector<std::string>{header, "9.999,2,d", "10.000,0,a",
                                                      "11.000,0,b", "11.000,1,g", "11.000,2,e",
                                                      "11.001,1,h", "12.500,0,c", "100.000,2,f"}));
}

TEST_F(TelemetryTest, MergeReadsPartsLongerThanABlock)
{
    std::vector<std::string> parts;
    constexpr int count = 20'000;
    for (int rank = 0; rank < 3; ++rank) {
        std::string text(telemetry_header);
        text += '\n';
        for (int i = 0; i < count; ++i) {
            text += std::to_string(1000 + i) + ".500," + std::to_string(rank) +
                    std::string(1 + i % 37, ',') + "\n";
        }
        parts.push_back(path(std::to_string(rank)));
        write(std::to_string(rank), text);
    }

    merge_telemetry(parts, path("all"));

    auto const found = lines("all");
    ASSERT_EQ(found.size(), 3U * count + 1);
    for (int i = 0; i < 3 * count; ++i) {
        ASSERT_TRUE(found[i + 1].starts_with(std::to_string(1000 + i / 3) + ".500," +
                                             std::to_string(i % 3)));
    }
}

TEST_F(TelemetryTest, MergeLeavesOutWhatIsMissingOrTorn)
{
    write("0", std::string(telemetry_header) + "\n10.000,0,a\n11.000,0,b\nrubbish\n12.0");

    merge_telemetry({path("0"), path("missing")}, path("all"));

    EXPECT_EQ(lines("all").size(), 3U);
    EXPECT_EQ(said_, 1);
    EXPECT_THROW(merge_telemetry({path("0")}, path("no/such/folder.csv")), core::IoError);
}

TEST_F(TelemetryTest, MergedPartsOfRealRunsAreComplete)
{
    {
        Telemetry one({0, "a", 1}, path("0"), 0.01);
        Telemetry two({1, "b", 1}, path("1"), 0.01);
        std::this_thread::sleep_for(60ms);
    }
    auto const expected = lines("0").size() + lines("1").size() - 1;

    merge_telemetry({path("0"), path("1")}, path("all"));

    EXPECT_EQ(lines("all").size(), expected);
}
}  // namespace
}  // namespace sectile::report
