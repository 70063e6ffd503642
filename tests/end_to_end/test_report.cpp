// SPDX-License-Identifier: BSD-3-Clause
// What a run tells afterwards: the report and the log speak for all ranks, and the exit code for
// all phases.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "end_to_end/sectile_runs.hpp"

namespace
{
using nlohmann::json;
using sectile::test::ProgramResult;
using sectile::test::read_file;
using sectile::test::report_of;
using sectile::test::run_program;
using sectile::test::run_sectile;
using sectile::test::ScratchFolder;
using sectile::test::simulate;
namespace fs = std::filesystem;

class Report : public ::testing::Test
{
  protected:
    static void SetUpTestSuite()
    {
        scratch = new ScratchFolder("report");
        simulate(frames(), "--frames 12 --frames-per-pointing 3 --width 480 --height 320 --seed 3");
    }
    static void TearDownTestSuite()
    {
        delete scratch;
        scratch = nullptr;
    }
    static std::string frames() { return *scratch / "frames"; }

    /// Runs, expects the exit code, and gives the folder.
    static std::string run(std::string const& name, std::string const& options, int ranks,
                           int exit_code = 0)
    {
        std::string const folder = *scratch / name;
        ProgramResult const result = run_sectile(frames(), folder, options, ranks);
        EXPECT_EQ(result.exit_code, exit_code) << options << "\n" << result.output;
        return folder;
    }

