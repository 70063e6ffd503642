// SPDX-License-Identifier: BSD-3-Clause
// `sectile plan` for machines that are not this one, and the surveys of headers it is tried on.
#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <string>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "end_to_end/sectile_runs.hpp"

namespace
{
using nlohmann::json;
using sectile::test::ProgramResult;
using sectile::test::read_file;
using sectile::test::run_program;
using sectile::test::ScratchFolder;
namespace fs = std::filesystem;

std::string const sectile = SECTILE_BINARY;

/// A survey of headers alone, large enough for a thousand ranks: 300 frames of 1080 x 1920.
class PlanTest : public testing::Test
{
  protected:
    static void SetUpTestSuite()
    {
        scratch = new ScratchFolder("plan");
        ProgramResult const made =
            run_program(sectile +
                        " simulate --headers-only --frames 300 --columns 2 --width 1080 "
                        "--height 1920 --output " +
                        frames());
        ASSERT_EQ(made.exit_code, 0) << made.output;
    }
    static void TearDownTestSuite() { delete scratch; }

    static std::string frames() { return *scratch / "frames"; }
    static std::string command(std::string const& options)
    {
        return sectile + " plan --input '" + frames() + "' " + options;
    }
    static json plan(std::string const& options)
    {
        std::string const out = *scratch / "plan.json";
        ProgramResult const done =
            run_program("( " + command("--json " + options) + " >'" + out + "' )");
        EXPECT_EQ(done.exit_code, 0) << done.output;
        return json::parse(read_file(out));
    }

