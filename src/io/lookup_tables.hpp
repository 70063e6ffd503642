// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <string>
#include <vector>

#include "sectile/sky/sky_wcs.hpp"

#include "io/fits_file.hpp"
#include "io/header_cards.hpp"

namespace sectile::io
{
/// Reads the distortion tables that an image header names (FITS WCS Paper IV draft as used by HST):
/// CPDISj = 'Lookup' with DPj records, in extensions WCSDVARR; D2IMDISj = 'Lookup' with D2IMj
/// records, or the older AXISCORR, in extensions D2IMARR. Leaves `file` at another HDU. Returns
/// what could not be read, a sentence each.
std::vector<std::string> read_lookup_tables(FitsFile& file, HeaderCards const& header,
                                            sky::WcsDescription& wcs);
}  // namespace sectile::io
