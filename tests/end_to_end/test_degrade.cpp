// SPDX-License-Identifier: BSD-3-Clause
// A run that lacks memory, or meets failures, ends with the bytes of an undisturbed one and says in
// the report what it gave up.
#include <algorithm>
#include <filesystem>
#include <sstream>
#include <string>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "end_to_end/sectile_runs.hpp"

namespace
{
using sectile::test::ProgramResult;
using sectile::test::read_file;
using sectile::test::report_of;
using sectile::test::run_program;
using sectile::test::run_sectile;
using sectile::test::ScratchFolder;
using sectile::test::simulate;

class Degrade : public ::testing::Test
{
  protected:
    static void SetUpTestSuite()
    {
        scratch = new ScratchFolder("degrade");
        simulate(*scratch / "frames",
                 "--frames 24 --frames-per-pointing 8 --width 480 --height 320 --seed 3");
        undisturbed = run(1, "", "undisturbed");
    }
    static void TearDownTestSuite()
    {
        delete scratch;
        scratch = nullptr;
    }

    static std::string run(int ranks, std::string const& options, std::string const& name)
    {
        std::string const folder = *scratch / name;
        ProgramResult const result = run_sectile(*scratch / "frames", folder, options, ranks);
        EXPECT_EQ(result.exit_code, 0) << options << "\n" << result.output;
        return folder;
    }

    static void expect_same_bytes(std::string const& folder)
    {
        for (char const* file : {"/mosaic.h5", "/mosaic.fits", "/preview.png"}) {
            EXPECT_TRUE(read_file(folder + file) == read_file(undisturbed + file))
                << folder << file;
        }
    }

    /// Notes of a run that say what was given up because memory ran out. There may be others, about
    /// the frames.
    static std::ptrdiff_t steps_noted(std::string const& folder)
    {
        auto const notes = report_of(folder)["notes"];
        return std::ranges::count_if(notes, [](nlohmann::json const& note) {
            std::string const text = note["text"];
            return text.find("because memory ran out") != std::string::npos ||
                   text.find("done again with fewer workers") != std::string::npos;
        });
    }

    static ScratchFolder* scratch;
    static std::string undisturbed;
};

ScratchFolder* Degrade::scratch = nullptr;
std::string Degrade::undisturbed;

TEST_F(Degrade, InjectedLackOfMemoryChangesNoByte)
{
    ASSERT_EQ(steps_noted(undisturbed), 0);
    int noted = 0;
    // Early calls belong to ingest, later ones to the tiles, the last to the assembly.
    for (int const nth : {1, 30, 70, 110, 150, 170, 190}) {
        std::string const faults = "allocation=" + std::to_string(nth) + "x1@0";

        std::string const folder =
            run(1 + nth % 2, "--inject-faults " + faults, "allocation_" + std::to_string(nth));

        expect_same_bytes(folder);
        noted += steps_noted(folder) > 0 ? 1 : 0;
    }
    EXPECT_GE(noted, 4) << "too few of the faults hit anything to prove anything";
}

TEST_F(Degrade, TightMemoryChangesNoByte)
{
    std::string const folder = run(1, "--ram-limit 96MiB", "limited");

    expect_same_bytes(folder);
    EXPECT_LE(report_of(folder)["total"]["peak_memory"].get<std::int64_t>(), 96 << 20);
}

/// Megabytes that the refusal of a run says would do.
int advised_limit(std::string const& text)
{
    std::string const words = "raise ram_limit to ";
    std::size_t const at = text.find(words);
    return at == std::string::npos ? 0 : std::stoi(text.substr(at + words.size()));
}

TEST_F(Degrade, LimitTooSmallIsRefusedBeforeWorkAndTheAdviceHolds)
{
    std::string const command = std::string(SECTILE_BINARY) + " run --input " +
                                *scratch / "frames" + " --output " + *scratch / "too_small";
    for (int limit = 20, refusals = 0;; ++refusals) {
        ProgramResult const result =
            run_program(command + " --ram-limit " + std::to_string(limit) + "MiB");
        if (result.exit_code == 0) {
            EXPECT_GE(refusals, 1);
            break;
        }
        ASSERT_LE(refusals, 3) << "the advice leads nowhere: " << result.output;
        EXPECT_EQ(result.exit_code, 2) << result.output;
        EXPECT_FALSE(std::filesystem::exists(*scratch / "too_small/mosaic.h5"));
        ASSERT_GT(advised_limit(result.output), limit) << result.output;
        limit = advised_limit(result.output);
    }
    expect_same_bytes(*scratch / "too_small");
}

TEST_F(Degrade, FailingWriteEndsWithASentenceAndNoHalfProduct)
{
    std::string const folder = *scratch / "full";

    ProgramResult const result =
        run_sectile(*scratch / "frames", folder, "--inject-faults write=3");

    EXPECT_EQ(result.exit_code, 4) << result.output;
    EXPECT_NE(result.output.find("cannot write"), std::string::npos) << result.output;
    EXPECT_FALSE(std::filesystem::exists(folder + "/mosaic.fits"));
}

TEST_F(Degrade, TelemetryTellsOfEveryRankAndPhase)
{
    std::string const folder = run(2, "--telemetry-interval 0.05", "telemetry");

    std::istringstream lines(read_file(folder + "/telemetry.csv"));
    std::string header;
    std::getline(lines, header);
    EXPECT_EQ(header.rfind("time,rank,host,phase,cpu_percent,rss_bytes", 0), 0U) << header;
    std::size_t samples = 0;
    for (std::string line; std::getline(lines, line);) {
        ++samples;
    }
    EXPECT_GE(samples, 10U);
    auto const ranks = report_of(folder)["ranks"];
    ASSERT_EQ(ranks.size(), 2U);
    EXPECT_GE(ranks[1]["phases"].size(), 5U);
    EXPECT_GE(report_of(folder)["imbalance"]["P5 assemble"].get<double>(), 1.0);
    EXPECT_FALSE(std::filesystem::exists(folder + "/.sectile/telemetry_00000.csv"));
    expect_same_bytes(folder);
}
}  // namespace
