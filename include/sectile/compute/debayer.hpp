// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "sectile/image/bayer.hpp"
#include "sectile/image/image.hpp"

namespace sectile::compute
{
/// Bilinear debayering: each missing colour of a pixel is the mean of the valid nearest pixels of
/// that colour in its 3x3 neighbourhood (2 or 4 of them; mirrored images of the array are not used:
/// at the frame's edge there are fewer). NaN where the pixel's own sample is masked.
///
/// `raw` one plane with a box at least one pixel larger than out.box where the frame has pixels;
/// what lies outside raw.box is treated as masked. `out` three planes R, G, B. Box coordinates are
/// full-frame pixels (they fix the phase of the pattern), so the result does not depend on the
/// window.
void debayer_bilinear(image::BayerPattern pattern, image::ImageView<float const> raw,
                      image::ImageView<float> out);
}  // namespace sectile::compute
