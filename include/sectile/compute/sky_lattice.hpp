// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

namespace sectile::compute
{
/// The sky and what is as wide as it (nebulae) on square cells of a canvas: what rises above it is
/// the light of stars. Immutable while it is used; thread-safe.
struct SkyLattice
{
    std::int64_t side = 1;     ///< of a cell, canvas pixels; cell (0, 0) begins at pixel (0, 0)
    std::int64_t columns = 0;  ///< of cells
    std::int64_t rows = 0;
    std::vector<std::vector<float>> level;  ///< by plane, then cell; NaN: not known

    /// Bilinear between the middles of cells, of those that are known; NaN where none is.
    [[nodiscard]] double at(int plane, std::int64_t x, std::int64_t y) const
    {
        std::vector<float> const& cells = level[static_cast<std::size_t>(plane)];
        double const u = (static_cast<double>(x) + 0.5) / static_cast<double>(side) - 0.5;
        double const v = (static_cast<double>(y) + 0.5) / static_cast<double>(side) - 0.5;
        auto const column = static_cast<std::int64_t>(std::floor(u));
        auto const row = static_cast<std::int64_t>(std::floor(v));
        double const along = u - static_cast<double>(column);
        double const across = v - static_cast<double>(row);
        double sum = 0.0;
        double total = 0.0;
        for (std::int64_t j = 0; j < 2; ++j) {
            for (std::int64_t i = 0; i < 2; ++i) {
                bool const is_cell =
                    column + i >= 0 && column + i < columns && row + j >= 0 && row + j < rows;
                double const value =
                    is_cell ? static_cast<double>(
                                  cells[static_cast<std::size_t>((row + j) * columns + column + i)])
                            : std::numeric_limits<double>::quiet_NaN();
                double const weight =
                    (i == 0 ? 1.0 - along : along) * (j == 0 ? 1.0 - across : across);
                if (!std::isnan(value)) {
                    sum += weight * value;
                    total += weight;
                }
            }
        }
        return total > 0.0 ? sum / total : std::numeric_limits<double>::quiet_NaN();
    }
};
}  // namespace sectile::compute
