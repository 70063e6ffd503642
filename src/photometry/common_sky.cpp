// SPDX-License-Identifier: BSD-3-Clause
#include "photometry/common_sky.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "sectile/core/robust.hpp"

namespace sectile::photometry
{
namespace
{
constexpr float none = std::numeric_limits<float>::quiet_NaN();
}

std::vector<float> common_sky(std::vector<SourceCells> const& all, std::size_t plane,
                              std::vector<compute::Photometry> const& corrections,
                              CellLattice const& lattice, std::int64_t rows)
{
    auto const columns = static_cast<std::int64_t>(lattice.columns);
    std::vector<std::vector<float>> levels(static_cast<std::size_t>(columns * rows));
    for (std::size_t i = 0; i < all.size(); ++i) {
        compute::Photometry const& own = corrections[i];
        for (CellLevel const& cell : all[i][plane]) {
            auto const side = static_cast<double>(lattice.side);
            double const x = side * (static_cast<double>(cell.cell % columns) + 0.5) - 0.5;
            double const y = side * (static_cast<double>(cell.cell / columns) + 0.5) - 0.5;
            levels[cell.cell].push_back(static_cast<float>(cell.level + own.offset +
                                                           own.slope_x * (x - own.x_ref) +
                                                           own.slope_y * (y - own.y_ref)));
        }
    }
    std::vector<float> middle;
    for (std::vector<float>& cell : levels) {
        middle.push_back(cell.empty() ? none : core::median_in_place(cell));
    }
    constexpr std::int64_t reach = 2;
    std::vector<float> sky(middle.size(), none);
    std::vector<float> around;
    for (std::int64_t row = 0; row < rows; ++row) {
        for (std::int64_t column = 0; column < columns; ++column) {
            around.clear();
            for (std::int64_t j = std::max<std::int64_t>(0, row - reach);
                 j <= std::min(rows - 1, row + reach); ++j) {
                for (std::int64_t i = std::max<std::int64_t>(0, column - reach);
                     i <= std::min(columns - 1, column + reach); ++i) {
                    float const value = middle[static_cast<std::size_t>(j * columns + i)];
                    if (!std::isnan(value)) {
                        around.push_back(value);
                    }
                }
            }
            if (!around.empty()) {
                sky[static_cast<std::size_t>(row * columns + column)] =
                    core::median_in_place(around);
            }
        }
    }
    return sky;
}
}  // namespace sectile::photometry
