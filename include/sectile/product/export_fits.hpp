// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <string>
#include <vector>

#include "sectile/io/canvas_file.hpp"
#include "sectile/io/fits_writer.hpp"

namespace sectile::product
{
/// Copies mosaic.h5 to mosaic.fits (METHODS.md, section 15.2): primary science float32 with NaN
/// where empty and the cards of `provenance`, extensions WEIGHT (float32), COVERAGE (unsigned 16 or
/// 32 bits) and ALPHA (uint8), each with the WCS. BUNIT is the canvas's unit unless `provenance`
/// has one. Every byte is read and written once; memory is one block of rows. Atomic. Throws
/// core::IoError. One rank, main thread only.
void export_fits(io::CanvasReader const& canvas, std::vector<io::FitsCard> const& provenance,
                 std::string const& path);
}  // namespace sectile::product
