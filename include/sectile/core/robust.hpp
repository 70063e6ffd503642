// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <algorithm>
#include <cstddef>
#include <vector>

namespace sectile::core
{
/// Sigma of a normal distribution over its median absolute deviation.
inline constexpr double sigma_of_mad = 1.4826;

/// Upper median of at least one value, which are reordered. Values must be comparable (no NaN).
template <class T>
[[nodiscard]] T median_in_place(std::vector<T>& values)
{
    auto const middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
    std::nth_element(values.begin(), middle, values.end());
    return *middle;
}
}  // namespace sectile::core
