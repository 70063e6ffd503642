// SPDX-License-Identifier: BSD-3-Clause
// How often the costly steps of a run happen, whatever the ranks: the header of a file is scanned
// once, a frame is placed once on its tile and a tile once on the canvas, and what lies beside a
// tile is known to whoever wrote it, or looked at once. The counts are those of all ranks
// (core/event_count.hpp), from report.json.
#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <string>
#include <tuple>
#include <utility>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "sectile/image/image.hpp"
#include "sectile/io/fits_writer.hpp"

#include "end_to_end/sectile_runs.hpp"

namespace
{
using namespace sectile;
using test::ProgramResult;
using test::report_of;
using test::run_sectile;
using test::ScratchFolder;
using test::simulate;

constexpr std::int64_t width = 200;
constexpr std::int64_t height = 150;
constexpr std::int64_t frames = 6;
constexpr std::int64_t tiles = 3;

/// A weight map beside each frame, NAME_w.fits: 1 but for a corner without weight.
void write_weight_maps(std::string const& folder)
{
    image::Image<float> ones({0, 0, width, height}, 1);
    for (std::int64_t y = 0; y < height; ++y) {
        std::fill_n(ones.view().row(0, y), width, 1.0F);
    }
    ones.view().at(0, 0, 0) = 0.0F;
    io::FitsImageSpec spec;
    spec.width = width;
    spec.height = height;
    spec.planes = 1;
    spec.bits_per_pixel = -32;
    std::filesystem::create_directories(folder + "/weighted");
    for (auto const& entry : std::filesystem::directory_iterator(folder)) {
        if (entry.path().extension() != ".fits") {
            continue;
        }
        std::filesystem::copy_file(entry.path(),
                                   folder + "/weighted/" + entry.path().filename().string());
        io::FitsWriter writer(folder + "/weighted/" + entry.path().stem().string() + "_w.fits");
        writer.begin_image(spec);
        writer.write_rows(std::as_const(ones).view());
        writer.commit();
    }
}

/// Ranks, and whether the frames have weight maps.
class Journey : public ::testing::TestWithParam<std::tuple<int, bool>>
{
  protected:
    static void SetUpTestSuite()
    {
        scratch = new ScratchFolder("journey");
        simulate(*scratch / "frames",
                 "--frames 6 --frames-per-pointing 2 --columns 3 --width 200 --height 150 "
                 "--star-density 5000 --seed 7");
        write_weight_maps(*scratch / "frames");
    }
    static void TearDownTestSuite()
    {
        delete scratch;
        scratch = nullptr;
    }

    /// Counts of a run over all frames, or over `input`.
    [[nodiscard]] static nlohmann::json counts_of(std::string const& options,
                                                  std::string input = {})
    {
        auto const [ranks, has_weights] = GetParam();
        if (input.empty()) {
            input = *scratch / (has_weights ? "frames/weighted" : "frames/*.fits");
        }
        std::string const weights = has_weights ? " --weight-suffix _w" : "";
        ProgramResult const result = run_sectile(input, *scratch / "out", options + weights, ranks);
        EXPECT_EQ(result.exit_code, 0) << result.output;
        nlohmann::json report = report_of(*scratch / "out");
        EXPECT_TRUE(report["frames"].size() == frames || report["frames"].size() == tiles);
        return report["counts"];
    }

    static ScratchFolder* scratch;
};

ScratchFolder* Journey::scratch = nullptr;

TEST_P(Journey, ClassicScansAndPlacesEachFrameAndEachTileOnce)
{
    nlohmann::json const counts = counts_of("--mode classic");

    EXPECT_EQ(counts["header_scan"], frames);
    EXPECT_EQ(counts["placement"], frames + tiles);
    EXPECT_EQ(counts["tile_partner_scan"], 0) << "they were just written";
    EXPECT_GE(counts["pixel_open"], 2 * frames) << "to measure and to coadd";
}

TEST_P(Journey, MosaicFirstScansAndPlacesEachFrameOnce)
{
    nlohmann::json const counts = counts_of("--mode mosaic-first");

    EXPECT_EQ(counts["header_scan"], frames);
    EXPECT_EQ(counts["placement"], frames);
    EXPECT_EQ(counts["tile_partner_scan"], 0);
}

TEST_P(Journey, FromTilesLooksAtThemAndTheirPartnersOnce)
{
    (void)counts_of("--mode classic --keep tiles");
    std::string const folder = *scratch / "tiles";
    std::filesystem::remove_all(folder);
    std::filesystem::copy(*scratch / "out/.sectile/tiles", folder);

    nlohmann::json const counts = counts_of("--start-from master-tiles", folder);

    EXPECT_EQ(counts["tile_partner_scan"], 3 * tiles) << "weight, coverage and alpha";
    EXPECT_EQ(counts["header_scan"], tiles + 3 * tiles);
    EXPECT_EQ(counts["placement"], tiles);
}

INSTANTIATE_TEST_SUITE_P(Ranks, Journey,
                         ::testing::Values(std::tuple{1, false}, std::tuple{2, false},
                                           std::tuple{3, false}, std::tuple{1, true},
                                           std::tuple{2, true}));
}  // namespace
