// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <string>
#include <vector>

#include "sectile/sky/frame_header.hpp"

namespace sectile::io
{
/// An image HDU of a file, whatever its EXTNAME says that it holds.
struct ImageHdu
{
    int hdu = 0;  ///< 0-based
    std::string name;
    int version = 1;              ///< EXTVER
    sky::FrameGeometry geometry;  ///< as stored: no colour filter array
};

/// All HDUs of a file that hold an image of two axes, or three (planes), in order; those of more
/// axes are left out. Throws core::IoError when the file cannot be read or is cut off. Thread-safe.
[[nodiscard]] std::vector<ImageHdu> find_images(std::string const& path);
}  // namespace sectile::io
