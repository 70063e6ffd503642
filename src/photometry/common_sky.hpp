// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <vector>

#include "sectile/compute/source_window.hpp"

#include "photometry/sky_cells.hpp"

namespace sectile::photometry
{
/// The sky that matched sources have in common: in each cell the median of their corrected levels
/// (gains are in them already), then over 5 x 5 cells, so that a star in a cell does not count; NaN
/// where nobody has one. By rows of the lattice, of which there are `rows`. Pure.
[[nodiscard]] std::vector<float> common_sky(std::vector<SourceCells> const& all, std::size_t plane,
                                            std::vector<compute::Photometry> const& corrections,
                                            CellLattice const& lattice, std::int64_t rows);
}  // namespace sectile::photometry
