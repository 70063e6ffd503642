// SPDX-License-Identifier: BSD-3-Clause
#include "compute/map_jacobian.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>

namespace sectile::compute
{
namespace
{
std::int64_t floor_div(std::int64_t value, std::int64_t divisor)
{
    return value >= 0 ? value / divisor : -((-value + divisor - 1) / divisor);
}

struct Derivatives
{
    double xx, xy, yx,
        yy;  ///< d(source x)/d(x), d(source x)/d(y), d(source y)/d(x), d(source y)/d(y)

    [[nodiscard]] double area() const { return std::fabs(xx * yy - xy * yx); }
};

/// Derivatives of the bilinear surface over four nodes, fx and fy the position in the cell.
Derivatives of_nodes(double const* x, double const* y, int nodes_x, double fx, double fy,
                     double step)
{
    auto const along_x = [&](double const* node) {
        double const low = node[1] - node[0];
        double const high = node[nodes_x + 1] - node[nodes_x];
        return (low + fy * (high - low)) * step;
    };
    auto const along_y = [&](double const* node) {
        double const left = node[nodes_x] - node[0];
        double const right = node[nodes_x + 1] - node[1];
        return (left + fx * (right - left)) * step;
    };
    return {along_x(x), along_y(x), along_x(y), along_y(y)};
}

/// Forward difference in a block of an exact cell, backward where that leaves the block or meets
/// NaN.
double difference(double const* at, std::ptrdiff_t step, bool has_next, bool has_previous)
{
    double const forward = has_next ? at[step] - at[0] : NAN;
    return std::isnan(forward) && has_previous ? at[0] - at[-step] : forward;
}

Derivatives of_block(double const* x, double const* y, int spacing, int dx, int dy)
{
    std::ptrdiff_t const at = static_cast<std::ptrdiff_t>(dy) * spacing + dx;
    bool const has_right = dx + 1 < spacing;
    bool const has_above = dy + 1 < spacing;
    return {
        difference(x + at, 1, has_right, dx > 0), difference(x + at, spacing, has_above, dy > 0),
        difference(y + at, 1, has_right, dx > 0), difference(y + at, spacing, has_above, dy > 0)};
}
}  // namespace

void map_area_row(image::GridMap const& map, std::int64_t y, std::int64_t x_begin,
                  std::int64_t x_end, double* out)
{
    std::int64_t const cell_y = floor_div(y, map.spacing);
    std::int64_t const row = cell_y - map.node_y0;
    auto const dy = static_cast<int>(y - cell_y * map.spacing);
    double const step = 1.0 / map.spacing;
    for (std::int64_t pixel = x_begin; pixel < x_end;) {
        std::int64_t const cell_x = floor_div(pixel, map.spacing);
        std::int64_t const column = cell_x - map.node_x0;
        std::int64_t const end = std::min(x_end, (cell_x + 1) * map.spacing);
        std::int32_t const exact =
            map.exact_cell.empty() || map.spacing == 1
                ? -1
                : map.exact_cell[static_cast<std::size_t>(row * (map.nodes_x - 1) + column)];
        for (; pixel < end; ++pixel) {
            auto const dx = static_cast<int>(pixel - cell_x * map.spacing);
            if (exact >= 0) {
                std::ptrdiff_t const block =
                    static_cast<std::ptrdiff_t>(exact) * map.spacing * map.spacing;
                *out++ = of_block(map.exact_x.data() + block, map.exact_y.data() + block,
                                  map.spacing, dx, dy)
                             .area();
            } else {
                std::ptrdiff_t const node = row * map.nodes_x + column;
                *out++ = of_nodes(map.x.data() + node, map.y.data() + node, map.nodes_x, dx * step,
                                  dy * step, step)
                             .area();
            }
        }
    }
}
}  // namespace sectile::compute
