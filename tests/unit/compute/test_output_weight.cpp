// SPDX-License-Identifier: BSD-3-Clause
// The weight of a combined pixel: what it says of the noise, and what tapers it.
#include <cmath>
#include <memory>
#include <vector>

#include <gtest/gtest.h>

#include "sectile/compute/kernels/sample_kern.hpp"

#include "scene.hpp"

namespace sectile::compute
{
namespace
{
using testing::Affine;
using testing::Output;
using testing::pull_sigma;
using testing::Samples;
using testing::SourceImage;
using testing::ThreadRunner;
using testing::windows_of;

core::Box const strip{-10, -10, 190, 150};

/// Frames of white noise, each with its own sigma, shifted and turned against the strip.
std::vector<std::unique_ptr<SourceImage>> noisy_sources(int count, double holes,
                                                        double scatter = 4.0)
{
    std::vector<std::unique_ptr<SourceImage>> sources;
    for (int s = 0; s < count; ++s) {
        auto const id = static_cast<std::uint32_t>(s);
        double const sigma = 5.0 + scatter * (s % 3);
        auto const pixel = [=](int c, std::int64_t x, std::int64_t y) {
            std::uint64_t const seed = testing::pixel_seed(id + 1, c, x, y);
            return testing::uniform(seed + 9) < holes ? NAN : sigma * testing::gaussian(seed);
        };
        Affine const affine = Affine::rotation(3.7 * s, 1.0, 0.37 + 0.21 * s, -0.4 + 0.3 * s);
        sources.push_back(std::make_unique<SourceImage>(
            core::SourceId{id}, core::Box{0, 0, 180, 140}, 2, make_map(affine, strip, 16), pixel));
        sources.back()->weight_scale = {1.0 / (sigma * sigma), 1.0 / (sigma * sigma)};
        sources.back()->noise_sigma = {sigma, sigma};
    }
    return sources;
}

image::Image<float> make_alpha(core::Box const& box)
{
    image::Image<float> alpha(box, 1);
    for (std::int64_t y = box.y0; y < box.y1; ++y) {
        for (std::int64_t x = box.x0; x < box.x1; ++x) {
            bool const inside = core::Box{0, 0, 180, 140}.contains(x, y);
            alpha.view().at(0, x, y) =
                inside ? 0.1F + static_cast<float>((x + 3 * y) % 40) / 50.0F : 0.0F;
        }
    }
    return alpha;
}

CoaddRecipe recipe_of(ResampleKernel kernel, Rejection rejection = Rejection::none,
                      FinalCombine final_combine = FinalCombine::mean)
{
    CoaddRecipe recipe;
    recipe.resample.kernel = kernel;
    recipe.combine.rejection = rejection;
    recipe.combine.final_combine = final_combine;
    recipe.output_weight = OutputWeight::inverse_variance;
    return recipe;
}

TEST(OutputWeight, IsTheInverseVarianceWhateverTheKernelAndTheTapers)
{
    ThreadRunner runner(2);
    auto const cpu = make_cpu_backend(runner);
    for (int const count : {1, 2, 7}) {
        auto const sources = noisy_sources(count, 0.002);
        for (ResampleKernel const kernel : testing::all_kernels) {
            for (int const tapers : {0, 1}) {
                CoaddRecipe recipe = recipe_of(kernel);
                recipe.feather = tapers * 30.0;
                recipe.radial.fraction = tapers == 1 ? 0.5 : 1.0;
                Output output(strip, 2);

                cpu->combine(windows_of(sources), recipe, output.view());

                // 50000 pixels whose noise is correlated over a few: good to about 1 %.
                EXPECT_NEAR(pull_sigma(output, 0, 2), 1.0, 0.03)
                    << count << " frames, kernel " << static_cast<int>(kernel) << ", " << tapers;
            }
        }
    }
}

TEST(OutputWeight, OfMediansAndAfterRejectionIsNearTheInverseVariance)
{
    ThreadRunner runner(1);
    auto const cpu = make_cpu_backend(runner);
    for (double const scatter : {0.0, 4.0}) {  // of the frames' noise, 5 to 13
        auto const sources = noisy_sources(7, 0.0, scatter);
        auto const pulls = [&](Rejection rejection, FinalCombine final_combine) {
            Output output(strip, 2);
            cpu->combine(windows_of(sources),
                         recipe_of(ResampleKernel::lanczos3, rejection, final_combine),
                         output.view());
            return pull_sigma(output, 0, 2);
        };

        EXPECT_NEAR(pulls(Rejection::winsorized_sigma_clip, FinalCombine::mean), 1.0, 0.05);
        EXPECT_NEAR(pulls(Rejection::none, FinalCombine::median), 1.0, 0.05) << scatter;
    }
}

TEST(OutputWeight, ChangesNoValueAndNoCoverage)
{
    ThreadRunner runner(1);
    auto const cpu = make_cpu_backend(runner);
    auto const sources = noisy_sources(6, 0.01);
    for (Rejection const rejection : {Rejection::none, Rejection::winsorized_sigma_clip}) {
        CoaddRecipe recipe = recipe_of(ResampleKernel::lanczos3, rejection);
        Output exact(strip, 2);
        Output plain(strip, 2);

        cpu->combine(windows_of(sources), recipe, exact.view());
        recipe.output_weight = OutputWeight::sum;
        cpu->combine(windows_of(sources), recipe, plain.view());

        EXPECT_EQ(testing::different_bits<float>(exact.science.view(), plain.science.view()), 0);
        EXPECT_EQ(
            testing::different_bits<std::uint32_t>(exact.coverage.view(), plain.coverage.view()),
            0);
    }
}

TEST(OutputWeight, OfTheCpuAgreesWithTheReference)
{
    ThreadRunner runner(1);
    auto const cpu = make_cpu_backend(runner);
    auto const reference = make_reference_backend();
    auto const sources = noisy_sources(5, 0.005);
    sources[1]->noise_covariance = {{{{0.6, 0.3, 0.1}, {0.25, 0.2, 0.02}, {0.04, 0.03, 0.01}}},
                                    {{{0.9, -0.1, 0.05}, {0.1, 0.0, 0.1}, {0.2, 0.0, 0.0}}}};
    sources[4]->noise_covariance = {image::NoiseCovariance{}, sources[1]->noise_covariance[0]};
    image::Image<float> const alpha = make_alpha(sources[0]->science.box());
    for (ResampleKernel const kernel : testing::all_kernels) {
        for (Rejection const rejection : {Rejection::none, Rejection::kappa_sigma}) {
            CoaddRecipe recipe = recipe_of(kernel, rejection);
            recipe.combine.kappa_low = 50.0;  // Rounding must not decide on a rejection.
            recipe.combine.kappa_high = 50.0;
            recipe.feather = 15.0;
            recipe.radial = {0.4, 3.0};
            recipe.combine.final_combine =
                kernel == ResampleKernel::lanczos2 ? FinalCombine::median : FinalCombine::mean;
            Output fast(strip, 2);
            Output exact(strip, 2);

            cpu->combine(windows_of(sources, &alpha), recipe, fast.view());
            reference->combine(windows_of(sources, &alpha), recipe, exact.view());

            for (int c = 0; c < 2; ++c) {
                for (std::int64_t y = strip.y0; y < strip.y1; ++y) {
                    for (std::int64_t x = strip.x0; x < strip.x1; ++x) {
                        double const w = exact.weight.view().at(c, x, y);
                        ASSERT_NEAR(fast.weight.view().at(c, x, y), w, 1e-4 * w + 1e-12)
                            << x << ", " << y << " kernel " << static_cast<int>(kernel);
                    }
                }
            }
        }
    }
}

TEST(OutputWeight, OfSamplesThatTravelledIsTheSame)
{
    ThreadRunner runner(1);
    auto const cpu = make_cpu_backend(runner);
    auto const sources = noisy_sources(5, 0.005);
    for (Rejection const rejection : {Rejection::none, Rejection::winsorized_sigma_clip}) {
        CoaddRecipe recipe = recipe_of(ResampleKernel::lanczos3, rejection);
        recipe.feather = 15.0;
        std::vector<std::unique_ptr<Samples>> held;
        std::vector<StripSource> blocks;
        Output pulled(strip, 2);
        Output pushed(strip, 2);

        cpu->combine(windows_of(sources), recipe, pulled.view());
        for (auto const& source : sources) {
            held.push_back(std::make_unique<Samples>(strip, 2));
            cpu->resample(source->window(), recipe, held.back()->view());
            blocks.emplace_back(held.back()->block(source->id, source->noise_sigma));
        }
        cpu->combine(blocks, recipe, pushed.view());

        EXPECT_EQ(testing::different_bits(pulled, pushed), 0);
    }
}

TEST(Alpha, ReplacesTheFeatherAndIsNoNoise)
{
    ThreadRunner runner(1);
    auto const cpu = make_cpu_backend(runner);
    auto const sources = noisy_sources(1, 0.0);
    sources[0]->map = make_map(Affine{}, strip, 16);
    image::Image<float> const alpha = make_alpha(sources[0]->science.box());
    CoaddRecipe recipe = recipe_of(ResampleKernel::nearest, Rejection::kappa_sigma);
    recipe.feather = 500.0;
    Samples samples(strip, 2);
    SourceWindow window = sources[0]->window();
    window.alpha = alpha.view();

    cpu->resample(window, recipe, samples.view());

    EXPECT_FLOAT_EQ(samples.weight.view().at(1, 17, 30),
                    alpha.view().at(0, 17, 30) * static_cast<float>(window.weight_scale[1]));
    EXPECT_FLOAT_EQ(samples.sigma.view().at(1, 17, 30), 5.0F);
}

TEST(RadialTaper, FallsFromItsFractionToTheCorners)
{
    kernels::FrameEdges const edges{-0.5, 299.5, -0.5, 399.5};
    kernels::RadialWeight const taper{edges, {0.8, 2.0}};
    kernels::RadialWeight const steep{edges, {0.8, 4.0}};

    EXPECT_EQ(taper(149.5, 199.5), 1.0);
    EXPECT_EQ(taper(149.5 + 0.79 * 150.0, 199.5 + 0.79 * 200.0), 1.0);
    EXPECT_NEAR(taper(149.5 + 0.9 * 150.0, 199.5 - 0.9 * 200.0), 0.5, 1e-12);
    EXPECT_NEAR(steep(149.5 + 0.9 * 150.0, 199.5 - 0.9 * 200.0), 0.25, 1e-12);
    EXPECT_GT(taper(0.0, 0.0), 0.0);
    EXPECT_NEAR(taper(-0.5, -0.5), 0.0, 1e-12);
}
}  // namespace
}  // namespace sectile::compute
