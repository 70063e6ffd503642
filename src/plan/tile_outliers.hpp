// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <vector>

#include "sectile/plan/canvas_grid.hpp"

/// Inputs that lie apart from the mosaic. Private to the layer.
namespace sectile::plan
{
/// Indices, ascending.
struct Outliers
{
    std::vector<std::size_t> far_away;  ///< apart from all others
    std::vector<std::size_t> to_drop;   ///< those of them that would more than double the canvas
};

/// Inputs are neighbours when the gap between their enclosing circles is at most the sum of the
/// radii. Of the clusters so joined, the one with most inputs is the mosaic; any other with at most
/// a twentieth of the inputs (or one alone) is far away. Two lone fields are both far away and
/// neither is dropped. The canvas is judged by the area of the bounding rectangle on an equal-area
/// plane.
[[nodiscard]] Outliers find_outliers(std::vector<GridInput> const& inputs);
}  // namespace sectile::plan
