// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace sectile::solve
{
/// Photometric comparison of two images over their common area: what b shows minus what a shows.
struct OffsetPair
{
    std::size_t a = 0;
    std::size_t b = 0;
    double difference = 0.0;  ///< robust median of (b - a), data units
    double sigma = 1.0;       ///< its standard error, > 0
};

struct OffsetSolution
{
    std::vector<double> offset;         ///< to be added to each image
    std::vector<int> component;         ///< connected component of each image
    std::vector<std::size_t> isolated;  ///< images without any pair: offset 0
    double rms_before = 0.0;            ///< weighted rms of the pair differences, data units
    double rms_after = 0.0;             ///< of the residuals
};

/// Global solve for offsets (METHODS.md, section 11.3): minimises sum over pairs of rho((difference
/// + offset_b - offset_a) / sigma) with Tukey's biweight (Beaton & Tukey 1974, c = 4.685) by
/// iteratively reweighted sparse least squares (Eigen LDLT), starting from the plain solution by
/// way of Huber's convex loss (Tukey's has false minima). While the residuals are wider than their
/// sigmas (1.4826 times their median absolute value), sigma is widened to match. The rms figures
/// weigh pairs as the last iteration did, so that wild pairs do not hide the rest. Gauge: in every
/// connected component the mean of the offsets, weighted by `gauge_weight` (for instance valid
/// area), is 0. Pure, deterministic.
[[nodiscard]] OffsetSolution solve_offsets(std::size_t images, std::span<OffsetPair const> pairs,
                                           std::span<double const> gauge_weight);
}  // namespace sectile::solve
