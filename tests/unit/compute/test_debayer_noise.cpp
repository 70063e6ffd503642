// SPDX-License-Identifier: BSD-3-Clause
// The noise of debayered frames, and what the weight of a combination makes of it.
#include <cmath>
#include <memory>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "sectile/compute/debayer_noise.hpp"

#include "scene.hpp"

namespace sectile::compute
{
namespace
{
using testing::Affine;
using testing::Output;
using testing::pull_sigma;
using testing::SourceImage;
using testing::ThreadRunner;

constexpr double sigma = 7.0;
core::Box const frame{0, 0, 300, 240};
core::Box const strip{0, 0, 300, 240};

TEST(DebayeredNoise, OfBilinearIsThatOfItsMeans)
{
    auto const noise = debayered_noise(DebayerMethod::bilinear);

    // Red: a quarter of the pixels as they are, half are means of two, a quarter of four. The
    // averages are those of (1, 1.5, 1, ...)-shaped triangles: r(0, 1, 2) = 1.5, 1, 0.25 per axis.
    double const r[] = {1.5, 1.0, 0.25};
    for (int y = 0; y < 3; ++y) {
        for (int x = 0; x < 3; ++x) {
            EXPECT_NEAR(noise[0].at[y][x], r[y] * r[x] / 4.0, 0.006) << y << x;
            EXPECT_NEAR(noise[2].at[y][x], r[y] * r[x] / 4.0, 0.006) << y << x;
        }
    }
    // Green: half as they are, half are means of four.
    EXPECT_NEAR(noise[1].at[0][0], 0.625, 0.006);
    EXPECT_NEAR(noise[1].at[0][1], 0.25, 0.006);
    EXPECT_NEAR(noise[1].at[1][0], 0.25, 0.006);
    EXPECT_NEAR(noise[1].at[1][1], 0.0625, 0.006);
    EXPECT_NEAR(noise[1].at[2][0], 0.03125, 0.006);
}

TEST(DebayeredNoise, OfSuperpixelsIsWhite)
{
    for (image::NoiseCovariance const& noise : debayered_noise(DebayerMethod::superpixel)) {
        EXPECT_TRUE(noise.is_white());
    }
}

/// White noise debayered, shifted and turned against the strip.
std::unique_ptr<SourceImage> debayered_source(std::uint32_t id, DebayerMethod method)
{
    image::Image<float> raw(frame, 1);
    for (std::int64_t y = frame.y0; y < frame.y1; ++y) {
        for (std::int64_t x = frame.x0; x < frame.x1; ++x) {
            raw.view().at(0, x, y) =
                static_cast<float>(sigma * testing::gaussian(testing::pixel_seed(id + 1, 0, x, y)));
        }
    }
    image::Image<float> colours(frame, 3);
    debayer(method, image::BayerPattern::grbg, std::as_const(raw).view(), colours.view());
    Affine const affine = Affine::rotation(2.1 * id, 1.0, 0.37 + 0.21 * id, -0.4 + 0.3 * id);
    auto source = std::make_unique<SourceImage>(
        core::SourceId{id}, frame, 3, make_map(affine, strip, 16),
        [&](int c, std::int64_t x, std::int64_t y) { return colours.view().at(c, x, y); });
    source->weight_scale.assign(3, 1.0 / (sigma * sigma));
    source->noise_sigma.assign(3, sigma);
    auto const noise = debayered_noise(method);
    source->noise_covariance = {noise.begin(), noise.end()};
    return source;
}

Output combined(std::vector<std::unique_ptr<SourceImage>> const& sources, ResampleKernel kernel)
{
    ThreadRunner runner(1);
    CoaddRecipe recipe;
    recipe.resample.kernel = kernel;
    recipe.output_weight = OutputWeight::inverse_variance;
    Output output(strip, sources.front()->planes);
    make_cpu_backend(runner)->combine(windows_of(sources), recipe, output.view());
    return output;
}

TEST(OutputWeight, OfDebayeredFramesIsTheInverseVariance)
{
    for (DebayerMethod const method : {DebayerMethod::bilinear, DebayerMethod::vng}) {
        std::vector<std::unique_ptr<SourceImage>> sources;
        for (std::uint32_t id = 0; id < 4; ++id) {
            sources.push_back(debayered_source(id, method));
        }
        for (ResampleKernel const kernel :
             {ResampleKernel::nearest, ResampleKernel::bilinear, ResampleKernel::lanczos3}) {
            Output const output = combined(sources, kernel);
            for (int plane = 0; plane < 3; ++plane) {
                // As independent pixels it would be 0.75 to 0.9.
                EXPECT_NEAR(pull_sigma(output, plane, plane + 1), 1.0, 0.025)
                    << static_cast<int>(method) << ", kernel " << static_cast<int>(kernel)
                    << ", plane " << plane;
            }
        }
    }
}
}  // namespace
}  // namespace sectile::compute
