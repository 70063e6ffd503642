// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "sectile/core/angle.hpp"
#include "sectile/sky/sky_wcs.hpp"

namespace sectile::plan
{
enum class PixelScaleRule : std::uint8_t
{
    median,
    min,
    max
};
enum class OrientationRule : std::uint8_t
{
    north_up,
    min_area
};
enum class OutlierTiles : std::uint8_t
{
    keep,
    drop
};

struct GridOptions
{
    std::string projection = "auto";  ///< or TAN SIN STG ZEA ARC CAR AIT MER MOL SFL CEA
    std::variant<PixelScaleRule, core::Angle> pixel_scale = PixelScaleRule::median;
    /// A rule, or the position angle of +y.
    std::variant<OrientationRule, core::Angle> orientation = OrientationRule::north_up;
    std::optional<sky::SkyCoord> center;
    /// By which width and height grow, half of it on each side; 0 to 100.
    double padding_percent = 0.0;
    /// Text of a header (see grid_from_header_text), read by the caller; empty: none.
    std::string reference_grid;
    std::int64_t max_canvas_pixels = std::int64_t{4'000'000'000};
    OutlierTiles outlier_tiles = OutlierTiles::keep;
};

/// What the grid must cover: outline and pixel scale of one input.
struct GridInput
{
    std::vector<sky::SkyCoord> edge;  ///< polygon along the outer edges of its border pixels
    sky::SkyCoord center;
    core::Angle pixel_scale;
};

/// The global output grid: width x height pixels and their WCS. East to the left, north up for the
/// default orientation (det(CD) negative). Immutable, the same on every rank, named by its hash.
struct CanvasGrid
{
    sky::WcsDescription wcs;  ///< cards of a complete celestial WCS in ICRS
    std::string projection;
    core::Angle pixel_scale;
    sky::SkyCoord center;
    /// Indices of inputs dropped as outliers, or off the reference grid.
    std::vector<std::size_t> left_out;
    std::vector<std::size_t> far_away;  ///< indices reported as far from all others

    [[nodiscard]] std::int64_t width() const { return wcs.width; }
    [[nodiscard]] std::int64_t height() const { return wcs.height; }
    [[nodiscard]] std::string hash() const;  ///< of size and cards
};

/// P4 (METHODS.md, section 12). Pure. Auto projection: TAN when all inputs lie within 12.5 degrees
/// of the centre, ZEA up to 90 degrees, CAR beyond. Right at poles and across RA 0/360. Throws
/// core::ConfigError when the canvas would exceed max_canvas_pixels or an option makes no sense,
/// core::InputError without inputs.
[[nodiscard]] CanvasGrid plan_canvas(std::vector<GridInput> const& inputs,
                                     GridOptions const& options);

/// The tile grid of a group: TAN at the centre of the union of the footprints, scale and
/// orientation of `reference` (an input index), so that well-aligned frames are resampled by little
/// more than a shift.
[[nodiscard]] CanvasGrid plan_tile_grid(std::vector<GridInput> const& inputs, std::size_t reference,
                                        core::Angle position_angle, bool mirrored);

/// grid.json: size, cards, hash, centre, scale, corners. read_… throws core::InputError.
[[nodiscard]] std::string grid_to_json(CanvasGrid const& grid);
[[nodiscard]] CanvasGrid grid_from_json(std::string const& text);

/// The grid of a text header such as Montage's .hdr or SWarp's .head (free-format lines, END may be
/// missing) or of the 80-character cards of a FITS header without separators. Width and height from
/// NAXIS1/2. Only the celestial keywords of the first two axes are kept, their values as written.
/// Throws core::InputError when the text is no such header.
[[nodiscard]] CanvasGrid grid_from_header_text(std::string const& text);
}  // namespace sectile::plan
