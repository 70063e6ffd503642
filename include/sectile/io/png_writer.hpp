// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "sectile/image/image.hpp"

namespace sectile::io
{
/// Writes an 8-bit PNG with 1 (grey), 3 (RGB) or 4 (RGBA) planes row by row, never holding the
/// picture. No time chunk; equal pixels give equal bytes however they are cut into calls. Atomic
/// name: temporary file, fsync, rename on commit(). One object per thread. Throws core::IoError.
class PngWriter
{
  public:
    PngWriter(std::string path, std::int64_t width, std::int64_t height, int planes);
    ~PngWriter();  ///< without commit() the temporary file is removed
    PngWriter(PngWriter&&) noexcept;
    /// The next rows of the picture, downwards: the view's last row is written first (FITS
    /// convention, row 0 at the bottom). Where the view's box lies does not matter. Throws
    /// core::InternalError for a wrong width or number of planes and for rows too many.
    void write_rows(image::ImageView<std::uint8_t const> rows);
    /// Throws core::InternalError when rows are missing.
    void commit();

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

/// A whole picture by PngWriter; row 0 of the view becomes the *bottom* row of the picture.
void write_png(std::string const& path, image::ImageView<std::uint8_t const> pixels);
}  // namespace sectile::io