    inline static ScratchFolder* scratch = nullptr;
};

TEST_F(PlanTest, HeadersAloneHaveTheSizeOfFramesAndTakeNoSpace)
{
    fs::path const file = fs::path(frames()) / "frame_00000.fits";
    json const truth = json::parse(read_file(fs::path(frames()) / "truth.json"));

    EXPECT_GE(fs::file_size(file), 1080U * 1920U * 2U);
    EXPECT_EQ(fs::file_size(file) % 2880U, 0U);
    EXPECT_EQ(truth["frames"].size(), 300U);
    EXPECT_EQ(truth["config"]["headers_only"], true);
}

TEST_F(PlanTest, TextHasAllSections)
{
    ProgramResult const done =
        run_program(command("--ranks 16 --ranks-per-node 4 --node-ram 64GiB --node-cores 32"));

    EXPECT_EQ(done.exit_code, 0);
    for (char const* const part :
         {"frames        300 accepted, 0 quarantined", "groups        100", "canvas        3 x ",
          "16 on 4 nodes, 4 per node", "32 cores (8 per rank), 64.0 GiB", "P3 master tiles",
          "P5 assembly", "messages", "per node", "parallel_plan_summary phase=master_tiles",
          "parallel_plan_summary phase=phase5_reproject"}) {
        EXPECT_NE(done.output.find(part), std::string::npos) << part << "\n" << done.output;
    }
}

TEST_F(PlanTest, NumbersKeepTheRulesForAnyMachine)
{
    for (std::string const mode : {"classic", "mosaic-first"}) {
        for (int const ranks : {1, 16, 1024}) {
            int const per_node = ranks == 1 ? 1 : 16;
            json const found =
                plan("--mode " + mode + " --ranks " + std::to_string(ranks) + " --ranks-per-node " +
                     std::to_string(per_node) + " --node-ram 256GiB --node-cores 64 --gpus 4");
            SCOPED_TRACE(mode + " on " + std::to_string(ranks));
            json const& assembly = found["assembly"];
            json const& memory = found["memory"];

            EXPECT_EQ(found["machine"]["nodes"], (ranks + per_node - 1) / per_node);
            EXPECT_EQ(found["machine"]["cores_per_rank"], 64 / per_node);
            EXPECT_EQ(found["machine"]["gpus"], 4);
            EXPECT_EQ(found.contains("master_tiles"), mode == "classic");
            EXPECT_LE(assembly["imbalance"].get<double>(), 1.15);
            EXPECT_EQ(assembly["idle_ranks"], 0);
            EXPECT_GE(assembly["rounds"].get<int>(), 1);
            EXPECT_GT(assembly["bytes_read"].get<std::int64_t>(), 0);
            EXPECT_GT(assembly["bytes_written"].get<std::int64_t>(), 0);
            EXPECT_LE(memory["node_bytes"].get<double>(), 0.75 * 256.0 * 1073741824.0);
            EXPECT_EQ(memory["node_bytes"].get<std::int64_t>(),
                      memory["rank_bytes"].get<std::int64_t>() * per_node);
            // Only tiles made on other nodes have to travel.
            bool const travels = mode == "classic" && ranks > 16;
            EXPECT_EQ(assembly["route"], travels ? "push" : "pull");
            EXPECT_EQ(assembly["messages"].get<std::int64_t>() > 0, travels);
        }
    }
}

/// Less what a process held before, and what is free on a machine that others use too.
json without_the_moment(json phases)
{
    for (json& phase : phases) {
        for (char const* const key : {"budget_bytes", "predicted_peak_bytes", "summary"}) {
            EXPECT_EQ(phase["parallel_plan"].erase(key), 1U) << key;
        }
    }
    return phases;
}

/// Takes the memory of the phases out of them: bytes that each adds, and of its largest chunk.
std::vector<std::int64_t> take_memory(json& phases)
{
    std::vector<std::int64_t> bytes;
    for (json& phase : phases) {
        for (char const* const key : {"added_bytes", "max_chunk_bytes"}) {
            bytes.push_back(phase["parallel_plan"][key]);
            phase["parallel_plan"].erase(key);
        }
    }
    return bytes;
}

// What is printed is what is run, for each way, route and number of ranks. The survey has nothing
// that only its pixels would tell: its frames differ in sharpness, but not in place.
TEST(PlanAndRun, AreOne)
{
    ScratchFolder const scratch("plan_and_run");
    std::string const frames = scratch / "frames";
    sectile::test::simulate(frames,
                            "--frames 12 --frames-per-pointing 2 --columns 3 --width 200 "
                            "--height 150 --dither 0 --rotation 0 --seed 7");
    for (std::string const mode : {"classic", "mosaic-first"}) {
        for (std::string const route : {"pull", "push"}) {
            for (int const ranks : {1, 3}) {
                SCOPED_TRACE(mode + " " + route + " " + std::to_string(ranks));
                std::string const options =
                    "--mode " + mode + " --exchange-route " + route +
                    " --registration wcs --cosmetic off --rows-per-chunk 64";
                std::string const text = scratch / "plan.json";
                ProgramResult const plan =
                    run_program("( " + sectile + " plan --json --input " + frames + " " + options +
                                " --ranks " + std::to_string(ranks) + " --ranks-per-node " +
                                std::to_string(ranks) + " >" + text + " )");
                ASSERT_EQ(plan.exit_code, 0) << plan.output;
                ProgramResult const run = sectile::test::run_sectile(
                    frames, scratch / "out", options, ranks > 1 ? ranks : 0);
                ASSERT_EQ(run.exit_code, 0) << run.output;

                json printed = without_the_moment(json::parse(read_file(text))["phases"]);
                json executed =
                    without_the_moment(sectile::test::report_of(scratch / "out")["planned"]);
                // The plan is of the rank that holds most, the report of rank 0.
                std::vector<std::int64_t> const most = take_memory(printed);
                std::vector<std::int64_t> const own = take_memory(executed);

                EXPECT_EQ(printed, executed) << json::diff(printed, executed);
                ASSERT_EQ(own.size(), most.size());
                for (std::size_t i = 0; i < own.size(); ++i) {
                    EXPECT_LE(own[i], most[i]);
                    EXPECT_TRUE(ranks > 1 || own[i] == most[i]) << own[i] << " " << most[i];
                }
            }
        }
    }
}

TEST_F(PlanTest, WrongMachinesAreOneSentence)
{
    for (char const* const options :
         {"--ranks 0", "--ranks -4", "--ranks 4 --ranks-per-node 8", "--ranks-per-node 4096",
          "--ranks-per-node 0", "--node-ram 0", "--node-ram -1", "--node-ram many",
          "--node-cores 0", "--gpus -1", "--ranks 1.5",
          "--ranks 16 --ranks-per-node 16 --node-ram 1MiB"}) {
        ProgramResult const done = run_program(command(options));
        EXPECT_EQ(done.exit_code, 2) << options << "\n" << done.output;
        EXPECT_NE(done.output.find("sectile: "), std::string::npos) << options;
    }
    ProgramResult const run = run_program(sectile + " run --ranks 4 --input a --output b");
    EXPECT_EQ(run.exit_code, 2);
    EXPECT_NE(run.output.find("the option --ranks belongs to sectile plan only"), std::string::npos)
        << run.output;
}
}  // namespace
