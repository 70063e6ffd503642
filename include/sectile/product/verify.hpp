// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <string>

namespace sectile::product
{
/// Opens a finished product (an output directory, mosaic.fits or mosaic.h5), checks that it is
/// whole: FITS CHECKSUM and DATASUM, equal sizes of all planes, finite science exactly where weight
/// > 0, coverage > 0 there, mosaic.h5 and mosaic.fits equal when both are there; of an output
/// directory also its rejection maps. Returns the summary for the user. Throws core::IoError with
/// the first thing that is wrong.
[[nodiscard]] std::string verify_product(std::string const& path);
}  // namespace sectile::product
