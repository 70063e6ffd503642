// SPDX-License-Identifier: BSD-3-Clause
#include <cmath>
#include <numbers>

#include <gtest/gtest.h>

#include "sectile/compute/backend.hpp"
#include "sectile/compute/kernels/interpolation_kern.hpp"
#include "sectile/compute/kernels/sample_kern.hpp"
#include "sectile/core/error.hpp"

#include "compute/cpu/weight_table.hpp"
#include "scene.hpp"

namespace sectile::compute
{
namespace
{
using testing::all_kernels;

/// Value of f interpolated at `position` from its samples at whole numbers.
template <class Function>
double interpolated(ResampleKernel kernel, double position, Function const& f)
{
    double weights[kernels::max_taps];
    double const floor = std::floor(position);
    kernels::kernel_weights(kernel, position - floor, weights);
    double sum = 0.0;
    for (int k = 0; k < kernels::kernel_taps(kernel); ++k) {
        sum += weights[k] * f(floor - kernels::taps_before(kernel) + k);
    }
    return sum;
}

TEST(SinPi, AgreesWithTheLibrary)
{
    for (double x = -5.0; x <= 5.0; x += 0.0137) {
        // The library's argument pi * x is itself rounded, which is the larger part of 2e-15.
        EXPECT_NEAR(kernels::sin_pi(x), std::sin(std::numbers::pi * x), 2e-15) << x;
    }
    EXPECT_EQ(kernels::sin_pi(3.0), 0.0);
}

TEST(KernelWeights, SumToOne)
{
    for (ResampleKernel const kernel : all_kernels) {
        for (double fraction = 0.0; fraction < 1.0; fraction += 0.01) {
            EXPECT_NEAR(interpolated(kernel, 100.0 + fraction, [](double) { return 1.0; }), 1.0,
                        1e-15);
        }
    }
}

TEST(KernelWeights, AtAPixelAreThatPixel)
{
    for (ResampleKernel const kernel : all_kernels) {
        double weights[kernels::max_taps];

        kernels::kernel_weights(kernel, 0.0, weights);

        for (int k = 0; k < kernels::kernel_taps(kernel); ++k) {
            EXPECT_EQ(weights[k], k == kernels::taps_before(kernel) ? 1.0 : 0.0);
        }
    }
}

TEST(KernelWeights, ReproducePolynomials)
{
    auto const line = [](double x) { return 3.0 + 2.0 * x; };
    auto const parabola = [](double x) { return 1.0 + x * (0.5 - 0.25 * x); };
    for (double x = 4.0; x < 5.0; x += 0.05) {
        EXPECT_NEAR(interpolated(ResampleKernel::bilinear, x, line), line(x), 1e-13);
        EXPECT_NEAR(interpolated(ResampleKernel::bicubic, x, line), line(x), 1e-13);
        // Keys' kernel with a = -1/2 is exact to second order.
        EXPECT_NEAR(interpolated(ResampleKernel::bicubic, x, parabola), parabola(x), 1e-13);
    }
}

TEST(KernelWeights, LanczosReproducesABandLimitedGaussian)
{
    // FWHM 2.5 px, a narrow star: what is beyond the Nyquist frequency is 4e-3 of the peak, and the
    // finite support costs about as much more for fewer lobes.
    double const sigma = 2.5 / 2.3548;
    auto const star = [&](double x) { return std::exp(-0.5 * x * x / (sigma * sigma)); };
    struct Bound
    {
        ResampleKernel kernel;
        double error;
    };
    for (auto const& [kernel, error] :
         {Bound{ResampleKernel::lanczos2, 3e-2}, Bound{ResampleKernel::lanczos3, 1.2e-2},
          Bound{ResampleKernel::lanczos4, 1e-2}}) {
        for (double x = -4.0; x <= 4.0; x += 0.07) {
            EXPECT_NEAR(interpolated(kernel, x, star), star(x), error) << x;
        }
    }
}

TEST(WeightTable, IsWithinItsStatedErrorOfTheKernel)
{
    for (ResampleKernel const kernel : {ResampleKernel::bicubic, ResampleKernel::lanczos2,
                                        ResampleKernel::lanczos3, ResampleKernel::lanczos4}) {
        WeightTable const table(kernel);
        for (int step = 0; step < 5000; ++step) {
            double const position = step * WeightTable::phases / 5000.0;
            int const phase = static_cast<int>(position);
            double const share = position - phase;
            float const* const row = table.rows() + phase * table.lanes();
            double exact[kernels::max_taps];
            kernels::kernel_weights(kernel, position / WeightTable::phases, exact);
            for (int k = 0; k < kernels::kernel_taps(kernel); ++k) {
                double const low = row[k];
                double const high = row[k + table.lanes()];
                // The interpolation between phases and half a float ULP of 1 of the table.
                EXPECT_NEAR(low + share * (high - low), exact[k], 2.45e-6);
            }
        }
    }
}

TEST(KernelMargin, CoversTheTapsAndTheRegisters)
{
    for (ResampleKernel const kernel : all_kernels) {
        int const before = kernels::taps_before(kernel);
        EXPECT_GE(kernel_margin(kernel), before);
        EXPECT_GE(kernel_margin(kernel), kernels::kernel_taps(kernel) - before);
    }
}

TEST(Feather, FallsSmoothlyToTheFramesEdge)
{
    kernels::Feather const feather{kernels::FrameEdges::of({0, 0, 100, 50}), 10.0};

    EXPECT_DOUBLE_EQ(feather(50.0, 25.0), 1.0);
    EXPECT_DOUBLE_EQ(feather(9.5, 25.0), 1.0);
    EXPECT_NEAR(feather(4.5, 25.0), 0.5, 1e-15);
    EXPECT_NEAR(feather(99.5 - 2.5, 25.0), std::pow(std::sin(std::numbers::pi / 8.0), 2), 1e-15);
    EXPECT_NEAR(feather(50.0, -0.5), 0.0, 1e-15);
    EXPECT_DOUBLE_EQ((kernels::Feather{feather.edges, 0.0}(0.0, 0.0)), 1.0);
}

TEST(ApplyPhotometry, IsGainOffsetAndSlope)
{
    kernels::ApplyPhotometry const apply{{2.0, 10.0, 0.5, -0.25, 100.0, 200.0}};

    EXPECT_DOUBLE_EQ(apply(3.0, 104.0, 208.0, 1.0), 6.0 + 10.0 + 2.0 - 2.0);
    EXPECT_DOUBLE_EQ(apply(3.0, 104.0, 208.0, 1.5), 16.0 * 1.5);
}
}  // namespace
}  // namespace sectile::compute
