// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "sectile/sky/frame_header.hpp"

#include "io/fits_file.hpp"
#include "io/header_cards.hpp"

namespace sectile::io
{
/// Which file axes (0-based) are columns, rows and planes; -1: there is no plane axis.
struct AxisRoles
{
    int columns = 0;
    int rows = 1;
    int planes = -1;
};

/// What the axes of an image HDU mean. `reason` is empty when the image can be a frame.
struct FrameShape
{
    AxisRoles roles;
    sky::FrameGeometry geometry;
    std::string reason;
};

/// Reads the axes: axes of length 1 beyond the second are dropped; with a third axis left the image
/// is C,H,W (NAXIS3 planes), or H,W,C when NAXIS1 is 1, 3 or 4 and both other axes are more than 8
/// times longer.
[[nodiscard]] FrameShape interpret_axes(HduShape const& shape);

/// True for EXTNAMEs that mark companions of a science image: weights, errors, masks, coverage,
/// look-up tables of distortions. Anything else, SCI and no name at all included, is science.
[[nodiscard]] bool is_companion_name(std::string_view extension_name);

/// Colour filter array of the stored rows from BAYERPAT, BAYERPATTERN or COLORTYP; XBAYROFF and
/// YBAYROFF (or BAYOFFX, BAYOFFY) shift it by their parity.
///
/// ROWORDER (the convention of Siril, CCDCiel, INDI, N.I.N.A.): the pattern is written as seen in
/// the upright picture. With 'TOP-DOWN', and without the keyword as in the files of nearly all
/// cameras, row 0 is the top of the picture and the pattern holds for the stored rows as it is.
/// With 'BOTTOM-UP' the stored rows are those of the picture in reverse, which exchanges the two
/// rows of the pattern when the height is even.
///
/// Sets `reason` for a colour filter array that cannot be debayered (X-Trans).
void read_bayer(HeaderCards const& header, FrameShape& shape);
}  // namespace sectile::io
