// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <span>
#include <string>

namespace sectile::io
{
/// A star for a table: 0-based pixel, flux in any unit.
struct TableStar
{
    double x = 0.0;
    double y = 0.0;
    double flux = 0.0;
};

/// Writes the stars as a FITS binary table (columns X, Y, FLUX in double; pixels counted from 1) in
/// the first extension, the "xylist" that Astrometry.net takes instead of an image. An existing
/// file is replaced. Throws core::IoError.
void write_star_table(std::string const& path, std::span<TableStar const> stars);
}  // namespace sectile::io