    inline static ScratchFolder* scratch = nullptr;
};

bool holds(std::string const& text, std::string const& part)
{
    return text.find(part) != std::string::npos;
}

TEST_F(Report, WhatAnotherRankGivesUpIsTold)
{
    // One of these calls belongs to work that is done again with less.
    for (int const nth : {100, 20, 60, 140}) {
        std::string const folder =
            run("fallback", "--inject-faults allocation=" + std::to_string(nth) + "x1@1", 2);
        json const report = report_of(folder);
        auto const of_rank_1 = std::ranges::find_if(
            report["notes"], [](json const& note) { return note.value("ranks", "") == "1"; });
        if (of_rank_1 == report["notes"].end()) {
            continue;
        }
        EXPECT_GE((*of_rank_1)["count"], 1);
        EXPECT_TRUE(holds(read_file(folder + "/sectile.log"),
                          "warning rank 1: " + (*of_rank_1)["text"].get<std::string>()))
            << read_file(folder + "/sectile.log");
        return;
    }
    FAIL() << "none of the faults of rank 1 is in the report";
}

TEST_F(Report, EveryRankHasItsResultsOfPlans)
{
    std::string const folder = run("plans", "", 3);

    json const report = report_of(folder);
    std::string const log = read_file(folder + "/sectile.log");
    for (char const* const phase : {"ingest", "master_tiles", "phase5_reproject"}) {
        auto const plan = std::ranges::find_if(
            report["plans"], [&](json const& each) { return each["phase"] == phase; });
        ASSERT_NE(plan, report["plans"].end()) << phase;
        json const& ranks = (*plan)["ranks"];
        ASSERT_EQ(ranks["measured_peak"].size(), 3U) << phase;
        for (int rank = 0; rank < 3; ++rank) {
            EXPECT_GT(ranks["measured_peak"][rank], 1'000'000) << phase << rank;
            EXPECT_GT(ranks["predicted_peak"][rank], 1'000'000) << phase << rank;
            EXPECT_GE(ranks["cpu_utilisation"][rank], 0.0) << phase << rank;
        }
        EXPECT_EQ(ranks["measured_peak"][0], (*plan)["measured_peak"]) << phase;
        for (char const* const said_by : {"rank 1: ", "rank 2: "}) {
            EXPECT_TRUE(
                holds(log, said_by + std::string("parallel_plan_result phase=") + phase + " "))
                << said_by << phase;
        }
    }
    auto const finish = std::ranges::find_if(
        report["plans"], [](json const& each) { return each["phase"] == "finish"; });
    EXPECT_TRUE((*finish)["ranks"]["measured_peak"][1].is_null()) << "rank 0 finishes alone";
}

TEST_F(Report, WhatRanIsWhatThePhasesDeclare)
{
    json const report = report_of(run("declared", "", 2));

    std::vector<std::string> declared;
    std::vector<std::string> with_plan;
    for (json const& phase : report["pipeline"]) {
        declared.push_back(phase["name"]);
        EXPECT_EQ(phase["options_hash"].get<std::string>().size(), 16U) << phase;
        if (phase.contains("plan")) {
            with_plan.push_back(phase["plan"]);
        }
    }
    std::vector<std::string> timed;
    for (json const& phase : report["phases"]) {
        timed.push_back(phase["name"]);
    }
    std::vector<std::string> planned;
    for (json const& plan : report["plans"]) {
        planned.push_back(plan["phase"]);
    }
    EXPECT_EQ(timed, declared);
    EXPECT_EQ(planned, with_plan);
}

TEST_F(Report, AFailureThatAllAgreedOnStillTellsOfAllRanks)
{
    std::string const folder = run("failed", "--inject-faults write=1@0", 2, 4);

    json const report = report_of(folder);
    EXPECT_TRUE(holds(report["error"].get<std::string>(), "cannot write")) << report["error"];
    ASSERT_FALSE(report["plans"].empty());
    EXPECT_EQ(report["plans"][0]["ranks"]["measured_peak"].size(), 2U);
    EXPECT_TRUE(holds(read_file(folder + "/sectile.log"), "rank 1: parallel_plan_result"));
}

TEST_F(Report, WhatTheWholeRunSaysIsSaidOnce)
{
    ScratchFolder const field("far");
    simulate(field / "near", "--width 160 --height 120 --frames 12 --frames-per-pointing 3");
    simulate(field / "near/far", "--width 160 --height 120 --frames 1 --dec 35");

    ProgramResult const result = run_sectile(field / "near", field / "out", "", 2);

    ASSERT_EQ(result.exit_code, 0) << result.output;
    EXPECT_FALSE(holds(result.output, "rank 1: warning: ")) << result.output;
    json const report = report_of(field / "out");
    auto const notes = report["notes"];
    auto const far_away = std::ranges::find_if(notes, [](json const& note) {
        return holds(note["text"].get<std::string>(), "lies far from all other frames");
    });
    ASSERT_NE(far_away, notes.end()) << notes;
    EXPECT_EQ((*far_away)["count"], 1);
    EXPECT_FALSE(far_away->contains("ranks"));
}

TEST_F(Report, AssemblyCountsAllRanks)
{
    for (std::string const options : {"", "--mode mosaic-first"}) {
        json const alone = report_of(run("alone", options, 1))["assembly"];
        json const shared = report_of(run("shared", options, 3))["assembly"];

        // All pixels that one rank needs are needed by three together, and some twice.
        for (char const* const count : {"window_bytes", "windows_read"}) {
            EXPECT_GE(shared[count].get<std::int64_t>(), alone[count].get<std::int64_t>())
                << options << count;
        }
    }
}

TEST_F(Report, StrictEndsARunWhereTheGridLeavesAFrameOut)
{
    ScratchFolder const field("strict_grid");
    simulate(field / "frames/near", "--width 160 --height 120 --frames 4 --frames-per-pointing 2");
    simulate(field / "frames/far", "--width 160 --height 120 --frames 1 --ra 200");
    ASSERT_EQ(run_sectile(field / "frames/near", field / "near", "").exit_code, 0);
    std::string const reference = "--reference-grid " + field / "near/grid.fits";

    struct Case
    {
        std::string options;
        std::string reason;
    };
    for (auto const& [options, reason] :
         {Case{"--outlier-tiles drop", "would more than double the canvas"},
          Case{reference, "it does not lie on the reference grid"}}) {
        for (int const ranks : {0, 2}) {
            ProgramResult const result =
                run_sectile(field / "frames", field / "out", "--strict " + options, ranks);

            EXPECT_EQ(result.exit_code, 5) << options << "\n" << result.output;
            EXPECT_TRUE(holds(result.output, "a frame was quarantined and --strict was given"))
                << result.output;
            EXPECT_FALSE(fs::exists(field / "out/mosaic.h5"));
            json const report = report_of(field / "out");
            EXPECT_TRUE(holds(report["error"].get<std::string>(), "far/frame_00000.fits"));
            EXPECT_TRUE(holds(report["error"].get<std::string>(), reason)) << report["error"];
            EXPECT_TRUE(holds(read_file(field / "out/sectile.log"), "warning quarantined "));
            fs::remove_all(field / "out");
        }
    }
}

TEST_F(Report, FramesOffTheReferenceGridAreToldSo)
{
    ScratchFolder const field("off_grid");
    simulate(field / "frames/near", "--width 160 --height 120 --frames 4 --frames-per-pointing 2");
    simulate(field / "frames/far", "--width 160 --height 120 --frames 1 --ra 200");
    ASSERT_EQ(run_sectile(field / "frames/near", field / "near", "").exit_code, 0);

    ProgramResult const result = run_sectile(field / "frames", field / "out",
                                             "--reference-grid " + field / "near/grid.fits");

    ASSERT_EQ(result.exit_code, 0) << result.output;
    std::vector<std::string> reasons;
    json const report = report_of(field / "out");
    for (json const& frame : report["frames"]) {
        if (frame["verdict"] == "quarantined") {
            reasons.push_back(frame["reason"]);
        }
    }
    EXPECT_EQ(reasons, std::vector<std::string>{"it does not lie on the reference grid"});
}

TEST_F(Report, StrictEndsARunWhereRegistrationFindsAStranger)
{
    ScratchFolder const field("strict_stranger");
    std::string const survey =
        " --frames 6 --frames-per-pointing 6 --columns 1 --width 640 --height 480 --colour mono"
        " --star-density 2500 ";
    simulate(field / "field", survey + "--seed 5");
    simulate(field / "other", survey + "--seed 6");
    fs::copy_file(field / "other/frame_00003.fits", field / "field/zz_stranger.fits");

    for (int const ranks : {0, 2}) {
        ProgramResult const result =
            run_sectile(field / "field", field / "out", "--strict --keep tiles", ranks);

        EXPECT_EQ(result.exit_code, 5) << result.output;
        EXPECT_TRUE(holds(result.output, "zz_stranger.fits")) << result.output;
        EXPECT_TRUE(holds(result.output, "another field")) << result.output;
        EXPECT_TRUE(fs::is_empty(field / "out/.sectile/tiles")) << "no pixel work is begun";
        json const report = report_of(field / "out");
        EXPECT_TRUE(holds(report["error"].get<std::string>(), "zz_stranger.fits"));
        EXPECT_EQ(report["frames"][6]["verdict"], "quarantined");
        fs::remove_all(field / "out");
    }
}

/// All there is under a folder, with sizes and times.
std::string listing(std::string const& folder)
{
    return run_program("( cd '" + folder + "' && find . -printf '%p %s %T@\\n' | sort )").output;
}

TEST_F(Report, APlanChangesNothing)
{
    ScratchFolder const field("plan");
    fs::create_directories(field / "out/.sectile/solve");
    std::ofstream(field / "out/.sectile/solve/frame.axy") << "work of a run that goes on\n";
    std::string const before = listing(field.path());
    std::string const command =
        std::string(SECTILE_BINARY) + " plan --solver solve-field --input " + frames();

    ProgramResult const with_output = run_program(command + " --output " + field / "out");
    ProgramResult const new_output = run_program(command + " --output " + field / "new");

    EXPECT_EQ(with_output.exit_code, 0) << with_output.output;
    EXPECT_EQ(new_output.exit_code, 0) << new_output.output;
    EXPECT_EQ(listing(field.path()), before);
    ASSERT_TRUE(holds(with_output.output, "frames solved")) << "nothing had to be solved";
}

TEST_F(Report, APlanWithoutDevicesHasNone)
{
    std::string const command =
        std::string(SECTILE_BINARY) + " plan --gpus 2 --gpu-vram 24GiB --input " + frames();

    EXPECT_TRUE(holds(run_program(command).output, " use_gpu=1"));
    EXPECT_FALSE(holds(run_program(command + " --use-gpu off").output, " use_gpu=1"));
}
}  // namespace
