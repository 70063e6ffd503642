// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <chrono>
#include <ctime>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "sectile/core/error.hpp"
#include "sectile/core/log.hpp"
#include "sectile/report/run_report.hpp"
#include "sectile/report/telemetry.hpp"

namespace sectile::report
{
namespace
{
using namespace std::chrono_literals;

/// Works until this process has used so much CPU time, however busy the machine is.
void use_cpu(double seconds)
{
    auto const start = std::clock();
    while (static_cast<double>(std::clock() - start) < seconds * CLOCKS_PER_SEC) {
    }
}

/// clock() and getrusage() may be apart by a scheduler tick of 10 ms.
constexpr double tick = 0.01;

TEST(RunReport, WorkKeepsItsValueAndItsTimesAreRecorded)
{
    RunReport report;

    int const answer = report.timed("P1 ingest", [] {
        use_cpu(0.05);
        return 42;
    });

    EXPECT_EQ(answer, 42);
    auto const phases = report.phases();
    ASSERT_EQ(phases.size(), 1U);
    EXPECT_EQ(phases[0].name, "P1 ingest");
    EXPECT_GE(phases[0].wall, 0.05 - tick);
    EXPECT_GE(phases[0].cpu, 0.05 - tick);
    EXPECT_GT(phases[0].peak_memory, 1e6);  // a running process holds more than 1 MB
}

TEST(RunReport, SleepingIsWallTimeButNotCpuTime)
{
    RunReport report;

    report.timed("waiting", [] { std::this_thread::sleep_for(60ms); });

    auto const phases = report.phases();
    ASSERT_EQ(phases.size(), 1U);
    EXPECT_GE(phases[0].wall, 0.06);
    EXPECT_LT(phases[0].cpu, 0.03);
}

TEST(RunReport, CpuTimeOfAllThreadsCounts)
{
    RunReport report;

    report.timed("two threads", [] {
        std::thread other([] { use_cpu(0.05); });
        other.join();
    });

    EXPECT_GE(report.phases().at(0).cpu, 0.05 - tick);
}

TEST(RunReport, PeakMemoryHoldsWhatThePhaseTouched)
{
    RunReport report;
    constexpr std::size_t bytes = std::size_t{64} << 20U;
    report.timed("before", [] {});

    report.timed("big", [] {
        std::vector<char> const block(bytes, 'x');
        EXPECT_EQ(block[bytes / 2], 'x');
    });

    auto const phases = report.phases();
    // The allocator may reuse a few pages that were resident before.
    EXPECT_GE(phases[1].peak_memory, phases[0].peak_memory + 0.9 * bytes);
}

TEST(RunReport, EqualPhaseNamesAddUpAndOrderIsOfFirstAppearance)
{
    RunReport report;

    report.timed("b", [] { std::this_thread::sleep_for(5ms); });
    report.timed("a", [] {});
    report.timed("b", [] { std::this_thread::sleep_for(5ms); });

    auto const phases = report.phases();
    ASSERT_EQ(phases.size(), 2U);
    EXPECT_EQ(phases[0].name, "b");
    EXPECT_GE(phases[0].wall, 0.01);
}

TEST(RunReport, PhaseThatThrowsIsRecorded)
{
    RunReport report;

    EXPECT_THROW(report.timed("broken", [] { throw std::runtime_error("x"); }), std::runtime_error);

    EXPECT_EQ(report.phases().size(), 1U);
}

TEST(RunReport, JsonHoldsValuesPhasesAndCountedNotes)
{
    std::vector<std::string> said;
    core::set_log_sink([&](core::LogChannel, core::LogLevel level, std::string_view text) {
        EXPECT_EQ(level, core::LogLevel::warning);
        said.emplace_back(text);
    });
    RunReport report;

    report.set("grid", R"({"width": 12, "name": "Süd"})");
    report.timed("P5", [] {});
    report.note("fewer workers");
    report.note("rows halved");
    report.note("fewer workers");

    core::set_log_sink([](core::LogChannel, core::LogLevel, std::string_view) {});
    auto const document = nlohmann::json::parse(report.to_json());
    EXPECT_EQ(document["grid"]["width"], 12);
    EXPECT_EQ(document["grid"]["name"], "Süd");
    EXPECT_EQ(document["phases"][0]["name"], "P5");
    EXPECT_GE(document["total"]["wall"].get<double>(), document["phases"][0]["wall"].get<double>());
    ASSERT_EQ(document["notes"].size(), 2U);
    EXPECT_EQ(document["notes"][0]["text"], "fewer workers");
    EXPECT_EQ(document["notes"][0]["count"], 2);
    EXPECT_EQ(said, (std::vector<std::string>{"fewer workers", "rows halved"}));
}

/// Takes what is logged and forgets it.
class SilentLog
{
  public:
    SilentLog()
    {
        core::set_log_sink([](core::LogChannel, core::LogLevel, std::string_view) {});
    }
};

TEST(RunReport, RanksAreMergedAndNamed)
{
    SilentLog const silent;
    std::vector<RunReport> ranks(4);
    for (RunReport& report : ranks) {
        report.note("fewer workers");
        report.note("frame 7 lies far away", core::LogChannel::world);
        report.timed("P3", [] {});
    }
    ranks[1].note("rows halved");
    ranks[1].note("rows halved");
    ranks[3].note("rows halved");
    ranks[0].add_plan({"master_tiles", "summary of 0", 100, 90, 0.5});
    ranks[2].add_plan({"master_tiles", "summary of 2", 300, 400, 0.25});
    std::vector<std::vector<std::byte>> shares;
    for (RunReport const& report : ranks) {
        shares.push_back(report.share(1000));
    }

    ranks[0].add_ranks(shares);

    auto const document = nlohmann::json::parse(ranks[0].to_json());
    EXPECT_EQ(document["notes"],
              nlohmann::json::parse(R"([{"text": "fewer workers", "count": 4, "ranks": "0-3"},
                                        {"text": "frame 7 lies far away", "count": 1},
                                        {"text": "rows halved", "count": 3, "ranks": "1,3"}])"));
    ASSERT_EQ(document["plans"].size(), 1U);
    EXPECT_EQ(document["plans"][0]["summary"], "summary of 0");
    EXPECT_EQ(document["plans"][0]["measured_peak"], 90);
    EXPECT_EQ(document["plans"][0]["ranks"],
              nlohmann::json::parse(R"({"predicted_peak": [100, null, 300, null],
                                        "measured_peak": [90, null, 400, null],
                                        "cpu_utilisation": [0.5, null, 0.25, null]})"));
    auto const& phase = document["phases"][0];
    EXPECT_GE(phase["ranks"]["longest_wall"], phase["wall"]);
    EXPECT_GE(phase["ranks"]["sum_of_cpu"], phase["cpu"]);
}

TEST(RunReport, WhatARankSharesIsBoundedAndNothingIsLostInSilence)
{
    SilentLog const silent;
    RunReport root;
    RunReport other;
    constexpr int notes = 5000;
    for (int i = 0; i < notes; ++i) {
        other.note("note " + std::to_string(i) + std::string(90, '.'));
    }
    other.note("bytes \xe9 that are not UTF-8" + std::string(5000, 'x'));

    auto const share = other.share(4096);
    root.add_ranks({{}, share});

    EXPECT_LE(share.size(), 4096U + 512U);
    std::int64_t counted = 0;
    auto const document = nlohmann::json::parse(root.to_json());
    EXPECT_GE(document["notes"].size(), 30U);
    for (auto const& note : document["notes"]) {
        counted += note["count"].get<std::int64_t>();
    }
    EXPECT_EQ(counted, notes + 1);
}

TEST(RunReport, WarningsThatAreNoNotesAreListed)
{
    SilentLog const silent;
    RunReport report;
    report.note("rows halved");

    report.add_warnings({{1, core::LogLevel::warning, "rows halved", 1, {2}},
                         {2, core::LogLevel::warning, "slow disk", 5, {0, 1, 4}},
                         {3, core::LogLevel::error, "odd network", 1, {}}});

    EXPECT_EQ(nlohmann::json::parse(report.to_json())["warnings"],
              nlohmann::json::parse(R"([{"text": "slow disk", "count": 5, "ranks": "0-1,4"},
                                        {"text": "odd network", "count": 1}])"));
}

TEST(RunReport, ARecordThatFailsIsAnErrorAndNotTheEndOfTheProcess)
{
    SilentLog const silent;
    std::string const part = testing::TempDir() + "/sectile_report_part.csv";
    Telemetry telemetry({}, part);
    RunReport report;
    report.watch(&telemetry);

    // The phase is gone when the report wants to end it.
    EXPECT_THROW(report.timed("P3", [&] { telemetry.end_phase(); }), core::InternalError);
    EXPECT_THROW(report.timed("P3",
                              [&] {
                                  telemetry.end_phase();
                                  throw std::out_of_range("why the work failed");
                              }),
                 std::out_of_range);

    report.watch(nullptr);
    std::filesystem::remove(part);
}

TEST(RunReport, ValueThatIsNotJsonIsRefused)
{
    RunReport report;

    EXPECT_THROW(report.set("frames", "{broken"), core::InternalError);

    EXPECT_FALSE(nlohmann::json::parse(report.to_json()).contains("frames"));
}

TEST(RunReport, BytesThatAreNotUtf8DoNotCostTheReport)
{
    core::set_log_sink([](core::LogChannel, core::LogLevel, std::string_view) {});
    RunReport report;

    report.note("frame \xe9toile.fits");

    EXPECT_NE(report.to_json().find("toile.fits"), std::string::npos);
}

TEST(RunReport, TableListsEveryPhaseAndTheTotal)
{
    RunReport report;
    report.timed("P1 ingest", [] { std::this_thread::sleep_for(20ms); });
    report.timed("P3 master tiles", [] {});

    std::string const table = report.timing_table();

    EXPECT_EQ(std::count(table.begin(), table.end(), '\n'), 4);  // heading, two phases, total
    EXPECT_NE(table.find("P1 ingest        "), std::string::npos);
    EXPECT_NE(table.find("P3 master tiles  "), std::string::npos);
    EXPECT_NE(table.find("\ntotal "), std::string::npos);
    EXPECT_NE(table.find("iB\n"), std::string::npos);
    EXPECT_NE(table.find("0.0"), std::string::npos);
}

TEST(RunReport, ThreadsMayUseItTogether)
{
    core::set_log_sink([](core::LogChannel, core::LogLevel, std::string_view) {});
    RunReport report;
    std::vector<std::thread> threads;
    for (int thread = 0; thread < 4; ++thread) {
        threads.emplace_back([&report, thread] {
            for (int turn = 0; turn < 50; ++turn) {
                report.note("same note");
                report.set("key" + std::to_string(thread), std::to_string(turn));
                report.timed("phase", [] {});
            }
        });
    }
    for (auto& thread : threads) {
        thread.join();
    }

    auto const document = nlohmann::json::parse(report.to_json());
    EXPECT_EQ(document["notes"][0]["count"], 200);
    EXPECT_EQ(document["key3"], 49);
    EXPECT_EQ(document["phases"].size(), 1U);
}
}  // namespace
}  // namespace sectile::report
