// SPDX-License-Identifier: BSD-3-Clause
// The photometric match from pixels to corrections, on one rank.
#include <cmath>
#include <cstdint>
#include <memory>
#include <vector>

#include <gtest/gtest.h>

#include "sectile/photometry/match_levels.hpp"
#include "sectile/sky/make_grid_map.hpp"

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
        auto const value = [&](int /*plane*/, std::int64_t column, std::int64_t row) {
            double const at_x = x + static_cast<double>(column);
            double const at_y = y + static_cast<double>(row);
            double const sky = 1000.0 + 20.0 * std::sin(0.02 * at_x) + 0.1 * at_y;
            return static_cast<float>((sky - at(planted, at_x, at_y)) / planted.gain);
        };
        wcs.push_back(std::make_unique<sky::WcsDescription>(
            test::canvas_wcs(width, height, 300.0 - x, 200.0 - y)));
        engine::PlacedSource source;
        source.id = core::SourceId{static_cast<std::uint32_t>(job.inputs.size())};
        source.pixels = std::make_shared<test::MemorySource>(width, height, 1, value);
        source.wcs = wcs.back().get();
        source.footprint = sky::footprint_box(grid, grid.bounds(), sky::SkyWcs(*wcs.back()), 0);
        source.photometry.resize(1);
        source.photometry[0].gain = planted.gain;
        job.inputs.push_back(source);
    }
    [[nodiscard]] PlaneMatch match(PhotometricMatch method)
    {
        job.grid = &grid;
        job.canvas = grid.bounds();
        machine::Crew crew(small_node(), {}, machine::BackendChoice::cpu, "");
        plan::ParallelPlan const plan = plan_match(job, 1, 0, small_node(), {});
        auto const matches = match_photometry(job, {.method = method}, plan, {}, crew);
        EXPECT_EQ(matches.size(), 1U);
        return matches.at(0);
    }
    [[nodiscard]] compute::Photometry const& set(std::size_t source) const
    {
        return job.inputs[source].photometry.at(0);
    }
    /// What the corrected frame shows at a place of the canvas, less the sky.
    [[nodiscard]] static double at(compute::Photometry const& c, double x, double y)
    {
        return c.offset + c.slope_x * (x - c.x_ref) + c.slope_y * (y - c.y_ref);
    }

    sky::SkyWcs grid{test::canvas_wcs(600, 400, 300.0, 200.0)};
    engine::CoaddJob job;
    std::vector<std::unique_ptr<sky::WcsDescription>> wcs;
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
        EXPECT_NEAR(set(i).offset - set(0).offset, expected[i] - expected[0], 1e-3) << i;
        // The gauge: frames of one size have nearly equal numbers of cells.
        EXPECT_NEAR(set(i).offset, expected[i], 0.5) << i;
    }
    EXPECT_EQ(set(3).offset, 0.0);
    for (std::size_t i = 0; i < job.inputs.size(); ++i) {
        compute::Photometry const& found_here = set(i);
        EXPECT_EQ(found_here.gain, gains[i]) << i;
        EXPECT_EQ(found_here.slope_x, 0.0) << i;
        EXPECT_EQ(found.corrections[i].offset, found_here.offset) << "told as set";
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
            double const common = at(set(0), x, y) - planted(0, x, y);
            for (std::size_t i = 1; i < job.inputs.size(); ++i) {
                // The upper median of a cell of 4 x 4 lies half a pixel up the gradient, and the
                // gradients of the frames differ by up to 0.1 a pixel; at the rim twice that.
                EXPECT_NEAR(at(set(i), x, y) - planted(i, x, y), common, 0.15) << i;
            }
        }
    }
    EXPECT_LT(found.rms_after, 0.05);
    EXPECT_GT(found.rms_before, 10.0);
}
}  // namespace
}  // namespace sectile::photometry
