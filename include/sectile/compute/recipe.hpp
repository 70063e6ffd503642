// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <memory>

#include "sectile/compute/sky_lattice.hpp"

namespace sectile::compute
{
enum class ResampleKernel : std::uint8_t
{
    nearest,
    bilinear,
    bicubic,
    lanczos2,
    lanczos3,
    lanczos4
};

/// surface_brightness keeps the pixel value (sky level) under a change of pixel scale; flux
/// multiplies by the area of the destination pixel in source pixels (the Jacobian), so that sums
/// are kept.
enum class FluxMode : std::uint8_t
{
    surface_brightness,
    flux
};

struct ResampleRecipe
{
    ResampleKernel kernel = ResampleKernel::lanczos3;
    FluxMode flux_mode = FluxMode::surface_brightness;
};

enum class Rejection : std::uint8_t
{
    none,
    kappa_sigma,
    winsorized_sigma_clip,
    linear_fit_clip
};
enum class FinalCombine : std::uint8_t
{
    mean,
    median
};

struct CombineRecipe
{
    Rejection rejection = Rejection::none;
    FinalCombine final_combine = FinalCombine::mean;
    double kappa_low = 3.0;
    double kappa_high = 3.0;
    double winsor_low = 0.05;   ///< fraction of samples pulled in at the low end
    double winsor_high = 0.05;  ///< and at the high end
    /// Share of the light of stars at a pixel by which samples may differ: frames are not equally
    /// sharp (after Gruen, Seitz & Bernstein 2014, PASP 126, 158).
    double ampfrac = 0.3;

    /// What that adds to the noise of a sample, per light.
    [[nodiscard]] double noise_per_light() const
    {
        double const kappa = kappa_low > kappa_high ? kappa_low : kappa_high;
        return kappa > 0.0 ? ampfrac / kappa : 0.0;
    }

    /// A weighted mean without rejection needs no stack of samples: it can be added up source by
    /// source.
    [[nodiscard]] bool is_running_mean() const
    {
        return rejection == Rejection::none && final_combine == FinalCombine::mean;
    }
};

/// Weight that falls toward the corners of a frame: 1 up to `fraction` of half its diagonal from
/// its middle, then cos(pi/2 t)^power, where t grows from 0 there to 1 at the corners.
struct RadialTaper
{
    double fraction = 1.0;  ///< 1 and more: no taper
    double power = 2.0;

    [[nodiscard]] bool is_flat() const { return fraction >= 1.0; }
};

/// What the weight of a combined pixel says. Samples are combined with the same weights in both
/// cases.
enum class OutputWeight : std::uint8_t
{
    sum,  ///< the sum of the weights of the survivors
    /// (sum w)^2 / sum(w^2 var), exact for independent sources: var, the variance of a sample,
    /// follows from its taps, the variance of its pixels (whose inverse the source's weight is) and
    /// what these share of their noise (NoiseCovariance). Of a median what its survivors' var tell,
    /// see kernels::median_inverse_variance(). Samples are not weighted by 1 / var: its pattern
    /// would show in the picture wherever the skies of the sources differ.
    inverse_variance
};

struct CoaddRecipe
{
    ResampleRecipe resample;
    CombineRecipe combine;
    /// Width in source pixels of the cos^2 taper of weights at a frame's edge; 0: none. Not for
    /// sources with an alpha plane, which are tapered already.
    double feather = 0.0;
    OutputWeight output_weight = OutputWeight::sum;
    RadialTaper radial{};
    std::shared_ptr<SkyLattice const> sky{};  ///< of the destination; null: not known
};
}  // namespace sectile::compute
