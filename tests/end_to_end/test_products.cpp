// SPDX-License-Identifier: BSD-3-Clause
// What a run leaves behind: products, verdicts, tiles, nothing half-written.
#include <algorithm>
#include <cctype>
#include <fstream>
#include <set>
#include <string>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "end_to_end/sectile_runs.hpp"
#include "support/header_cards.hpp"
#include "support/test_data.hpp"

namespace
{
using sectile::test::ProgramResult;
using sectile::test::read_file;
using sectile::test::report_of;
using sectile::test::run_program;
using sectile::test::run_sectile;
using sectile::test::ScratchFolder;
using sectile::test::simulate;
namespace fs = std::filesystem;

std::string const sectile = SECTILE_BINARY;

/// A survey of small frames.
void simulate_small(std::string const& folder, std::string const& options)
{
    simulate(folder, "--width 160 --height 120 " + options);
}

/// The bytes of the primary array of a float cube.
std::string primary_pixels(std::string const& path)
{
    std::string const file = read_file(path);
    std::size_t bytes = sizeof(float);
    std::size_t at = 0;
    for (; at + 80 <= file.size() && file.compare(at, 4, "END ") != 0; at += 80) {
        bool const is_axis = file.compare(at, 5, "NAXIS") == 0 && std::isdigit(file[at + 5]) != 0;
        bytes *= is_axis ? std::stoul(file.substr(at + 10, 20)) : 1;
    }
    std::size_t const data = (at / 2880 + 1) * 2880;
    return file.substr(data, bytes);
}

TEST(Products, AreCompleteAndVerify)
{
    ScratchFolder const scratch("products");
    simulate_small(scratch / "frames", "--frames 6");

    ProgramResult const result = run_sectile(scratch / "frames", scratch / "out", "");

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
    simulate_small(scratch / "frames", "--frames 3");
    ASSERT_EQ(run_sectile(scratch / "frames", scratch / "out", "").exit_code, 0);
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
    simulate_small(scratch / "frames", "--frames 4");
    std::ofstream(scratch / "frames/notes.fits") << "this is not an image\n";
    std::string const whole = read_file(scratch / "frames/frame_00000.fits");
    std::ofstream(scratch / "frames/zz_truncated.fits", std::ios::binary)
        << whole.substr(0, whole.size() / 2);

    ProgramResult const result = run_sectile(scratch / "frames", scratch / "out", "");
    ProgramResult const strict = run_sectile(scratch / "frames", scratch / "strict", "--strict");

    ASSERT_EQ(result.exit_code, 0) << result.output;
    auto const frames = report_of(scratch / "out")["frames"];
    ASSERT_EQ(frames.size(), 6U);
    auto const bad = std::ranges::count_if(frames, [](auto const& frame) {
        return frame["verdict"] == "quarantined" && frame["code"] == "unreadable" &&
               !frame["reason"].template get<std::string>().empty();
    });
    EXPECT_EQ(bad, 2);
    EXPECT_EQ(strict.exit_code, 5) << strict.output;
    EXPECT_FALSE(fs::exists(scratch / "strict/mosaic.fits"));
}

TEST(Products, FarAwayFramesCanBeLeftOut)
{
    ScratchFolder const scratch("far");
    simulate_small(scratch / "frames/near", "--frames 4 --frames-per-pointing 2");
    simulate_small(scratch / "frames/far", "--frames 1 --ra 200");

    for (std::string const mode : {"classic", "mosaic-first"}) {
        ProgramResult const result =
            run_sectile(scratch / "frames", scratch / mode, "--outlier-tiles drop --mode " + mode);

        ASSERT_EQ(result.exit_code, 0) << result.output;
        auto const report = report_of(scratch / mode);
        auto const left_out = std::ranges::count_if(
            report["frames"], [](auto const& frame) { return frame["verdict"] == "quarantined"; });
        EXPECT_EQ(left_out, 1);
        EXPECT_LT(fs::file_size(scratch / mode + "/mosaic.fits"), 50'000'000U);
    }
}

TEST(Products, KeptTilesGiveTheSameMosaic)
{
    ScratchFolder const scratch("tiles");
    simulate_small(scratch / "frames", "--frames 12 --frames-per-pointing 3");
    ASSERT_EQ(run_sectile(scratch / "frames", scratch / "out", "--keep tiles").exit_code, 0);

    ProgramResult const again =
        run_sectile(scratch / "out/.sectile/tiles", scratch / "again",
                    "--start-from master-tiles --reference-grid " + scratch / "out/mosaic.fits");

    ASSERT_EQ(again.exit_code, 0) << again.output;
    // Headers differ in what was combined; the pixels do not.
    std::string const first = primary_pixels(scratch / "out/mosaic.fits");
    ASSERT_GT(first.size(), 100'000U);
    EXPECT_TRUE(first == primary_pixels(scratch / "again/mosaic.fits"));

    // The grid alone, a header without pixels, does as well.
    ProgramResult const by_grid =
        run_sectile(scratch / "out/.sectile/tiles", scratch / "by_grid",
                    "--start-from master-tiles --reference-grid " + scratch / "out/grid.fits");
    ASSERT_EQ(by_grid.exit_code, 0) << by_grid.output;
    EXPECT_TRUE(first == primary_pixels(scratch / "by_grid/mosaic.fits"));
}

/// The card of a keyword in the primary header; empty where there is none.
std::string card_of(std::string const& path, std::string keyword)
{
    auto const headers = sectile::test::read_header_blocks(path);
    keyword.resize(8, ' ');
    std::string const cards = headers.empty() ? std::string() : headers.front().cards;
    for (std::size_t at = 0; at < cards.size(); at += 80) {
        if (cards.compare(at, 8, keyword) == 0) {
            return cards.substr(at, 80);
        }
    }
    return {};
}

TEST(Products, TilesKeepTheFactsOfTheirExposures)
{
    ScratchFolder const scratch("tile_facts");
    simulate_small(scratch / "frames", "--frames 12 --frames-per-pointing 3");
    ASSERT_EQ(run_sectile(scratch / "frames", scratch / "out", "--keep tiles").exit_code, 0);
    std::string const tile = scratch / "out/.sectile/tiles/tile_00001.fits";

    ProgramResult const again =
        run_sectile(scratch / "out/.sectile/tiles", scratch / "again", "--start-from master-tiles");

    ASSERT_EQ(again.exit_code, 0) << again.output;
    auto const tile_header = sectile::test::read_header_blocks(tile).front();
    EXPECT_EQ(tile_header.whole("NCOMBINE", 0), 3);
    EXPECT_EQ(tile_header.number("EXPTIME", 0.0), 30.0);  // 3 frames of 10 s
    // From the start of the first of them to the end of the last.
    EXPECT_GE(tile_header.number("MJD-END", 0.0) - tile_header.number("MJD-BEG", 0.0),
              30.0 / 86400.0 - 1e-9);
    for (char const* const keyword :
         {"OBJECT", "INSTRUME", "TELESCOP", "FILTER", "BUNIT", "GAIN"}) {
        EXPECT_NE(card_of(tile, keyword), "") << keyword;
    }
    for (char const* const keyword :
         {"NCOMBINE", "EXPTIME", "DATE-OBS", "MJD-BEG", "MJD-END", "OBJECT", "INSTRUME", "TELESCOP",
          "FILTER", "BUNIT", "GAIN"}) {
        std::string const of_frames = card_of(scratch / "out/mosaic.fits", keyword);
        EXPECT_NE(of_frames, "") << keyword;
        EXPECT_EQ(card_of(scratch / "again/mosaic.fits", keyword), of_frames);
    }
}

TEST(Products, AFrameCountsAsOneWhateverWasCombinedForIt)
{
    ScratchFolder const scratch("stacked_frames");
    simulate_small(scratch / "frames", "--frames 2 --frames-per-pointing 2");
    std::string const path = scratch / "frames/frame_00000.fits";
    std::string file = read_file(path);
    std::size_t const at = file.find("IMAGETYP=");
    ASSERT_NE(at, std::string::npos);
    std::string card = "NCOMBINE=                   40";
    card.resize(80, ' ');
    std::ofstream(path, std::ios::binary) << file.replace(at, 80, card);

    ASSERT_EQ(run_sectile(scratch / "frames", scratch / "out", "").exit_code, 0);

    EXPECT_EQ(
        sectile::test::read_header_blocks(scratch / "out/mosaic.fits").front().whole("NCOMBINE", 0),
        2);
}

TEST(Products, EveryOddFileGetsAVerdictAndNothingCrashes)
{
    auto const data = sectile::test::test_data("odd_files");
    if (!data) {
        GTEST_SKIP() << "the real images are not here (SECTILE_TEST_DATA)";
    }
    ScratchFolder const scratch("odd");

    ProgramResult const result = run_sectile(
        data->string() + " " + (data->parent_path() / "wcs_zoo").string(), scratch / "out", "");

    EXPECT_LE(result.exit_code, 5) << result.output;
    std::set<std::string> judged;
    auto const report = report_of(scratch / "out");
    for (auto const& frame : report["frames"]) {
        judged.insert(fs::path(frame["path"].get<std::string>()).filename());
        EXPECT_TRUE(frame["verdict"] == "accepted" ||
                    (frame.contains("code") && frame.contains("reason")))
            << frame;
    }
    for (fs::path const& folder : {*data, data->parent_path() / "wcs_zoo"}) {
        for (auto const& entry : fs::directory_iterator(folder)) {
            EXPECT_TRUE(judged.contains(entry.path().filename())) << entry.path();
        }
    }
}
}  // namespace
