// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <algorithm>
#include <cstddef>
#include <limits>
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
    // Nothing before the middle is above it, and nothing behind it below.
    std::size_t const half = values.size() / 2;
    std::size_t below = 0;
    std::size_t above = 0;
    T next_lower = std::numeric_limits<T>::lowest();
    T next_higher = std::numeric_limits<T>::max();
    for (std::size_t i = 0; i < half; ++i) {
        bool const is_below = values[i] < middle;
        below += is_below ? 1 : 0;
        next_lower = std::max(next_lower, is_below ? values[i] : next_lower);
    }
    for (std::size_t i = half; i < values.size(); ++i) {
        bool const is_above = values[i] > middle;
        above += is_above ? 1 : 0;
        next_higher = std::min(next_higher, is_above ? values[i] : next_higher);
    }
    auto const centre = static_cast<double>(middle);
    double const lower = below > 0 ? 0.5 * (static_cast<double>(next_lower) + centre) : centre;
    double const upper = above > 0 ? 0.5 * (centre + static_cast<double>(next_higher)) : centre;
    double const share = (0.5 * static_cast<double>(values.size()) - static_cast<double>(below)) /
                         static_cast<double>(values.size() - below - above);
    return lower + share * (upper - lower);
}
}  // namespace sectile::core
