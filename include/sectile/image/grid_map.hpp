// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <vector>

#include "sectile/core/box.hpp"

namespace sectile::image
{
/// Where the pixels of a destination grid lie in a source image: the coordinate map sampled on a
/// lattice of nodes and interpolated bilinearly between them. Plain arrays, the same on CPU and
/// GPU.
///
/// The lattice is absolute: node (i, j) is at destination pixel ((node_x0 + i) * spacing,
/// (node_y0 + j) * spacing), so the value at a pixel does not depend on `domain`, that is on how
/// the canvas was cut into bands. Coordinates are 0-based pixel centres, in double.
///
/// A cell whose interpolation was found worse than the tolerance (kinks of look-up distortions, the
/// edge of a projection, a 360 degree wrap) is *exact*: it holds the transformed position of each
/// of its spacing x spacing pixels. Pixels that do not map to the source are NaN.
struct GridMap
{
    core::Box domain;          ///< destination pixels that may be asked for
    int spacing = 1;           ///< destination pixels between nodes; a power of two
    std::int64_t node_x0 = 0;  ///< lattice index of node column 0
    std::int64_t node_y0 = 0;
    int nodes_x = 0;
    int nodes_y = 0;
    std::vector<double> x;  ///< source x at the nodes, nodes_y rows of nodes_x
    std::vector<double> y;
    /// Per cell (nodes_y-1 rows of nodes_x-1): -1 interpolated, else index of its exact block.
    /// Empty when no cell is exact.
    std::vector<std::int32_t> exact_cell;
    std::vector<double> exact_x;  ///< blocks of spacing * spacing, row-major
    std::vector<double> exact_y;
    double max_error = 0.0;  ///< largest error met at the checked points, source pixels

    /// Source coordinates of pixels x_begin <= x < x_end of row y, all inside domain. Writes
    /// x_end - x_begin values to each output. Thread-safe.
    void evaluate_row(std::int64_t y_pixel, std::int64_t x_begin, std::int64_t x_end, double* out_x,
                      double* out_y) const;

    /// Smallest box of whole source pixels that holds the positions of all destination pixels of
    /// `part` (inside domain), without kernel margin; empty when nothing maps.
    [[nodiscard]] core::Box source_bounds(core::Box const& part) const;

    [[nodiscard]] std::size_t bytes() const
    {
        return (x.size() + y.size() + exact_x.size() + exact_y.size()) * sizeof(double) +
               exact_cell.size() * sizeof(std::int32_t);
    }
};
}  // namespace sectile::image
