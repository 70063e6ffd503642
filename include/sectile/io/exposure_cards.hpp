// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <vector>

#include "sectile/io/fits_writer.hpp"
#include "sectile/sky/frame_header.hpp"

namespace sectile::io
{
/// Cards of what was combined of exposures, a tile or a mosaic: OBJECT, INSTRUME, TELESCOP, FILTER,
/// BUNIT, NCOMBINE, EXPTIME (sum), DATE-OBS, MJD-BEG, MJD-END and GAIN, as far as they are known.
/// scan_file() reads the same facts from them.
[[nodiscard]] std::vector<FitsCard> exposure_cards(sky::ExposureFacts const& facts);
}  // namespace sectile::io
