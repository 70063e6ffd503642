// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "sectile/image/grid_map.hpp"
#include "sectile/sky/sky_wcs.hpp"

namespace sectile::sky
{
/// Largest allowed error of a GridMap against exact WCS, source pixels (METHODS.md, section 7.5):
/// so little is needed for bilinear values to agree with an exact evaluation to 1e-5 under strong
/// distortion. Costs: halving it shortens the node spacing by 1.4, doubling the (small) number of
/// exact transforms.
inline constexpr double grid_map_tolerance = 2.5e-4;

/// Node spacing (1, 2, 4 … 64) that keeps the tolerance over most of `domain` (destination pixels):
/// a function of the two systems and the whole domain only, so that every rank and band uses the
/// same. The largest one with which at most 5 % of up to 12 x 12 sampled cells are exact; where
/// there is none, the one with the fewest exact transforms. Sources with fine look-up tables get 1.
[[nodiscard]] int choose_map_spacing(SkyWcs const& destination, SkyWcs const& source,
                                     core::Box const& domain);

/// The map for the destination pixels of `domain` with nodes every `spacing` pixels on the absolute
/// lattice. Each cell is checked against exact positions at its centre, its edge midpoints and one
/// place off its symmetry axes; cells that fail, or have only some positions, become exact. Cells
/// that lie at least 16 source pixels outside the source are left interpolated, whatever their
/// error: no kernel reaches them. The value at a pixel does not depend on `domain`, a whole cell
/// without position is NaN.
[[nodiscard]] image::GridMap make_grid_map(SkyWcs const& destination, SkyWcs const& source,
                                           core::Box const& domain, int spacing);

/// Box of destination pixels that the source image can touch (its outer pixel edges transformed,
/// grown by `margin` pixels, clipped to `canvas`); empty when it lies outside. Handles sources that
/// contain a pole or cross the seam of the destination projection by testing a lattice of source
/// pixels, not only the edges.
[[nodiscard]] core::Box footprint_box(SkyWcs const& destination, core::Box const& canvas,
                                      SkyWcs const& source, int margin);
}  // namespace sectile::sky
