// SPDX-License-Identifier: BSD-3-Clause
// What enters the stack: frames of another field, hot pixels, headers that are off.
#include <algorithm>
#include <filesystem>
#include <string>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "end_to_end/sectile_runs.hpp"

namespace
{
namespace fs = std::filesystem;
using sectile::test::ProgramResult;
using sectile::test::report_of;
using sectile::test::run_sectile;
using sectile::test::ScratchFolder;
using sectile::test::simulate;

nlohmann::json run(std::string const& input, std::string const& output, std::string const& options,
                   int ranks = 1)
{
    ProgramResult const result = run_sectile(input, output, options, ranks);
    EXPECT_EQ(result.exit_code, 0) << result.output;
    return report_of(output);
}

TEST(Registration, AnUnrelatedFieldIsQuarantinedAndNeverStacked)
{
    ScratchFolder const scratch("unrelated");
    std::string const survey =
        " --frames 6 --frames-per-pointing 6 --columns 1 --width 640 --height 480 --colour mono"
        " --star-density 2500 ";
    simulate(scratch / "field", survey + "--seed 5");
    simulate(scratch / "other", survey + "--seed 6");
    run(scratch / "field", scratch / "pure", "");
    // Another field whose header claims to be this one.
    fs::copy_file(scratch / "other/frame_00003.fits", scratch / "field/zz_stranger.fits");

    for (int const ranks : {1, 2}) {
        auto const report = run(scratch / "field", scratch / "out", "", ranks);

        ASSERT_EQ(report["frames"].size(), 7U);
        EXPECT_EQ(report["frames"][6]["verdict"], "quarantined");
        EXPECT_EQ(report["frames"][6]["code"], "another_field");
        EXPECT_NE(report["frames"][6]["reason"].get<std::string>().find("another field"),
                  std::string::npos);
        EXPECT_EQ(
            std::ranges::count_if(report["frames"],
                                  [](auto const& frame) { return frame["verdict"] == "accepted"; }),
            6);
        EXPECT_EQ(report["groups"][0]["frames"].size(), 6U);
        fs::remove_all(scratch / "out");
    }
}

TEST(Registration, QualityGateReportsOrRejectsAFrameThatStandsOut)
{
    ScratchFolder const scratch("quality");
    std::string const survey =
        " --frames-per-pointing 12 --columns 1 --width 480 --height 320 --colour mono"
        " --star-density 2500 --sky-scatter 0.01 ";
    simulate(scratch / "field", survey + "--frames 12 --seed 5");
    simulate(scratch / "cloudy", survey + "--frames 1 --seed 5 --noise 60");
    fs::copy_file(scratch / "cloudy/frame_00000.fits", scratch / "field/zz_cloudy.fits");

    auto const told = run(scratch / "field", scratch / "told", "");
    auto const rejected = run(scratch / "field", scratch / "rejected", "--quality-gate reject");

    EXPECT_EQ(told["frames"][12]["verdict"], "accepted");
    EXPECT_NE(told["notes"].dump().find("zz_cloudy"), std::string::npos) << told["notes"];
    EXPECT_EQ(rejected["frames"][12]["verdict"], "quarantined");
    EXPECT_EQ(rejected["frames"][12]["code"], "quality");
    EXPECT_NE(rejected["frames"][12]["reason"].get<std::string>().find("from the usual"),
              std::string::npos)
        << rejected["frames"][12];
}
}  // namespace
