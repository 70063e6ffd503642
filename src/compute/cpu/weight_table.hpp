// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <vector>

#include "sectile/compute/kernels/noise_kern.hpp"
#include "sectile/compute/recipe.hpp"
#include "sectile/image/image.hpp"

namespace sectile::compute
{
/// Normalised weights of a kernel at evenly spaced fractions, for kernels of 4 taps and more;
/// weights between two phases are interpolated linearly. Rows are padded with zeros to 4 or 8
/// floats.
class WeightTable
{
  public:
    /// Intervals between fraction 0 and 1. Costs 32 bytes each, which should stay in the
    /// first-level cache; the error of a weight is at most |w''| / (8 phases^2) < 2.4e-6.
    static constexpr int phases = 512;

    /// An empty table for nearest and bilinear.
    explicit WeightTable(ResampleKernel kernel);

    /// Floats per row: 0, 4 or 8.
    [[nodiscard]] int lanes() const { return lanes_; }
    /// phases + 2 rows, 64-byte aligned: the last two are fraction 1, which a fraction rounds to.
    [[nodiscard]] float const* rows() const { return rows_.view().data; }

    /// Autocorrelations of the rows.
    [[nodiscard]] kernels::WeightCorrelation const* correlations() const
    {
        return correlations_.data();
    }

  private:
    int lanes_ = 0;
    image::Image<float> rows_;
    std::vector<kernels::WeightCorrelation> correlations_;
};

/// The table of a kernel, made at its first use. Thread-safe.
[[nodiscard]] WeightTable const& weight_table(ResampleKernel kernel);
}  // namespace sectile::compute
