// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <memory>

#include "sectile/image/image.hpp"

#include "io/fits_file.hpp"
#include "io/frame_shape.hpp"

namespace sectile::io
{
/// Where the pixels of one image HDU come from. One object per thread.
class WindowSource
{
  public:
    virtual ~WindowSource() = default;
    /// Fills a window that lies inside the image; as FrameReader::read. Throws core::IoError.
    virtual void read(image::ImageView<float> const& out) = 0;
};

/// The fastest source for the current HDU of `file`: the bytes of the file itself where they are
/// the pixels, CFITSIO for packed files and compressed images.
[[nodiscard]] std::unique_ptr<WindowSource> make_window_source(FitsFile file, HduShape const& shape,
                                                               AxisRoles const& roles);

/// Reads any image through CFITSIO. Same bits as the direct way, which is tested against it.
[[nodiscard]] std::unique_ptr<WindowSource> make_cfitsio_source(FitsFile file,
                                                                HduShape const& shape,
                                                                AxisRoles const& roles);
}  // namespace sectile::io
