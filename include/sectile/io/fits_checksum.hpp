// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace sectile::io
{
/// An image HDU whose bytes are those that were written.
struct CheckedImage
{
    std::string name;  ///< EXTNAME; empty when it has none
    int bits_per_pixel = 0;
    std::vector<std::int64_t> axes;  ///< NAXIS1 first
};

/// Reads the whole file and compares CHECKSUM and DATASUM of every HDU (FITS standard, appendix J)
/// and the size of the file with what the headers announce. Returns the HDUs in order. Throws
/// core::IoError that names the first HDU that is damaged or has no checksum. One call per thread
/// at a time; threads do not disturb each other.
[[nodiscard]] std::vector<CheckedImage> verify_fits_checksums(std::string const& path);
}  // namespace sectile::io
