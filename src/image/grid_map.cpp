// SPDX-License-Identifier: BSD-3-Clause
#include "sectile/image/grid_map.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

namespace sectile::image
{
namespace
{
std::int64_t floor_div(std::int64_t value, std::int64_t divisor)
{
    return value >= 0 ? value / divisor : -((-value + divisor - 1) / divisor);
}

struct Bounds
{
    double x_min = std::numeric_limits<double>::infinity();
    double x_max = -std::numeric_limits<double>::infinity();
    double y_min = std::numeric_limits<double>::infinity();
    double y_max = -std::numeric_limits<double>::infinity();

    void add(double x, double y)
    {
        if (std::isfinite(x) && std::isfinite(y)) {
            x_min = std::min(x_min, x);
            x_max = std::max(x_max, x);
            y_min = std::min(y_min, y);
            y_max = std::max(y_max, y);
        }
    }
};
}  // namespace

void GridMap::evaluate_row(std::int64_t y_pixel, std::int64_t x_begin, std::int64_t x_end,
                           double* out_x, double* out_y) const
{
    std::int64_t const cell_y = floor_div(y_pixel, spacing);
    std::int64_t const cell_row = cell_y - node_y0;
    std::int64_t const dy = y_pixel - cell_y * spacing;
    double const step = 1.0 / spacing;
    double const fy = static_cast<double>(dy) * step;
    double const* const x0 = x.data() + cell_row * nodes_x;
    double const* const y0 = y.data() + cell_row * nodes_x;
    std::int64_t pixel = x_begin;
    while (pixel < x_end) {
        std::int64_t const cell_x = floor_div(pixel, spacing);
        std::int64_t const column = cell_x - node_x0;
        std::int64_t const end = std::min(x_end, (cell_x + 1) * spacing);
        std::int64_t const first = pixel - cell_x * spacing;
        std::int64_t const count = end - pixel;
        std::int32_t const exact =
            exact_cell.empty()
                ? -1
                : exact_cell[static_cast<std::size_t>(cell_row * (nodes_x - 1) + column)];
        if (exact >= 0) {
            std::size_t const offset = static_cast<std::size_t>(exact) *
                                           static_cast<std::size_t>(spacing) *
                                           static_cast<std::size_t>(spacing) +
                                       static_cast<std::size_t>(dy * spacing + first);
            std::copy_n(exact_x.data() + offset, count, out_x);
            std::copy_n(exact_y.data() + offset, count, out_y);
        } else {
            // Left and right edge of the cell at this row, then linear in x.
            auto const at = [&](double const* node, std::int64_t i) {
                double const low = node[i];
                double const high = node[i + nodes_x];
                return low + fy * (high - low);
            };
            double const xl = at(x0, column);
            double const yl = at(y0, column);
            double const dx_step = (at(x0, column + 1) - xl) * step;
            double const dy_step = (at(y0, column + 1) - yl) * step;
#pragma omp simd
            for (std::int64_t i = 0; i < count; ++i) {
                auto const along = static_cast<double>(static_cast<int>(first + i));
                out_x[i] = xl + along * dx_step;
                out_y[i] = yl + along * dy_step;
            }
        }
        out_x += count;
        out_y += count;
        pixel = end;
    }
}

core::Box GridMap::source_bounds(core::Box const& part) const
{
    core::Box const wanted = part.clipped_to(domain);
    if (wanted.empty()) {
        return {};
    }
    std::int64_t const i0 = floor_div(wanted.x0, spacing) - node_x0;
    std::int64_t const i1 = floor_div(wanted.x1 - 1, spacing) - node_x0;
    std::int64_t const j0 = floor_div(wanted.y0, spacing) - node_y0;
    std::int64_t const j1 = floor_div(wanted.y1 - 1, spacing) - node_y0;
    Bounds bounds;
    std::vector<double> row_x(static_cast<std::size_t>(spacing));
    std::vector<double> row_y(static_cast<std::size_t>(spacing));
    auto const add_row = [&](std::int64_t line, std::int64_t first, std::int64_t last) {
        evaluate_row(line, first, last, row_x.data(), row_y.data());
        for (std::int64_t k = 0; k < last - first; ++k) {
            bounds.add(row_x[static_cast<std::size_t>(k)], row_y[static_cast<std::size_t>(k)]);
        }
    };
    for (std::int64_t j = j0; j <= j1; ++j) {
        std::int64_t const y0 = std::max(wanted.y0, (j + node_y0) * spacing);
        std::int64_t const y1 = std::min(wanted.y1, (j + node_y0 + 1) * spacing);
        for (std::int64_t i = i0; i <= i1; ++i) {
            std::int64_t const x0 = std::max(wanted.x0, (i + node_x0) * spacing);
            std::int64_t const x1 = std::min(wanted.x1, (i + node_x0 + 1) * spacing);
            bool const is_exact = !exact_cell.empty() &&
                                  exact_cell[static_cast<std::size_t>(j * (nodes_x - 1) + i)] >= 0;
            if (is_exact) {
                for (std::int64_t line = y0; line < y1; ++line) {
                    add_row(line, x0, x1);
                }
                continue;
            }
            // Bilinear inside a cell: the extremes over a part of it are at the part's corners.
            for (std::int64_t const line : {y0, y1 - 1}) {
                add_row(line, x0, x0 + 1);
                add_row(line, x1 - 1, x1);
            }
        }
    }
    if (bounds.x_min > bounds.x_max) {
        return {};
    }
    // Far-off positions are cut so that they stay representable; they are outside any image.
    auto const cut = [](double v) {
        return static_cast<std::int64_t>(std::floor(std::clamp(v, -1e9, 1e9)));
    };
    return {cut(bounds.x_min), cut(bounds.y_min), cut(bounds.x_max) + 2, cut(bounds.y_max) + 2};
}
}  // namespace sectile::image
