// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <string>

#include "sectile/sky/sky_wcs.hpp"

namespace sectile::io
{
/// What a .wcs file says: a WCS, or the reason why it cannot be used.
struct WcsFile
{
    sky::WcsDescription wcs;  ///< empty cards when there is a reason
    std::string reason;       ///< one sentence without the name of the file
};

/// What becomes of the size of the solved image, where a .wcs file states one.
enum class StatedSize : std::uint8_t
{
    must_agree,
    ignored
};

/// Reads a .wcs file as plate solvers write it (a FITS header, or lines of text) for an image of
/// this size; one made for an image of another size is refused. Never throws for a bad file.
[[nodiscard]] WcsFile read_wcs_file(std::string const& path, std::int64_t width,
                                    std::int64_t height,
                                    StatedSize stated_size = StatedSize::must_agree);

/// The same for an image of the size that the file states (IMAGEW and IMAGEH, else NAXIS1 and
/// NAXIS2); a file without one is refused.
[[nodiscard]] WcsFile read_wcs_file(std::string const& path);

/// Writes a WCS without look-up tables as a FITS header without pixels, sized by IMAGEW and IMAGEH
/// as plate solvers do; atomic. Throws core::IoError, core::InternalError (there are tables).
void write_wcs_file(std::string const& path, sky::WcsDescription const& wcs);
}  // namespace sectile::io
