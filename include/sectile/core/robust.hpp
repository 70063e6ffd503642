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

/// Median of at least one value, which are reordered, for values that are rounded to steps (counts
/// of a camera): the values equal to the middle one are taken as spread evenly halfway to their
/// neighbours, as the median of grouped data is defined. Without it the scatter of a few counts
/// comes out wrong by up to half a count. Values must be comparable (no NaN).
template <class T>
[[nodiscard]] double grouped_median_in_place(std::vector<T>& values)
{
    T const middle = median_in_place(values);
    std::size_t below = 0;
    std::size_t equal = 0;
    double next_lower = static_cast<double>(middle);
    double next_higher = next_lower;
    for (T const value : values) {
        if (value < middle) {
            next_lower = below == 0 ? value : std::max<double>(next_lower, value);
            ++below;
        } else if (value == middle) {
            ++equal;
        } else {
            bool const is_first = next_higher == static_cast<double>(middle);
            next_higher = is_first ? value : std::min<double>(next_higher, value);
        }
    }
    double const lower = 0.5 * (next_lower + static_cast<double>(middle));
    double const upper = 0.5 * (static_cast<double>(middle) + next_higher);
    double const share = (0.5 * static_cast<double>(values.size()) - static_cast<double>(below)) /
                         static_cast<double>(equal);
    return lower + share * (upper - lower);
}
}  // namespace sectile::core
