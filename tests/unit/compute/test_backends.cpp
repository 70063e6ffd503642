// SPDX-License-Identifier: BSD-3-Clause
// The cpu backend against the reference, which is the definition.
#include <gtest/gtest.h>

#include "sectile/compute/backend.hpp"
#include "sectile/core/error.hpp"

#include "backend_scene.hpp"
#include "compute/cpu/cpu_backend.hpp"

namespace sectile::compute
{
namespace
{
using testing::make_sources;
using testing::Output;
using testing::recipe_of;
using testing::robust_recipe;
using testing::Samples;
using testing::SceneOptions;
using testing::windows_of;

/// Bound on |cpu - reference| of a value: the stated error of the interpolated weights times the
/// contrast of the taps (400) for table kernels, and float rounding of values below 2000 in any
/// case.
double value_tolerance(ResampleKernel kernel)
{
    return kernel == ResampleKernel::nearest || kernel == ResampleKernel::bilinear ? 1e-6 * 2000.0
                                                                                   : 1e-5 * 400.0;
}

/// Compares the samples of every source by the cpu backend with the definition.
void expect_samples_agree(SceneOptions const& options, CoaddRecipe const& recipe)
{
    auto const sources = make_sources(options);
    core::SerialRunner runner;
    auto const reference = make_reference_backend();
    auto const cpu = make_cpu_backend(runner);
    core::Box const strip{-20, 10, 300, 16};
    double const tolerance = value_tolerance(recipe.resample.kernel);
    std::int64_t present = 0;
    for (auto const& source : sources) {
        Samples expected(strip, options.planes);
        Samples found(strip, options.planes);

        reference->resample(source->window(), recipe, expected.view());
        cpu->resample(source->window(), recipe, found.view());

        for (int c = 0; c < options.planes; ++c) {
            for (std::int64_t y = strip.y0; y < strip.y1; ++y) {
                for (std::int64_t x = strip.x0; x < strip.x1; ++x) {
                    float const weight = expected.weight.view().at(c, x, y);
                    ASSERT_EQ(found.weight.view().at(c, x, y) > 0.0F, weight > 0.0F)
                        << c << " " << x << " " << y;
                    ASSERT_NEAR(found.value.view().at(c, x, y), expected.value.view().at(c, x, y),
                                tolerance)
                        << c << " " << x << " " << y;
                    // Interpolated float weights: some roundings of 6e-8.
                    ASSERT_NEAR(found.weight.view().at(c, x, y), weight, 1e-6 * weight);
                    ASSERT_EQ(found.coverage.view().at(c, x, y),
                              expected.coverage.view().at(c, x, y));
                    float const sigma = expected.sigma.view().at(c, x, y);
                    ASSERT_NEAR(found.sigma.view().at(c, x, y), sigma, 1e-6 * sigma);
                    present += weight > 0.0F ? 1 : 0;
                }
            }
        }
    }
    EXPECT_GT(present, strip.area() * options.planes) << "the scene must have samples to compare";
}

class EveryKernel : public ::testing::TestWithParam<ResampleKernel>
{};

TEST_P(EveryKernel, OfThePlainSceneAgreesWithTheReference)
{
    expect_samples_agree({}, recipe_of(GetParam()));
}

TEST_P(EveryKernel, WithHolesPhotometryAndFeatherAgreesWithTheReference)
{
    SceneOptions options;
    options.planes = 3;
    options.hole_share = 0.01;
    options.has_photometry = true;
    CoaddRecipe recipe = recipe_of(GetParam());
    recipe.feather = 20.0;
    expect_samples_agree(options, recipe);
}

TEST_P(EveryKernel, WithWeightCoverageAndFluxAgreesWithTheReference)
{
    SceneOptions options;
    options.planes = 2;
    options.hole_share = 0.002;
    options.has_weight = true;
    options.has_coverage = true;
    options.has_photometry = true;
    CoaddRecipe recipe = recipe_of(GetParam());
    recipe.resample.flux_mode = FluxMode::flux;
    expect_samples_agree(options, recipe);
}

INSTANTIATE_TEST_SUITE_P(Kernels, EveryKernel, ::testing::ValuesIn(testing::all_kernels));

TEST(Backends, MeanCoaddOfCpuAgreesWithTheReference)
{
    SceneOptions options;
    options.planes = 3;
    options.hole_share = 0.003;
    auto const sources = make_sources(options);
    auto const windows = windows_of(sources);
    core::Box const strip{0, 20, 280, 32};
    Output expected(strip, 3);
    Output found(strip, 3);
    core::SerialRunner runner;
    CoaddRecipe const recipe = recipe_of(ResampleKernel::lanczos3);

    make_reference_backend()->combine(windows, recipe, expected.view());
    make_cpu_backend(runner)->combine(windows, recipe, found.view());

    EXPECT_EQ(testing::different_bits<std::uint32_t>(std::as_const(found.coverage).view(),
                                                     std::as_const(expected.coverage).view()),
              0);
    for (int c = 0; c < 3; ++c) {
        for (std::int64_t y = strip.y0; y < strip.y1; ++y) {
            for (std::int64_t x = strip.x0; x < strip.x1; ++x) {
                float const truth = expected.science.view().at(c, x, y);
                float const value = found.science.view().at(c, x, y);
                ASSERT_EQ(std::isnan(value), std::isnan(truth));
                if (!std::isnan(truth)) {
                    ASSERT_NEAR(value, truth, value_tolerance(ResampleKernel::lanczos3));
                }
            }
        }
    }
}

struct RobustCase
{
    Rejection rejection;
    FinalCombine final_combine;
};

class EveryRobustRecipe : public ::testing::TestWithParam<RobustCase>
{};

TEST_P(EveryRobustRecipe, OfEqualSamplesEqualsTheReference)
{
    // The nearest kernel gives both backends the same float samples, so every decision must be
    // equal.
    SceneOptions options;
    options.planes = 2;
    options.hole_share = 0.05;
    options.has_coverage = true;
    options.count = 11;
    auto const sources = make_sources(options);
    auto windows = windows_of(sources);
    core::Box const strip{-20, 5, 300, 12};
    CoaddRecipe recipe = robust_recipe(GetParam().rejection, GetParam().final_combine);
    recipe.resample.kernel = ResampleKernel::nearest;
    recipe.feather = 0.0;
    Output expected(strip, 2);
    Output found(strip, 2);
    core::SerialRunner runner;

    make_reference_backend()->combine(windows, recipe, expected.view());
    make_cpu_backend(runner)->combine(windows, recipe, found.view());

    EXPECT_EQ(testing::different_bits(found, expected), 0);
}

/// A sky below most of the scene, unknown in places.
std::shared_ptr<SkyLattice const> patchy_sky(int planes)
{
    auto sky = std::make_shared<SkyLattice>();
    sky->side = 9;
    sky->columns = 34;
    sky->rows = 8;
    for (int c = 0; c < planes; ++c) {
        std::vector<float> level;
        for (std::int64_t i = 0; i < sky->columns * sky->rows; ++i) {
            level.push_back(i % 7 == 3 ? NAN : static_cast<float>(700 + 40 * (i % 11) + 5 * c));
        }
        sky->level.push_back(level);
    }
    return sky;
}

TEST_P(EveryRobustRecipe, WithTheLightOfStarsEqualsTheReference)
{
    SceneOptions options;
    options.planes = 2;
    options.hole_share = 0.05;
    options.count = 13;
    auto const sources = make_sources(options);
    auto windows = windows_of(sources);
    core::Box const strip{-20, 5, 300, 12};
    CoaddRecipe recipe = robust_recipe(GetParam().rejection, GetParam().final_combine);
    recipe.resample.kernel = ResampleKernel::nearest;
    recipe.feather = 0.0;
    Output without(strip, 2);
    Output expected(strip, 2);
    Output found(strip, 2);
    core::SerialRunner runner;
    make_cpu_backend(runner)->combine(windows, recipe, without.view());
    recipe.sky = patchy_sky(2);

    make_reference_backend()->combine(windows, recipe, expected.view());
    make_cpu_backend(runner)->combine(windows, recipe, found.view());

    EXPECT_EQ(testing::different_bits(found, expected), 0);
    bool const changes = testing::different_bits(found, without) > 0;
    EXPECT_EQ(changes, GetParam().rejection != Rejection::none) << "the sky must tell something";
}

TEST_P(EveryRobustRecipe, IsTheSameByPushAndPull)
{
    SceneOptions options;
    options.planes = 2;
    options.hole_share = 0.02;
    options.has_weight = true;
    options.has_photometry = true;
    options.count = 6;
    auto const sources = make_sources(options);
    CoaddRecipe recipe = robust_recipe(GetParam().rejection, GetParam().final_combine);
    recipe.resample.flux_mode = FluxMode::flux;
    core::Box const strip{-20, 5, 300, 37};
    testing::ThreadRunner runner(2);
    auto const cpu = make_cpu_backend(runner);
    Output pulled(strip, 2);
    Output pushed(strip, 2);
    std::vector<std::unique_ptr<Samples>> samples;
    std::vector<StripSource> blocks;
    std::vector<double> const no_noise(2, 0.0);
    for (auto const& source : sources) {
        EXPECT_TRUE(has_varying_noise(source->window(), recipe) ||
                    recipe.combine.rejection == Rejection::none);
        samples.push_back(std::make_unique<Samples>(strip, 2));
        cpu->resample(source->window(), recipe, samples.back()->view());
        blocks.emplace_back(samples.back()->block(source->id, no_noise));
    }

    cpu->combine(windows_of(sources), recipe, pulled.view());
    cpu->combine(blocks, recipe, pushed.view());

    EXPECT_EQ(testing::different_bits(pulled, pushed), 0);
}

INSTANTIATE_TEST_SUITE_P(
    Recipes, EveryRobustRecipe,
    ::testing::Values(RobustCase{Rejection::none, FinalCombine::mean},
                      RobustCase{Rejection::none, FinalCombine::median},
                      RobustCase{Rejection::kappa_sigma, FinalCombine::mean},
                      RobustCase{Rejection::kappa_sigma, FinalCombine::median},
                      RobustCase{Rejection::winsorized_sigma_clip, FinalCombine::mean},
                      RobustCase{Rejection::linear_fit_clip, FinalCombine::mean}));

TEST(CudaBackend, WithoutADeviceSaysSo)
{
    if (cuda_device_count() > 0) {
        GTEST_SKIP() << "a CUDA device is present";
    }
    EXPECT_THROW(static_cast<void>(make_cuda_backend(0)), core::DeviceError);
    EXPECT_FALSE(cuda_version_text().empty());
}
}  // namespace
}  // namespace sectile::compute
