// SPDX-License-Identifier: BSD-3-Clause
// The photometric match from files to corrections, on one rank.
#include <cmath>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "sectile/photometry/match_levels.hpp"

#include "support/scratch_folder.hpp"
#include "unit/core/pseudo_random.hpp"
#include "unit/io/fits_bytes.hpp"
#include "unit/photometry/canvas_sources.hpp"

namespace sectile::photometry
{
namespace
{
constexpr int width = 160;
constexpr int height = 130;

plan::Capabilities small_node()
{
    plan::Capabilities node;
    node.cores = 2;
    node.ram_total = node.ram_available = std::int64_t{4} << 30;
    return node;
}

class MatchPhotometry : public ::testing::Test
{
  protected:
    /// A frame whose pixel (0, 0) is (x, y) of the canvas. It shows gain * value + planted() = sky.
    void add(double x, double y, compute::Photometry const& planted)
    {
        std::vector<float> pixels;
        for (int row = 0; row < height; ++row) {
            for (int column = 0; column < width; ++column) {
                double const at_x = x + column;
                double const at_y = y + row;
                double const sky = 1000.0 + 20.0 * std::sin(0.02 * at_x) + 0.1 * at_y;
                double const plane = planted.offset + planted.slope_x * (at_x - planted.x_ref) +
                                     planted.slope_y * (at_y - planted.y_ref);
                pixels.push_back(static_cast<float>((sky - plane) / planted.gain));
            }
        }
        std::string const path = folder / ("frame_" + std::to_string(sources.size()) + ".fits");
        test::FitsBytes().image(-32, {width, height}).data(pixels).write(path);
        plan::FrameRecord record;
        record.header.path = path;
        record.header.geometry.width = width;
        record.header.geometry.height = height;
        record.header.geometry.bits_per_pixel = -32;
        record.header.wcs = test::canvas_wcs(width, height, 300.0 - x, 200.0 - y);
        record.planes.resize(1);
        record.planes[0].background = 1000.0;
        record.planes[0].noise_sigma = 1.0;
        sources.push_back(engine::source_of(record, engine::MosaicSource::Kind::frame));
        sources.back().photometry.at(0).gain = planted.gain;
    }
    [[nodiscard]] PlaneMatch match(PhotometricMatch method)
    {
        machine::Crew crew(small_node(), {}, machine::BackendChoice::cpu, "");
        auto const matches =
            match_photometry(sources, grid, {.method = method}, {}, crew, source::Preparations{});
        EXPECT_EQ(matches.size(), 1U);
        return matches.at(0);
    }
    /// What the corrected frame shows at a place of the canvas, less the sky.
    [[nodiscard]] static double at(compute::Photometry const& c, double x, double y)
    {
        return c.offset + c.slope_x * (x - c.x_ref) + c.slope_y * (y - c.y_ref);
    }

    test::ScratchFolder folder{"match_photometry"};
    sky::SkyWcs grid{test::canvas_wcs(600, 400, 300.0, 200.0)};
    std::vector<engine::MosaicSource> sources;
};

TEST_F(MatchPhotometry, BringsFramesToOneLevelAndKeepsGains)
{
    add(10, 20, {.gain = 1.0, .offset = -30.0});
    add(110, 40, {.gain = 2.0, .offset = 10.0});
    add(200, 20, {.gain = 0.5, .offset = 20.0});
    add(430, 250, {.gain = 3.0, .offset = 99.0});

    PlaneMatch const found = match(PhotometricMatch::offset);

    EXPECT_EQ(found.isolated, (std::vector<std::size_t>{3}));
    std::vector<double> const expected{-30.0, 10.0, 20.0};
    std::vector<double> const gains{1.0, 2.0, 0.5, 3.0};
    for (std::size_t i = 0; i < expected.size(); ++i) {
        // The frames lie on whole pixels, so that their cells show the same sky.
        EXPECT_NEAR(sources[i].photometry[0].offset - sources[0].photometry[0].offset,
                    expected[i] - expected[0], 1e-3)
            << i;
        // The gauge: frames of one size have nearly equal numbers of cells.
        EXPECT_NEAR(sources[i].photometry[0].offset, expected[i], 0.5) << i;
    }
    EXPECT_EQ(sources[3].photometry[0].offset, 0.0);
    for (std::size_t i = 0; i < sources.size(); ++i) {
        compute::Photometry const& set = sources[i].photometry[0];
        EXPECT_EQ(set.gain, gains[i]) << i;
        EXPECT_EQ(set.slope_x, 0.0) << i;
        EXPECT_EQ(found.corrections[i].offset, set.offset) << "told as set";
    }
}

TEST_F(MatchPhotometry, TakesGradientsOff)
{
    add(10, 20, {.offset = -30.0, .slope_x = 0.05, .x_ref = 90.0, .y_ref = 85.0});
    add(70, 50, {.offset = 10.0, .slope_y = -0.03, .x_ref = 150.0, .y_ref = 115.0});
    add(120, 20,
        {.offset = 20.0, .slope_x = -0.05, .slope_y = 0.03, .x_ref = 200.0, .y_ref = 85.0});

    PlaneMatch const found = match(PhotometricMatch::plane);

    // All frames show the sky less one common plane.
    auto const planted = [](std::size_t i, double x, double y) {
        constexpr compute::Photometry frames[] = {
            {.offset = -30.0, .slope_x = 0.05, .x_ref = 90.0, .y_ref = 85.0},
            {.offset = 10.0, .slope_y = -0.03, .x_ref = 150.0, .y_ref = 115.0},
            {.offset = 20.0, .slope_x = -0.05, .slope_y = 0.03, .x_ref = 200.0, .y_ref = 85.0}};
        return at(frames[i], x, y);
    };
    for (double const x : {130.0, 160.0}) {
        for (double const y : {60.0, 140.0}) {
            double const common = at(sources[0].photometry[0], x, y) - planted(0, x, y);
            for (std::size_t i = 1; i < sources.size(); ++i) {
                // The upper median of a cell of 4 x 4 lies half a pixel up the gradient, and the
                // gradients of the frames differ by up to 0.1 a pixel; at the rim twice that.
                EXPECT_NEAR(at(sources[i].photometry[0], x, y) - planted(i, x, y), common, 0.15)
                    << i;
            }
        }
    }
    EXPECT_LT(found.rms_after, 0.05);
    EXPECT_GT(found.rms_before, 10.0);
}
}  // namespace
}  // namespace sectile::photometry
