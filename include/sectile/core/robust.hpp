// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <algorithm>
#include <cstddef>
#include <limits>
#include <utility>
#include <vector>

namespace sectile::core
{
/// Sigma of a normal distribution over its median absolute deviation.
inline constexpr double sigma_of_mad = 1.4826;
/// Median distance from the centre of a 2-D normal distribution over its sigma per axis,
/// sqrt(2 ln 2).
inline constexpr double rayleigh_median = 1.1774;

/// Tukey's biweight (Beaton & Tukey 1974), (1 - (d / (4.685 sigma))^2)^2 and 0 beyond, of a value
/// at `distance` from where it should be: 95 % as efficient as equal weights for normal errors. 1
/// where sigma is 0.
[[nodiscard]] inline double tukey_weight(double distance, double sigma)
{
    constexpr double tuning = 4.685;
    double const u = sigma > 0.0 ? distance / (tuning * sigma) : 0.0;
    double const inside = std::max(0.0, 1.0 - u * u);
    return inside * inside;
}

/// Upper median of at least one value, which are reordered. Values must be comparable (no NaN).
template <class T>
[[nodiscard]] T median_in_place(std::vector<T>& values)
{
    auto const middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
    std::nth_element(values.begin(), middle, values.end());
    return *middle;
}

/// Lower median of at least one (value, weight): the first, ascending, up to which half of the
/// weight lies. No NaN; weights that are not negative.
[[nodiscard]] inline double weighted_median(std::vector<std::pair<double, double>> values)
{
    std::ranges::sort(values);
    double total = 0.0;
    for (auto const& [value, weight] : values) {
        total += weight;
    }
    double sum = 0.0;
    auto const middle = std::ranges::find_if(values, [&](auto const& each) {
        sum += each.second;
        return sum >= 0.5 * total;
    });
    return middle->first;
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
