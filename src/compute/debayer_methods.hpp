// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "sectile/compute/debayer.hpp"

/// One function per method of debayer(), which has checked the arguments.
namespace sectile::compute
{
void debayer_vng(image::BayerPattern pattern, image::ImageView<float const> raw,
                 image::ImageView<float> out);
void debayer_superpixel(image::BayerPattern pattern, image::ImageView<float const> raw,
                        image::ImageView<float> out);
}  // namespace sectile::compute
