// SPDX-License-Identifier: BSD-3-Clause
// What a run leaves behind: products, verdicts, tiles, nothing half-written.
#include <algorithm>
#include <fstream>
#include <set>
#include <string>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "support/run_program.hpp"
#include "support/test_data.hpp"

namespace
{
using sectile::test::ProgramResult;
using sectile::test::read_file;
using sectile::test::run_program;
using sectile::test::ScratchFolder;
namespace fs = std::filesystem;

std::string const sectile = SECTILE_BINARY;

nlohmann::json report_of(std::string const& output)
{
    return nlohmann::json::parse(read_file(output + "/report.json"));
}

void simulate(std::string const& folder, std::string const& options)
{
    ProgramResult const made = run_program(sectile + " simulate --output " + folder +
                                           " --width 160 --height 120 " + options);
    ASSERT_EQ(made.exit_code, 0) << made.output;
}

ProgramResult run(std::string const& input, std::string const& output, std::string const& options)
{
    return run_program(sectile + " run --input " + input + " --output " + output + " " + options);
}

TEST(Products, AreCompleteAndVerify)
{
    ScratchFolder const scratch("products");
    simulate(scratch / "frames", "--frames 6");

    ProgramResult const result = run(scratch / "frames", scratch / "out", "");

    ASSERT_EQ(result.exit_code, 0) << result.output;
    for (char const* const name : {"mosaic.h5", "mosaic.fits", "preview.png", "coverage.png",
                                   "grid.json", "grid.fits", "report.json", "sectile.log"}) {
        EXPECT_GT(fs::file_size(scratch / "out" + "/" + name), 0U) << name;
    }
    EXPECT_NE(result.output.find("P3 master tiles"), std::string::npos)
        << "the table of phase timings is printed";
    EXPECT_FALSE(fs::exists(scratch / "out/.sectile/tiles")) << "tiles are removed without --keep";
    ProgramResult const verified = run_program(sectile + " verify " + scratch / "out");
    EXPECT_EQ(verified.exit_code, 0) << verified.output;
}

TEST(Products, VerifyFindsAFlippedByte)
{
    ScratchFolder const scratch("verify");
    simulate(scratch / "frames", "--frames 3");
    ASSERT_EQ(run(scratch / "frames", scratch / "out", "").exit_code, 0);
    std::string const fits = scratch / "out/mosaic.fits";

    {
        std::fstream file(fits, std::ios::in | std::ios::out | std::ios::binary);
        file.seekg(static_cast<std::streamoff>(fs::file_size(fits) / 2));
        char const byte = static_cast<char>(file.peek() ^ 0x10);
        file.seekp(static_cast<std::streamoff>(fs::file_size(fits) / 2));
        file.put(byte);
    }

    EXPECT_EQ(run_program(sectile + " verify " + fits).exit_code, 4);
}

TEST(Products, BadFramesAreQuarantinedWithAReasonAndTheRestGoesOn)
{
    ScratchFolder const scratch("quarantine");
    simulate(scratch / "frames", "--frames 4");
    std::ofstream(scratch / "frames/notes.fits") << "this is not an image\n";
    std::string const whole = read_file(scratch / "frames/frame_00000.fits");
    std::ofstream(scratch / "frames/zz_truncated.fits", std::ios::binary)
        << whole.substr(0, whole.size() / 2);

    ProgramResult const result = run(scratch / "frames", scratch / "out", "");
    ProgramResult const strict = run(scratch / "frames", scratch / "strict", "--strict");

    ASSERT_EQ(result.exit_code, 0) << result.output;
    auto const frames = report_of(scratch / "out")["frames"];
    ASSERT_EQ(frames.size(), 6U);
    auto const bad = std::ranges::count_if(frames, [](auto const& frame) {
        return frame["verdict"] == "quarantined" &&
               !frame["reason"].template get<std::string>().empty();
    });
    EXPECT_EQ(bad, 2);
    EXPECT_EQ(strict.exit_code, 5) << strict.output;
    EXPECT_FALSE(fs::exists(scratch / "strict/mosaic.fits"));
}

TEST(Products, KeptTilesGiveTheSameMosaic)
{
    ScratchFolder const scratch("tiles");
    simulate(scratch / "frames", "--frames 12 --frames-per-pointing 3");
    ASSERT_EQ(run(scratch / "frames", scratch / "out", "--keep tiles").exit_code, 0);

    ProgramResult const again =
        run(scratch / "out/.sectile/tiles", scratch / "again",
            "--start-from master-tiles --reference-grid " + scratch / "out/mosaic.fits");

    ASSERT_EQ(again.exit_code, 0) << again.output;
    std::string const first = read_file(scratch / "out/mosaic.fits");
    std::string const second = read_file(scratch / "again/mosaic.fits");
    ASSERT_EQ(first.size(), second.size());
    // Headers differ in what was combined; the pixels do not.
    std::size_t const data = first.size() / 2;
    EXPECT_TRUE(first.compare(data, 100'000, second, data, 100'000) == 0);
}

TEST(Products, EveryOddFileGetsAVerdictAndNothingCrashes)
{
    auto const data = sectile::test::test_data("odd_files");
    if (!data) {
        GTEST_SKIP() << "the real images are not here (SECTILE_TEST_DATA)";
    }
    ScratchFolder const scratch("odd");

    ProgramResult const result =
        run(data->string() + " " + (data->parent_path() / "wcs_zoo").string(), scratch / "out", "");

    EXPECT_LE(result.exit_code, 5) << result.output;
    std::set<std::string> judged;
    auto const report = report_of(scratch / "out");
    for (auto const& frame : report["frames"]) {
        judged.insert(fs::path(frame["path"].get<std::string>()).filename());
        EXPECT_TRUE(frame["verdict"] == "accepted" || frame.contains("reason")) << frame;
    }
    for (fs::path const& folder : {*data, data->parent_path() / "wcs_zoo"}) {
        for (auto const& entry : fs::directory_iterator(folder)) {
            EXPECT_TRUE(judged.contains(entry.path().filename())) << entry.path();
        }
    }
}
}  // namespace
