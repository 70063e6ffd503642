// SPDX-License-Identifier: BSD-3-Clause
// What is done to raw frames on reading, seen in the products: weights and masks of real DECam
// frames, master frames, superpixels.
#include <algorithm>
#include <cmath>
#include <optional>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "sectile/image/image.hpp"
#include "sectile/io/find_images.hpp"
#include "sectile/io/fits_writer.hpp"
#include "sectile/io/frame_reader.hpp"

#include "end_to_end/sectile_runs.hpp"
#include "support/read_image.hpp"
#include "support/test_data.hpp"

namespace
{
using namespace sectile;
using test::ProgramResult;
using test::read_file;
using test::report_of;
using test::run_sectile;
using test::ScratchFolder;

std::string const decam_partners = " --weight-suffix _ooi_=_oow_ --mask-suffix _ooi_=_ood_ ";

/// The image HDU of a name, or (empty name) the last one.
image::Image<float> read_hdu(std::string const& path, std::string const& name = {})
{
    auto const images = io::find_images(path);
    auto const found =
        name.empty() ? images.end() - 1 : std::ranges::find(images, name, &io::ImageHdu::name);
    sky::FrameHeader header;
    header.path = path;
    header.hdu = found->hdu;
    header.geometry = found->geometry;
    return test::read_image(header);
}

void write_constant(std::string const& path, std::int64_t width, std::int64_t height, float value)
{
    image::Image<float> pixels({0, 0, width, height}, 1);
    for (std::int64_t y = 0; y < height; ++y) {
        std::fill_n(pixels.view().row(0, y), width, value);
    }
    io::FitsImageSpec spec;
    spec.width = width;
    spec.height = height;
    spec.planes = 1;
    spec.bits_per_pixel = -32;
    io::FitsWriter writer(path);
    writer.begin_image(spec);
    writer.write_rows(std::as_const(pixels).view());
    writer.commit();
}

double median_of(image::Image<float> const& pixels, int plane)
{
    std::vector<float> values;
    for (std::int64_t y = 0; y < pixels.box().y1; ++y) {
        float const* const row = pixels.view().row(plane, y);
        std::copy_if(row, row + pixels.box().width(), std::back_inserter(values),
                     [](float v) { return std::isfinite(v); });
    }
    auto const middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
    std::nth_element(values.begin(), middle, values.end());
    return *middle;
}

TEST(FrameSteps, OneFrameOnItsOwnGridKeepsItsWeightsAndLosesItsMaskedPixels)
{
    auto const data = test::test_data("decam_tpv");
    if (!data) {
        GTEST_SKIP() << "the DECam frames are not installed";
    }
    ScratchFolder const scratch("decam_one");
    std::string const frame = (*data / "c4d_180225_074106_ooi_g_ls9.S1.fits").string();
    auto const partner = [&](std::string const& kind) {
        std::string path = frame;
        return read_hdu(path.replace(path.find("ooi"), 3, kind));
    };

    ProgramResult const result = run_sectile(
        frame, scratch / "out",
        "--mode mosaic-first --feather-px 0 --weight-type inverse_variance --reference-grid " +
            frame + decam_partners);

    ASSERT_EQ(result.exit_code, 0) << result.output;
    auto const science = test::read_image(scratch / "out/mosaic.fits");
    auto const weight = read_hdu(scratch / "out/mosaic.fits", "WEIGHT");
    auto const coverage = read_hdu(scratch / "out/mosaic.fits", "COVERAGE");
    auto const map = partner("oow");
    auto const mask = partner("ood");
    auto const pixels = read_hdu(frame);
    ASSERT_EQ(science.box(), mask.box());
    int masked = 0;
    for (std::int64_t y = 0; y < mask.box().y1; ++y) {
        for (std::int64_t x = 0; x < mask.box().x1; ++x) {
            bool const is_bad = mask.view().at(0, x, y) != 0.0F;
            masked += is_bad ? 1 : 0;
            ASSERT_EQ(coverage.view().at(0, x, y), is_bad ? 0.0F : 1.0F) << x << ", " << y;
            ASSERT_EQ(std::isnan(science.view().at(0, x, y)), is_bad) << x << ", " << y;
            // Grid and frame coincide to rounding: the map's interpolation does not.
            float const expected = is_bad ? 0.0F : map.view().at(0, x, y);
            ASSERT_NEAR(weight.view().at(0, x, y), expected, 1e-5F * expected) << x << ", " << y;
            if (!is_bad) {
                ASSERT_NEAR(science.view().at(0, x, y), pixels.view().at(0, x, y),
                            1e-3 / std::sqrt(expected))
                    << x << ", " << y;
            }
        }
    }
    EXPECT_EQ(masked, 195) << "the test frame has masked pixels";
}

TEST(FrameSteps, DecamMosaicUsesMapsAndMasks)
{
    auto const data = test::test_data("decam_tpv");
    if (!data) {
        GTEST_SKIP() << "the DECam frames are not installed";
    }
    ScratchFolder const scratch("decam");
    std::string const input = data->string();
    // Masked pixels are looked up by the WCS of the headers.
    std::string const grid = " --registration wcs --reference-grid " +
                             (*data / "c4d_180225_074106_ooi_g_ls9.S1.fits").string();

    ProgramResult const result = run_sectile(input, scratch / "out", decam_partners + grid);
    // Without a rule for masks they would be frames; weights that do not count, masks of no bit.
    ProgramResult const bare = run_sectile(
        input, scratch / "bare", decam_partners + grid + " --weight-type none --mask-bits 1024");

    ASSERT_EQ(result.exit_code, 0) << result.output;
    ASSERT_EQ(bare.exit_code, 0) << bare.output;
    EXPECT_NE(result.output.find("20 of the files are weight maps or masks"), std::string::npos);
    auto const report = report_of(scratch / "out");
    ASSERT_EQ(report["frames"].size(), 10U);
    for (auto const& frame : report["frames"]) {
        EXPECT_EQ(frame["verdict"], "accepted");
        EXPECT_TRUE(frame.contains("mask"));
        // The maps are inverse variances in ADU: what is measured on the sky agrees within 10 %.
        EXPECT_NEAR(frame["weight_scale"].get<double>(), 1.0, 0.10) << frame["path"];
    }
    auto const with = read_hdu(scratch / "out/mosaic.fits", "COVERAGE");
    auto const without = read_hdu(scratch / "bare/mosaic.fits", "COVERAGE");
    auto const weight = read_hdu(scratch / "out/mosaic.fits", "WEIGHT");
    auto const mask = read_hdu((*data / "c4d_180225_074106_ood_g_ls9.S1.fits").string());
    ASSERT_EQ(with.box(), without.box());
    int lower = 0;
    int masked = 0;
    for (std::int64_t y = 0; y < with.box().y1; ++y) {
        for (std::int64_t x = 0; x < with.box().x1; ++x) {
            float const frames = with.view().at(0, x, y);
            ASSERT_EQ(weight.view().at(0, x, y) > 0.0F, frames > 0.0F) << x << ", " << y;
            if (mask.view().at(0, x, y) != 0.0F) {
                ++masked;
                lower += frames < without.view().at(0, x, y) ? 1 : 0;
            }
        }
    }
    // Rejection may take another sample less or more at a few pixels.
    EXPECT_GE(lower, masked * 9 / 10) << masked;
}

class Calibrated : public ::testing::Test
{
  protected:
    Calibrated() : scratch_("calibrated")
    {
        test::simulate(scratch_ / "frames",
                       "--frames 3 --width 160 --height 120 --hot-pixels 0 --trails 0");
    }

