// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "sectile/image/bayer.hpp"
#include "sectile/image/image.hpp"
#include "sectile/source/frame_preparation.hpp"

/// Weight maps of frames, in pixels of the stored frame.
namespace sectile::source
{
/// Values of a map as inverse variances, times `scale`; 0 where that is not positive or not finite.
void to_inverse_variance(image::ImageView<float> weight, WeightType type, double scale);

/// Pixels without weight become NaN; a map of one plane holds for all.
void mask_weightless(image::ImageView<float const> weight, image::ImageView<float> science);

/// Masked pixels get no weight; where the map has one plane, those that are masked in all planes.
void drop_masked(image::ImageView<float const> science, image::ImageView<float> weight);

/// Weights of the R, G, B of superpixels from those of the mosaic: that of the mean of both greens
/// is 4 / (1/a + 1/b), or that of the only one. 0 for cells that are not whole in `raw`.
void weigh_superpixels(image::BayerPattern pattern, image::ImageView<float const> raw,
                       image::ImageView<float> out);
}  // namespace sectile::source
