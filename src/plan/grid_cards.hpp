// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <string>
#include <string_view>

#include "sectile/core/angle.hpp"
#include "sectile/sky/sky_wcs.hpp"

/// Header cards of planned grids. Private to the layer.
namespace sectile::plan
{
inline constexpr std::size_t card_length = 80;

/// A card of 80 characters in FITS format (FITS standard 4.0, section 4.2): numbers right-aligned
/// to column 30 where they fit, text in quotes from column 11. `value` of the last form is written
/// as it stands.
[[nodiscard]] std::string number_card(std::string_view keyword, double value);
[[nodiscard]] std::string integer_card(std::string_view keyword, long value);
[[nodiscard]] std::string text_card(std::string_view keyword, std::string_view text);
[[nodiscard]] std::string literal_card(std::string_view keyword, std::string_view value);

/// A number with 15 significant digits, which is what a card can hold without loss when read and
/// written again; independent of the locale.
[[nodiscard]] std::string card_number(double value);

[[nodiscard]] std::string_view trimmed(std::string_view text);

/// Placement of a planned grid on the sky; the reference pixel is 1-based as in FITS.
struct GridPlacement
{
    std::string projection;
    sky::SkyCoord reference;  ///< CRVAL
    core::Angle pixel_scale;
    core::Angle position_angle;  ///< of +y, east of north
    bool mirrored = false;       ///< east to the right
    double crpix_x = 1.0;
    double crpix_y = 1.0;
};

/// Cylindrical and similar projections, whose natural origin is on the equator.
[[nodiscard]] bool is_whole_sky_projection(std::string_view projection);

/// Cards of the complete celestial WCS: ICRS, degrees, CD matrix (which every reader knows; PCi_j
/// is ignored by some), LONPOLE explicit because its default jumps by 180 degrees at the pole.
[[nodiscard]] std::string cards_of(GridPlacement const& placement);
}  // namespace sectile::plan
