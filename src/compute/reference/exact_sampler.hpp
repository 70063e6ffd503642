// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "sectile/compute/source_window.hpp"

namespace sectile::compute
{
/// One sample as all backends hand it on: rounded to float, weight 0 when missing.
struct Sample
{
    float value = 0.0F;
    float weight = 0.0F;
    float coverage = 0.0F;
    float sigma = 0.0F;   ///< 0 when unknown
    float excess = 1.0F;  ///< weight times variance
};

/// Where a destination pixel lies in the source.
struct SourcePosition
{
    double x;
    double y;
    double area;  ///< of the destination pixel, source pixels; 1 unless flux is conserved
};

/// The definition of a sample of plane `plane` at destination pixel (x, y), in double:
/// - outside the frame (nearest pixel not in it): missing;
/// - all taps of the kernel valid (finite, in the frame): the kernel;
/// - else, with a valid nearest pixel: the valid pixels of the surrounding 2x2, bilinear weights
///   renormalised; else missing.
/// Value and noise are then photometrically corrected, weight = weight_scale * weight plane * alpha
/// (without an alpha plane: feather) * radial taper; with flux conservation value and noise are
/// multiplied by the area and the weight divided by its square. excess = the tapers * the variance
/// that the taps and the covariance of their pixels give.
[[nodiscard]] Sample exact_sample(SourceWindow const& source, CoaddRecipe const& recipe, int plane,
                                  std::int64_t x, std::int64_t y, SourcePosition const& position);
}  // namespace sectile::compute