    /// Background of the mosaic's planes.
    std::vector<double> backgrounds(std::string const& name, std::string const& options)
    {
        std::string const output = scratch_ / name;
        ProgramResult const result = run_sectile(scratch_ / "frames", output, options);
        EXPECT_EQ(result.exit_code, 0) << result.output;
        auto const pixels = test::read_image(output + "/mosaic.fits");
        return {median_of(pixels, 0), median_of(pixels, 1), median_of(pixels, 2)};
    }

    ScratchFolder scratch_;
};

TEST_F(Calibrated, MasterFramesTakeTheirPartOfEveryFrame)
{
    write_constant(scratch_ / "dark.fits", 160, 120, 300.0F);
    write_constant(scratch_ / "flat.fits", 160, 120, 20000.0F);
    write_constant(scratch_ / "good.fits", 160, 120, 0.0F);

    auto const plain = backgrounds("plain", "");
    auto const reduced = backgrounds("reduced", "--master-dark " + scratch_ / "dark.fits" +
                                                    " --master-flat " + scratch_ / "flat.fits" +
                                                    " --bad-pixel-map " + scratch_ / "good.fits");

    for (std::size_t c = 0; c < 3; ++c) {
        EXPECT_NEAR(reduced[c], plain[c] - 300.0, 0.01) << "a constant flat changes nothing";
    }
}

TEST_F(Calibrated, AMasterOfAnotherShapeQuarantinesAndAMissingOneEndsTheRun)
{
    write_constant(scratch_ / "dark.fits", 120, 160, 300.0F);

    ProgramResult const other = run_sectile(scratch_ / "frames", scratch_ / "other",
                                            "--master-dark " + scratch_ / "dark.fits");
    ProgramResult const missing = run_sectile(scratch_ / "frames", scratch_ / "missing",
                                              "--master-flat " + scratch_ / "flat.fits");

    EXPECT_EQ(other.exit_code, 3) << other.output;
    EXPECT_NE(other.output.find("master_dark has 120 x 160 pixels"), std::string::npos)
        << other.output;
    EXPECT_EQ(missing.exit_code, 2) << missing.output;
    EXPECT_NE(missing.output.find("master_flat"), std::string::npos) << missing.output;
    EXPECT_EQ(missing.output.find("P1"), std::string::npos) << "before any work";
}

TEST_F(Calibrated, SuperpixelsAreTheSameSkyInHalfThePixels)
{
    // Not brought to the sky of a reference, which may be another frame each time, and all frames
    // weigh the same: their skies are a hundred counts apart, and noise measured in other pixels
    // weighs them otherwise.
    std::string const raw =
        " --stacking-normalize-method none --registration wcs --stacking-weighting-method none";
    auto const plain = backgrounds("plain", raw);
    auto const cells = backgrounds("cells", "--debayer superpixel" + raw);
    auto const vng = backgrounds("vng", "--debayer vng" + raw);

    double const scale = report_of(scratch_ / "plain")["frames"][0]["pixel_scale"];
    double const coarse = report_of(scratch_ / "cells")["frames"][0]["pixel_scale"];
    EXPECT_NEAR(coarse, 2.0 * scale, 1e-6);
    for (std::size_t c = 0; c < 3; ++c) {
        // A tenth of the noise of one pixel.
        EXPECT_NEAR(cells[c], plain[c], 1.0);
        EXPECT_NEAR(vng[c], plain[c], 1.0);
    }
}

TEST(FrameSteps, RanksAndStripsDoNotChangeAWeightedMosaic)
{
    auto const data = test::test_data("decam_tpv");
    if (!data) {
        GTEST_SKIP() << "the DECam frames are not installed";
    }
    ScratchFolder const scratch("decam_ranks");
    std::string const options = " --mode mosaic-first " + decam_partners;
    ASSERT_EQ(run_sectile(data->string(), scratch / "one", options).exit_code, 0);
    std::string const expected = read_file(scratch / "one/mosaic.h5");
    for (std::string const route : {"pull", "push"}) {
        std::string const output = scratch / route;

        ProgramResult const result = run_sectile(
            data->string(), output, options + " --rows-per-chunk 7 --exchange-route " + route, 3);

        ASSERT_EQ(result.exit_code, 0) << result.output;
        EXPECT_TRUE(read_file(output + "/mosaic.h5") == expected) << route;
    }
}
}  // namespace
