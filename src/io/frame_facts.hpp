// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <optional>
#include <string_view>

#include "sectile/sky/frame_header.hpp"

#include "io/header_cards.hpp"

namespace sectile::io
{
/// Facts of an exposure. `header` is that of the image HDU; what it lacks is taken from `primary`
/// (multi-extension files keep the exposure there). Impossible values (declination 100, exposure
/// -1) count as absent.
///
/// gain: EGAIN (electrons per ADU), else GAIN (which in files of small cameras is a setting of the
/// camera). ra_hint, dec_hint: RA and DEC, else OBJCTRA and OBJCTDEC; a number is degrees, three
/// fields are sexagesimal (hours for right ascension).
[[nodiscard]] sky::ExposureFacts read_facts(HeaderCards const& header, HeaderCards const& primary);

/// Modified Julian Date of an ISO 8601 date and time ("2025-03-27T01:20:32.955", also with a zone:
/// Z, +02:00, -0700) or of the form dd/mm/yy used before the year 2000. Leap seconds are ignored.
[[nodiscard]] std::optional<double> parse_mjd(std::string_view text);

/// Degrees from "12 34 56.7", "12:34:56.7", "12h34m56.7s" or "-01 30 00" (factor 15 for hours) or
/// from a plain number of degrees.
[[nodiscard]] std::optional<double> parse_angle(std::string_view text, bool sexagesimal_hours);
}  // namespace sectile::io
