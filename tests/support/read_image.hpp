// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <string>

#include "sectile/image/image.hpp"
#include "sectile/io/frame_reader.hpp"

namespace sectile::test
{
/// All pixels of an image, as they are stored.
inline image::Image<float> read_image(sky::FrameHeader const& header)
{
    image::Image<float> pixels({0, 0, header.geometry.width, header.geometry.height},
                               header.geometry.stored_planes);
    io::FrameReader(header).read(pixels.view());
    return pixels;
}

/// Those of image `index` of a file.
inline image::Image<float> read_image(std::string const& path, std::size_t index = 0)
{
    return read_image(io::scan_file(path, false).frames.at(index));
}
}  // namespace sectile::test
