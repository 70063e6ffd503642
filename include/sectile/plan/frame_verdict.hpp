// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <string>
#include <tuple>

namespace sectile::plan
{
/// Why a frame is not used. The program decides by this; the sentence of a verdict is for people.
enum class VerdictCode : std::uint8_t
{
    none,           ///< it is used
    no_wcs,         ///< neither in its header nor beside it; a solver or a tie may give it one
    wrong_wcs,      ///< that of its header was found wrong, and no other could be had
    unusable_wcs,   ///< has one that cannot be read, or is no place on the sky
    unreadable,     ///< its file, header or pixels, or an image that it needs
    companion,      ///< is no frame, but says something about one
    masked,         ///< wholly
    constant,       ///< every pixel has the same value
    saturated,      ///< most of its pixels
    other_planes,   ///< than most frames have
    quality,        ///< stands out from its kind
    far_away,       ///< would more than double the canvas
    another_field,  ///< its stars are not those of its group
    untied,         ///< its stars could not be found in its group, whose WCS are known to be wrong
};

constexpr int enumerator_count(VerdictCode)
{
    return static_cast<int>(VerdictCode::untied) + 1;
}

/// Of the codes: their names as above.
[[nodiscard]] char const* name_of(VerdictCode code);

/// Whether a frame is used, and why not.
struct FrameVerdict
{
    VerdictCode code = VerdictCode::none;
    std::string reason;  ///< one sentence; empty for an accepted frame
    [[nodiscard]] bool accepted() const { return code == VerdictCode::none; }
};
inline auto fields(FrameVerdict& verdict)
{
    return std::tie(verdict.code, verdict.reason);
}
}  // namespace sectile::plan
