// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "sectile/compute/recipe.hpp"

#include "compute/cpu/row_sampler.hpp"

namespace sectile::compute
{
/// Rows of the output that take the combination of a piece of one plane.
struct CombinedRow
{
    float* science;
    float* weight;
    std::uint32_t* coverage;
    float* rejected_low = nullptr;  ///< null: not wanted, both
    float* rejected_high = nullptr;
};

/// The samples of a piece of a destination row from many sources: per plane one row of pixels per
/// source, in source order. Grown per strip, never per pixel. One worker's scratch: not
/// thread-safe.
class PixelStack
{
  public:
    PixelStack(RowKernels const& kernels, int planes, OutputWeight output_weight);

    /// Pixels of a row that are stacked together when up to `depth` samples meet in one: as many as
    /// keep the samples in the second-level cache, but enough to make a piece worth its set-up.
    [[nodiscard]] static int width_for(int planes, std::size_t depth);
    [[nodiscard]] static std::size_t bytes(int planes, std::size_t depth);

    /// Empties the stack and makes room for `depth` sources on `width` pixels.
    void start(std::size_t depth, int width);
    /// Rows for the samples of the next source, from pixel `offset` of the piece on.
    [[nodiscard]] RowTarget const& next(int offset);
    /// Keeps what was written to the rows of next(); pixels outside `range` have no sample.
    void push(SampledRange const& range);
    /// Combination of every pixel of one plane; `piece` says which they are.
    void combine(CoaddRecipe const& coadd, int plane, RowPiece const& piece,
                 CombinedRow const& out);

  private:
    template <class Take>
    void for_each_sample(std::size_t at, double const* low, double const* high,
                         Take const& take) const;
    /// OutputWeight::inverse_variance of the pixels of a group whose survivors lie from low to
    /// high.
    void weigh_means(std::size_t at, double const* low, double const* high, double* weight) const;
    void weigh_medians(std::size_t at, double const* low, double const* high, double* weight) const;

    /// Fractions of rejected samples of the first `count` pixels of that group.
    void find_rejected(std::size_t at, double const* low, double const* high, int count,
                       float* rejected_low, float* rejected_high) const;

    [[nodiscard]] std::size_t row_at(int plane, std::size_t source) const
    {
        return (static_cast<std::size_t>(plane) * depth_ + source) * stride_;
    }
    RowKernels const* kernels_;
    int planes_;
    int width_ = 0;
    std::size_t stride_ = 0;
    std::size_t depth_ = 0;
    std::size_t count_ = 0;  ///< sources pushed
    int offset_ = 0;
    std::vector<float> value_;
    std::vector<float> weight_;
    std::vector<float> coverage_;
    std::vector<float> excess_;
    std::vector<float> sigma_;  ///< of the next source, one row per plane
    std::vector<double>
        noise_square_;  ///< sum over the samples with known noise, per plane and pixel
    std::vector<std::int32_t> noise_count_;
    RowTarget target_;
    std::vector<float> sorted_float_;  ///< of one group
    std::vector<double> sorted_;
    std::vector<double> column_;
};
}  // namespace sectile::compute
