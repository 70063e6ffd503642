// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "sectile/image/grid_map.hpp"

namespace sectile::compute
{
/// Areas in source pixels of the destination pixels x_begin <= x < x_end of row y: |det d(source) /
/// d(destination)| of the cell's own interpolation at the pixel, in an exact cell from differences
/// between its pixels. It uses one cell of the absolute lattice only, so it does not depend on the
/// domain. NaN where the map is.
void map_area_row(image::GridMap const& map, std::int64_t y, std::int64_t x_begin,
                  std::int64_t x_end, double* out);
}  // namespace sectile::compute
