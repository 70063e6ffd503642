// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <string>

#include "sectile/image/image.hpp"

namespace sectile::io
{
/// Writes an 8-bit PNG with 1 (grey), 3 (RGB) or 4 (RGBA) planes; row 0 of the view becomes the
/// *bottom* row of the picture (FITS convention). No time chunk. Atomic name. Throws core::IoError.
void write_png(std::string const& path, image::ImageView<std::uint8_t const> pixels);
}  // namespace sectile::io
