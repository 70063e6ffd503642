// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "sectile/sky/frame_header.hpp"

#include "io/header_cards.hpp"

namespace sectile::io
{
/// True when the header has a primary celestial WCS: a longitude and a latitude CTYPE with a
/// projection (RA---TAN, GLON-CAR, ...) or the plate constants of a Digitized Sky Survey scan
/// (AMDXn, PPOn).
[[nodiscard]] bool has_celestial_wcs(HeaderCards const& header);

/// The cards that a WCS reader needs, 80 characters each, without END: axis types, reference
/// values, linear transformation, projection and distortion parameters (PV, PS, SIP, TPD, WAT,
/// look-up records, DSS plates), reference system and date. Alternate systems (a suffix letter) are
/// dropped. NAXIS and NAXISn are written anew from `axes`.
[[nodiscard]] std::string select_wcs_cards(HeaderCards const& header,
                                           std::vector<std::int64_t> const& axes);

/// The .wcs file beside a frame: its path (empty when there is none), its WCS or the reason why it
/// cannot be used.
struct Sidecar
{
    std::string path;
    std::string cards;
    std::string reason;
};

/// Looks for the sidecar of a FITS file: same folder and stem, .gz and .fz taken off first. Either
/// a FITS header or lines of text. One made for an image of another size is refused.
[[nodiscard]] Sidecar read_sidecar(std::string const& fits_path,
                                   sky::FrameGeometry const& geometry);
}  // namespace sectile::io
