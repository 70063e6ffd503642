// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <vector>

#include "plan/memory_model.hpp"

namespace sectile::plan
{
/// Rows below which a strip is not made thinner while columns, windows or workers can be given up
/// instead: thinner strips read the margin of every source window again and again (16 rows on 64: a
/// quarter more).
constexpr std::int64_t good_rows = 64;

/// Bytes of the strips in flight beyond which taller ones bring nothing: the margins of the windows
/// are a few per cent by then, and reading, computing and writing overlap strip by strip. Keeps the
/// memory of a run independent of the canvas.
constexpr std::int64_t strip_target = std::int64_t{64} << 20;

/// Largest value in [low, high] for which `fits` holds, given that it holds for `low` and, when it
/// fails for a value, fails for all larger ones.
template <class Fits>
std::int64_t largest_that(std::int64_t low, std::int64_t high, Fits const& fits)
{
    while (low < high) {
        std::int64_t const middle = low + (high - low + 1) / 2;
        if (fits(middle)) {
            low = middle;
        } else {
            high = middle - 1;
        }
    }
    return low;
}

/// The best shape of the chunks of a coadd that fits into a budget. Gives up, in this order and
/// each only as far as needed: rows down to good ones, windows held at once, columns, rows down to
/// a floor, workers, memory for stacks (where they may go to disk), columns and rows down to
/// nothing. Each step is entered only when all before do not fit, and within a step a shape is
/// taken only if all smaller ones fit: less memory never gives taller or wider strips, except where
/// stacks go to disk, which keeps strips large.
class ChunkSearch
{
  public:
    ChunkSearch(MemoryModel const& model, std::int64_t budget, int workers,
                std::int64_t forced_rows);

    /// The smallest shape there is when none fits.
    [[nodiscard]] ChunkShape find() const;
    /// What the smallest shape takes.
    [[nodiscard]] std::int64_t least_bytes() const;

  private:
    using Shapes = std::vector<ChunkShape>;

    [[nodiscard]] ChunkShape find_within() const;
    [[nodiscard]] bool is_good(ChunkShape const& shape) const;
    [[nodiscard]] std::int64_t useful_rows(std::int64_t columns) const;
    [[nodiscard]] std::int64_t useful_columns() const;
    [[nodiscard]] Shapes tall_shapes() const;
    [[nodiscard]] Shapes narrow_shapes() const;
    [[nodiscard]] Shapes tiny_shapes() const;
    [[nodiscard]] std::int64_t batch_for(ChunkShape const& shape, std::int64_t per_worker) const;
    [[nodiscard]] ChunkShape with_least_batch(ChunkShape shape) const;
    [[nodiscard]] ChunkShape largest_batch(ChunkShape shape, std::int64_t most) const;
    [[nodiscard]] bool fits(ChunkShape const& shape) const;
    /// Of shapes in ascending order the last up to which all fit; null if the first does not.
    [[nodiscard]] ChunkShape const* last_fitting(Shapes const& ascending) const;
    [[nodiscard]] ChunkShape find_smaller(ChunkShape shape) const;

    MemoryModel const& model_;
    JobSize const& job_;
    std::int64_t budget_;
    int workers_;
    bool is_forced_;
    std::int64_t widest_;   ///< columns
    std::int64_t tallest_;  ///< rows
    std::int64_t floor_;    ///< rows of a wide strip at least
};

/// Sources read piece by piece, one per worker: fewer rows, then fewer workers.
[[nodiscard]] ChunkShape pieces_shape(MemoryModel const& model, int workers,
                                      std::int64_t forced_rows, std::int64_t budget);
}  // namespace sectile::plan
