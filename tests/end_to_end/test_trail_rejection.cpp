// SPDX-License-Identifier: BSD-3-Clause
// Satellite trails of +500 ADU (noise 10) in single frames of a simulated pointing, through the
// whole program: what is left of them is the difference from the tile of the same frames without
// trails.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <ostream>
#include <string>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "sectile/io/frame_reader.hpp"

#include "support/read_image.hpp"
#include "support/run_program.hpp"

namespace
{
using sectile::test::ProgramResult;
using sectile::test::read_file;
using sectile::test::read_image;
using sectile::test::run_program;
using sectile::test::ScratchFolder;
namespace image = sectile::image;
namespace io = sectile::io;

constexpr double noise = 10.0;
constexpr double trail = 500.0;

struct Case
{
    std::string method;
    int frames;

    friend void PrintTo(Case const& value, std::ostream* out)
    {
        *out << value.method << " of " << value.frames;
    }
};

class TrailRejection : public ::testing::TestWithParam<Case>
{
  protected:
    static void run(std::string const& command)
    {
        ProgramResult const result = run_program(std::string(SECTILE_BINARY) + " " + command);
        ASSERT_EQ(result.exit_code, 0) << command << "\n" << result.output;
    }

    static image::Image<float> tile(std::string const& output, std::string const& frames,
                                    std::string const& method)
    {
        run("run --input " + frames + " --output " + output +
            " --intertile-photometric-match off --keep tiles --stacking-rejection-algorithm " +
            method);
        return read_image(output + "/.sectile/tiles/tile_00000.fits");
    }

    static int trails_of(std::string const& frames)
    {
        int count = 0;
        auto const truth = nlohmann::json::parse(read_file(frames + "/truth.json"));
        for (auto const& frame : truth["frames"]) {
            count += static_cast<int>(frame["trails"].size());
        }
        return count;
    }
};

TEST_P(TrailRejection, LeavesNoTrail)
{
    auto const [method, frames] = GetParam();
    ScratchFolder const scratch("trail_rejection");
    std::string const survey =
        " --colour mono --bits-per-pixel -32 --hot-pixels 0 --columns 1 --width 300 --height 240"
        " --frames " +
        std::to_string(frames) + " --frames-per-pointing " + std::to_string(frames) +
        " --rotation 3 --noise 10 --seed 7 --sky-scatter 0 --gradient 0 --gain-scatter 0"
        " --star-density 0";
    run("simulate --output " + scratch / "struck" + survey + " --trails 0.3");
    run("simulate --output " + scratch / "clean" + survey + " --trails 0");
    ASSERT_GE(trails_of(scratch / "struck"), 1);

    image::Image<float> const clean = tile(scratch / "o_clean", scratch / "clean", method);
    image::Image<float> const struck = tile(scratch / "o_struck", scratch / "struck", method);
    image::Image<float> const open = tile(scratch / "o_open", scratch / "struck", "none");
    image::Image<float> const closed = tile(scratch / "o_closed", scratch / "clean", "none");
    image::Image<float> const depth =
        read_image(scratch / "o_open/.sectile/tiles/tile_00000.coverage.fits");

    // Pixels of all frames where one trail alone would show with more than half its brightness.
    double sum = 0.0;
    double squares = 0.0;
    double highest = 0.0;
    int count = 0;
    auto const box = clean.box();
    for (std::int64_t y = box.y0; y < box.y1; ++y) {
        for (std::int64_t x = box.x0; x < box.x1; ++x) {
            double const shows =
                (open.view().at(0, x, y) - closed.view().at(0, x, y)) * frames / trail;
            double const left = struck.view().at(0, x, y) - clean.view().at(0, x, y);
            if (depth.view().at(0, x, y) == static_cast<float>(frames) && shows > 0.5 &&
                shows < 1.3) {
                sum += left;
                squares += left * left;
                highest = std::max(highest, std::abs(left));
                ++count;
            }
        }
    }
    double const mean = sum / count;
    std::printf("%s of %d: %d pixels, residue %.3f sigma, rms %.3f sigma, highest %.2f sigma\n",
                method.c_str(), frames, count, mean / noise, std::sqrt(squares / count) / noise,
                highest / noise);

    EXPECT_GT(count, 200);
    EXPECT_LT(std::abs(mean), (frames < 8 ? 0.5 : 0.05) * noise);
    if (frames >= 8) {
        // One frame less: that changes the noise by about sigma / N.
        EXPECT_LT(std::sqrt(squares / count), 2.0 * noise / frames);
    }
}

INSTANTIATE_TEST_SUITE_P(Methods, TrailRejection,
                         ::testing::Values(Case{"kappa_sigma", 5}, Case{"winsorized_sigma_clip", 5},
                                           Case{"linear_fit_clip", 5}, Case{"kappa_sigma", 8},
                                           Case{"winsorized_sigma_clip", 8},
                                           Case{"linear_fit_clip", 8},
                                           Case{"winsorized_sigma_clip", 16}),
                         [](auto const& test) {
                             return test.param.method + "_" + std::to_string(test.param.frames);
                         });
}  // namespace
