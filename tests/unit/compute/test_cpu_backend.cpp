// SPDX-License-Identifier: BSD-3-Clause
// What the cpu backend promises by itself: exact cases, and the same bits for every plan.
#include <algorithm>

#include <gtest/gtest.h>

#include "sectile/compute/backend.hpp"

#include "backend_scene.hpp"
#include "compute/cpu/cpu_backend.hpp"

namespace sectile::compute
{
namespace
{
using testing::Affine;
using testing::canvas;
using testing::CutWindow;
using testing::make_sources;
using testing::Output;
using testing::recipe_of;
using testing::Samples;
using testing::SceneOptions;
using testing::SourceImage;
using testing::windows_of;

TEST(CpuBackend, AConstantImageStaysConstant)
{
    for (ResampleKernel const kernel : testing::all_kernels) {
        SourceImage const source({0}, {0, 0, 200, 100}, 1,
                                 make_map(Affine::rotation(7.0, 1.1, 20.0, 3.0), canvas, 16),
                                 [](int, std::int64_t, std::int64_t) { return 12345.0; });
        core::SerialRunner runner;
        Samples samples({0, 0, 160, 60}, 1);

        make_cpu_backend(runner)->resample(source.window(), recipe_of(kernel), samples.view());

        for (std::int64_t y = 0; y < 60; ++y) {
            for (std::int64_t x = 0; x < 160; ++x) {
                if (samples.weight.view().at(0, x, y) > 0.0F) {
                    // Eight rounded weights along each axis, normalised before rounding.
                    ASSERT_NEAR(samples.value.view().at(0, x, y), 12345.0, 12345.0 * 6e-7);
                }
            }
        }
    }
}

TEST(CpuBackend, AMaskedPixelLosesOneSampleOfAnUnrotatedMap)
{
    SourceImage const source({0}, {0, 0, 60, 40}, 1, make_map(Affine{0.25, 0.25}, canvas, 16),
                             [](int, std::int64_t x, std::int64_t y) {
                                 return x == 30 && y == 20 ? NAN : static_cast<double>(x);
                             });
    core::SerialRunner runner;
    Samples samples({0, 0, 60, 40}, 1);

    make_cpu_backend(runner)->resample(source.window(), recipe_of(ResampleKernel::lanczos3),
                                       samples.view());

    std::int64_t missing = 0;
    for (std::int64_t y = 0; y < 40; ++y) {
        for (std::int64_t x = 0; x < 60; ++x) {
            missing += samples.weight.view().at(0, x, y) > 0.0F ? 0 : 1;
        }
    }
    // Positions 0.25 … 59.25 are all in the frame; only the pixel whose nearest one is masked is
    // lost.
    EXPECT_EQ(missing, 1);
    EXPECT_EQ(samples.weight.view().at(0, 30, 20), 0.0F);
}

TEST(CpuBackend, FluxModeKeepsTheSumOfAStar)
{
    double const sigma = 2.0;
    SourceImage const source(
        {0}, {0, 0, 120, 120}, 1, make_map(Affine::rotation(30.0, 0.7, 40.0, 10.0), canvas, 16),
        [&](int, std::int64_t x, std::int64_t y) {
            double const dx = static_cast<double>(x) - 50.3;
            double const dy = static_cast<double>(y) - 50.6;
            return 1000.0 * std::exp(-0.5 * (dx * dx + dy * dy) / (sigma * sigma));
        });
    CoaddRecipe recipe = recipe_of(ResampleKernel::lanczos3);
    recipe.resample.flux_mode = FluxMode::flux;
    core::SerialRunner runner;
    Samples samples(canvas, 1);

    make_cpu_backend(runner)->resample(source.window(), recipe, samples.view());

    double sum = 0.0;
    for (std::int64_t y = canvas.y0; y < canvas.y1; ++y) {
        for (std::int64_t x = canvas.x0; x < canvas.x1; ++x) {
            sum += samples.value.view().at(0, x, y);
        }
    }
    // The bar of METHODS.md, section 17: sums are kept to 1e-4.
    double const truth = 1000.0 * 2.0 * 3.14159265358979 * sigma * sigma;
    EXPECT_NEAR(sum, truth, 1e-4 * truth);
}

/// The whole canvas computed strip by strip from windows cut for each strip.
Output coadd_by_strips(Backend& backend, std::vector<std::unique_ptr<SourceImage>> const& sources,
                       CoaddRecipe const& recipe, std::int64_t rows, std::int64_t columns)
{
    int const planes = sources.front()->planes;
    Output whole(canvas, planes);
    for (std::int64_t y = canvas.y0; y < canvas.y1; y += rows) {
        for (std::int64_t x = canvas.x0; x < canvas.x1; x += columns) {
            core::Box const strip = core::Box{x, y, x + columns, y + rows}.clipped_to(canvas);
            std::vector<std::unique_ptr<CutWindow>> cuts;
            std::vector<StripSource> windows;
            for (auto const& source : sources) {
                cuts.push_back(std::make_unique<CutWindow>(*source, strip,
                                                           kernel_margin(recipe.resample.kernel)));
                if (!cuts.back()->science.empty()) {
                    windows.emplace_back(cuts.back()->window);
                }
            }
            backend.combine(
                windows, recipe,
                {whole.science.view().clipped_to(strip), whole.weight.view().clipped_to(strip),
                 whole.coverage.view().clipped_to(strip)});
        }
    }
    return whole;
}

class BitIdentity : public ::testing::TestWithParam<ResampleKernel>
{
  protected:
    static std::vector<CoaddRecipe> recipes()
    {
        CoaddRecipe mean = recipe_of(GetParam());
        mean.feather = 15.0;
        CoaddRecipe robust = mean;
        robust.combine.rejection = Rejection::winsorized_sigma_clip;
        robust.resample.flux_mode = FluxMode::flux;
        return {mean, robust};
    }
    static SceneOptions options()
    {
        SceneOptions options;
        options.planes = 2;
        options.hole_share = 0.003;
        options.has_photometry = true;
        options.has_coverage = true;
        return options;
    }
};

TEST_P(BitIdentity, HoldsForAnyStrips)
{
    auto const sources = make_sources(options());
    core::SerialRunner runner;
    auto const cpu = make_cpu_backend(runner);
    for (CoaddRecipe const& recipe : recipes()) {
        Output const whole = coadd_by_strips(*cpu, sources, recipe, 1000, 1000);

        for (auto const& [rows, columns] :
             {std::pair<std::int64_t, std::int64_t>{1, 1000}, {17, 1000}, {25, 161}, {72, 41}}) {
            Output const other = coadd_by_strips(*cpu, sources, recipe, rows, columns);
            EXPECT_EQ(testing::different_bits(whole, other), 0) << rows << " x " << columns;
        }
    }
}

TEST_P(BitIdentity, HoldsForAnyThreads)
{
    auto const sources = make_sources(options());
    core::SerialRunner serial;
    testing::ThreadRunner threaded(3);
    for (CoaddRecipe const& recipe : recipes()) {
        Output const one = coadd_by_strips(*make_cpu_backend(serial), sources, recipe, 1000, 1000);
        Output const many =
            coadd_by_strips(*make_cpu_backend(threaded), sources, recipe, 1000, 1000);

        EXPECT_EQ(testing::different_bits(one, many), 0);
    }
}

TEST_P(BitIdentity, HoldsForAnyInstructionSet)
{
    auto const sources = make_sources(options());
    core::SerialRunner runner;
    auto const variants = usable_row_kernels();
    for (CoaddRecipe const& recipe : recipes()) {
        Output const first = coadd_by_strips(*make_cpu_backend(runner, *variants.front()), sources,
                                             recipe, 1000, 1000);

        for (RowKernels const* const variant : variants) {
            Output const other =
                coadd_by_strips(*make_cpu_backend(runner, *variant), sources, recipe, 1000, 1000);
            EXPECT_EQ(testing::different_bits(first, other), 0) << variant->name;
        }
    }
}

INSTANTIATE_TEST_SUITE_P(Kernels, BitIdentity, ::testing::ValuesIn(testing::all_kernels));

TEST(CpuBackend, BatchesOfSourcesAddUpToTheWhole)
{
    SceneOptions options;
    options.count = 7;
    options.hole_share = 0.01;
    auto const sources = make_sources(options);
    auto const windows = windows_of(sources);
    CoaddRecipe const recipe = recipe_of(ResampleKernel::lanczos4);
    core::Box const strip{-20, 0, 320, 50};
    core::SerialRunner runner;
    auto const cpu = make_cpu_backend(runner);
    Output direct(strip, 1);
    Output summed(strip, 1);
    StripSums sums(strip, 1);
    std::span<StripSource const> const all(windows);

    cpu->combine(all, recipe, direct.view());
    cpu->accumulate(all.first(2), recipe, sums);
    cpu->accumulate(all.subspan(2, 1), recipe, sums);
    cpu->accumulate(all.subspan(3), recipe, sums);
    cpu->finish(sums, summed.view());

    EXPECT_EQ(testing::different_bits(direct, summed), 0);
}

TEST(CpuBackend, AMeanIsTheSameByPushAndPull)
{
    SceneOptions options;
    options.planes = 3;
    options.has_coverage = true;
    options.has_weight = true;
    auto const sources = make_sources(options);
    CoaddRecipe const recipe = recipe_of(ResampleKernel::bicubic);
    core::Box const strip{0, 0, 300, 40};
    core::SerialRunner runner;
    auto const cpu = make_cpu_backend(runner);
    Output pulled(strip, 3);
    Output pushed(strip, 3);
    std::vector<std::unique_ptr<Samples>> samples;
    std::vector<StripSource> blocks;
    for (auto const& source : sources) {
        samples.push_back(std::make_unique<Samples>(strip, 3));
        cpu->resample(source->window(), recipe, samples.back()->view());
        blocks.emplace_back(samples.back()->block(source->id, source->noise_sigma));
    }

    cpu->combine(windows_of(sources), recipe, pulled.view());
    cpu->combine(blocks, recipe, pushed.view());

    EXPECT_EQ(testing::different_bits(pulled, pushed), 0);
}

TEST(CpuBackend, DeepStacksUseBoundedScratch)
{
    core::SerialRunner runner;
    auto const cpu = make_cpu_backend(runner);

    // 10,000 samples of 16 bytes on at least 16 pixels of 3 planes, and some scratch.
    EXPECT_LT(cpu->scratch_bytes(3, 10000), 20U << 20U);
    EXPECT_LT(cpu->scratch_bytes(3, 10), 4U << 20U);
}

TEST(CpuBackend, AStackDeeperThanAPieceIsRightToo)
{
    // 1200 tiny sources on the same spot: narrow pieces, sorting beyond the short runs.
    constexpr int count = 1200;
    core::Box const frame{0, 0, 24, 4};
    std::vector<std::unique_ptr<SourceImage>> sources;
    for (int s = 0; s < count; ++s) {
        auto const id = static_cast<std::uint32_t>(s);
        sources.push_back(std::make_unique<SourceImage>(
            core::SourceId{id}, frame, 1, make_map(Affine{}, frame, 8),
            [&](int, std::int64_t x, std::int64_t y) {
                bool const is_struck = (s + x + y) % 97 == 0;
                return 50.0 + testing::gaussian(testing::pixel_seed(id, 0, x, y)) +
                       (is_struck ? 300.0 : 0.0);
            }));
        sources.back()->noise_sigma[0] = 1.0;
    }
    auto const windows = windows_of(sources);
    CoaddRecipe recipe = recipe_of(ResampleKernel::nearest);
    recipe.combine.rejection = Rejection::winsorized_sigma_clip;
    Output expected(frame, 1);
    Output found(frame, 1);
    core::SerialRunner runner;

    make_reference_backend()->combine(windows, recipe, expected.view());
    make_cpu_backend(runner)->combine(windows, recipe, found.view());

    EXPECT_EQ(testing::different_bits(found, expected), 0);
    // Mean of about 1180 samples of sigma 1, five standard errors.
    EXPECT_NEAR(found.science.view().at(0, 20, 3), 50.0, 5.0 / std::sqrt(1180.0));
}

TEST(CpuBackend, ASourceThatMissesTheStripLeavesItEmpty)
{
    SourceImage const source({0}, {0, 0, 20, 20}, 1, make_map(Affine{}, canvas, 16),
                             testing::wavy_sky);
    std::vector<StripSource> const windows{source.window()};
    for (Rejection const rejection : {Rejection::none, Rejection::kappa_sigma}) {
        CoaddRecipe recipe = recipe_of(ResampleKernel::lanczos3);
        recipe.combine.rejection = rejection;
        Output out({100, 50, 140, 60}, 1);
        core::SerialRunner runner;

        make_cpu_backend(runner)->combine(windows, recipe, out.view());

        EXPECT_TRUE(std::isnan(out.science.view().at(0, 120, 55)));
        EXPECT_EQ(out.weight.view().at(0, 120, 55), 0.0F);
        EXPECT_EQ(out.coverage.view().at(0, 120, 55), 0U);
    }
}

TEST(CpuBackend, PixelsThatMapNowhereAreEmpty)
{
    SourceImage source({0}, {0, 0, 64, 64}, 1, make_map(Affine{}, {0, 0, 64, 64}, 16),
                       testing::wavy_sky);
    source.map.x[1] = NAN;
    source.map.y[1] = NAN;
    std::vector<StripSource> const windows{source.window()};
    Output out({0, 0, 64, 16}, 1);
    core::SerialRunner runner;

    make_cpu_backend(runner)->combine(windows, recipe_of(ResampleKernel::lanczos3), out.view());

    EXPECT_EQ(out.coverage.view().at(0, 8, 4), 0U);
    EXPECT_EQ(out.coverage.view().at(0, 24, 4), 0U);
    EXPECT_EQ(out.coverage.view().at(0, 40, 4), 1U);
}
}  // namespace
}  // namespace sectile::compute
