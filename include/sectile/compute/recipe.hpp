// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>

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

    /// A weighted mean without rejection needs no stack of samples: it can be added up source by
    /// source.
    [[nodiscard]] bool is_running_mean() const
    {
        return rejection == Rejection::none && final_combine == FinalCombine::mean;
    }
};

struct CoaddRecipe
{
    ResampleRecipe resample;
    CombineRecipe combine;
    /// Width in source pixels of the cos^2 taper of weights at a frame's edge; 0: none.
    double feather = 0.0;
};
}  // namespace sectile::compute
