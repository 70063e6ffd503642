// SPDX-License-Identifier: BSD-3-Clause
//
// Question: what does one core pay for one sample (destination pixel x source x plane) of a coadd,
// by kernel, by number of planes, by rejection and by depth, and for one debayered pixel?
//
// `per_sample` is CPU time per sample of a whole combination (positions, interpolation, photometry,
// sums), in a strip that lies entirely inside its rotated sources. Each benchmark checks its
// result.

#include <cmath>
#include <memory>
#include <string>
#include <vector>

#include <benchmark/benchmark.h>

#include "sectile/compute/debayer.hpp"

#include "unit/compute/scene.hpp"

namespace sectile::compute
{
namespace
{
using testing::Affine;
using testing::SourceImage;

constexpr core::Box strip{0, 0, 1024, 64};

struct Scene
{
    std::vector<std::unique_ptr<SourceImage>> sources;
    std::vector<StripSource> windows;
    testing::Output out;

    Scene(int count, int planes) : out(strip, planes)
    {
        core::Box const frame{0, 0, 1100, 150};
        for (int s = 0; s < count; ++s) {
            auto const id = static_cast<std::uint32_t>(s);
            Affine const affine = Affine::rotation(0.5 + 0.05 * (s % 40), 1.0,
                                                   12.3 + 0.37 * (s % 50), 8.7 + 0.21 * (s % 50));
            sources.push_back(std::make_unique<SourceImage>(
                core::SourceId{id}, frame, planes, make_map(affine, strip, 32),
                [&](int c, std::int64_t x, std::int64_t y) {
                    return 1000.0 + 10.0 * testing::gaussian(testing::pixel_seed(id, c, x, y));
                }));
            for (double& sigma : sources.back()->noise_sigma) {
                sigma = 10.0;
            }
            windows.emplace_back(sources.back()->window());
        }
    }

    /// Mean of the science over the strip and whether every pixel has `depth` frames or some fewer.
    [[nodiscard]] bool is_plausible(double depth) const
    {
        double science = 0.0;
        double coverage = 0.0;
        for (std::int64_t y = strip.y0; y < strip.y1; ++y) {
            for (std::int64_t x = strip.x0; x < strip.x1; ++x) {
                science += out.science.view().at(0, x, y);
                coverage += out.coverage.view().at(0, x, y);
            }
        }
        auto const pixels = static_cast<double>(strip.area());
        return std::fabs(science / pixels - 1000.0) < 1.0 && coverage / pixels > 0.97 * depth &&
               coverage / pixels <= depth;
    }
};

void measure(benchmark::State& state, CoaddRecipe const& recipe, int count, int planes)
{
    Scene scene(count, planes);
    core::SerialRunner runner;
    auto const cpu = make_cpu_backend(runner);
    cpu->combine(scene.windows, recipe, scene.out.view());
    for (auto _ : state) {
        cpu->combine(scene.windows, recipe, scene.out.view());
    }
    if (!scene.is_plausible(count)) {
        state.SkipWithError("the coadd is wrong");
    }
    double const samples = static_cast<double>(strip.area()) * count * planes;
    state.counters["per_sample"] = benchmark::Counter(
        samples, benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
}

void mean(benchmark::State& state, ResampleKernel kernel, int planes)
{
    CoaddRecipe recipe;
    recipe.resample.kernel = kernel;
    measure(state, recipe, 8, planes);
}

void robust(benchmark::State& state, Rejection rejection, FinalCombine final_combine)
{
    CoaddRecipe recipe;
    recipe.resample.kernel = ResampleKernel::nearest;
    recipe.combine.rejection = rejection;
    recipe.combine.final_combine = final_combine;
    measure(state, recipe, static_cast<int>(state.range(0)), 1);
}

void debayer(benchmark::State& state)
{
    core::Box const frame{0, 0, 1936, 64};
    image::Image<float> raw(frame, 1);
    for (std::int64_t y = frame.y0; y < frame.y1; ++y) {
        for (std::int64_t x = frame.x0; x < frame.x1; ++x) {
            raw.view().at(0, x, y) = static_cast<float>(2 * x + 3 * y);
        }
    }
    image::Image<float> out(frame, 3);
    for (auto _ : state) {
        debayer_bilinear(image::BayerPattern::grbg, std::as_const(raw).view(), out.view());
    }
    if (out.view().at(0, 1000, 30) != 2090.0F) {
        state.SkipWithError("the colours are wrong");
    }
    state.counters["per_pixel"] = benchmark::Counter(
        static_cast<double>(frame.area()),
        benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
}

#define SECTILE_MEAN(kernel)                                           \
    BENCHMARK_CAPTURE(mean, kernel##_mono, ResampleKernel::kernel, 1); \
    BENCHMARK_CAPTURE(mean, kernel##_rgb, ResampleKernel::kernel, 3)

SECTILE_MEAN(nearest);
SECTILE_MEAN(bilinear);
SECTILE_MEAN(bicubic);
SECTILE_MEAN(lanczos2);
SECTILE_MEAN(lanczos3);
SECTILE_MEAN(lanczos4);

#define SECTILE_DEPTHS ->Arg(5)->Arg(20)->Arg(50)->Arg(200)
BENCHMARK_CAPTURE(robust, median, Rejection::none, FinalCombine::median) SECTILE_DEPTHS;
BENCHMARK_CAPTURE(robust, kappa_sigma, Rejection::kappa_sigma, FinalCombine::mean) SECTILE_DEPTHS;
BENCHMARK_CAPTURE(robust, winsorized, Rejection::winsorized_sigma_clip, FinalCombine::mean)
SECTILE_DEPTHS;
BENCHMARK_CAPTURE(robust, linear_fit, Rejection::linear_fit_clip, FinalCombine::mean)
SECTILE_DEPTHS;
BENCHMARK(debayer);
}  // namespace
}  // namespace sectile::compute

BENCHMARK_MAIN();
