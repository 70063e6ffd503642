// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>

#include "sectile/plan/parallel_plan.hpp"

/// What the algorithms hold in memory. Private to the layer.
namespace sectile::plan
{
/// The free choices of a plan.
struct ChunkShape
{
    int workers = 1;
    std::int64_t rows = 1;     ///< of a strip
    std::int64_t columns = 1;  ///< of a strip
    std::int64_t batch = 1;    ///< source windows held at once
};

/// Bytes that the coadd engine holds for a chunk, every buffer counted. All figures grow with rows,
/// columns, batch and workers (the planner searches by bisection and relies on it).
///   - strips: science, weight, coverage and, if asked for, two rejection maps (float, per plane)
///     and alpha (one byte), twice: one is computed while the one before is written;
///   - running sums, for a mean without rejection: value, weight and excess (double), coverage
///     (float) per plane;
///   - what the sink holds: a 16-bit copy of the coverage, or the rows of all ranks of a team that
///     pass through the one which writes the file;
///   - source windows: source_planes floats per pixel; for sums two batches: one is used while the
///     next is read;
///   - per window in use: its coordinate map and transforms;
///   - per worker: what combining takes (the samples of one block of pixels), the raw mosaic and
///     the unpacked file behind a window being read, and a mebibyte for stack frames, file buffers
///     and tables.
class MemoryModel
{
  public:
    explicit MemoryModel(JobSize const& job) : job_(job) {}

    [[nodiscard]] JobSize const& job() const { return job_; }
    /// Strip buffers and sums.
    [[nodiscard]] std::int64_t strip_bytes(ChunkShape const& shape) const;
    /// One batch of source windows.
    [[nodiscard]] std::int64_t window_bytes(ChunkShape const& shape) const;
    /// One worker, while it reads a window, beside the window.
    [[nodiscard]] std::int64_t load_bytes(ChunkShape const& shape) const;
    [[nodiscard]] std::int64_t sink_bytes(ChunkShape const& shape) const;
    [[nodiscard]] std::int64_t peak_bytes(ChunkShape const& shape) const;
    /// Sources that touch a strip of so many columns: the depth, once per source width begun and
    /// once more for those that stick out on either side.
    [[nodiscard]] std::int64_t sources_of_strip(std::int64_t columns) const;

    /// Reading sources piece by piece, one per worker: the pieces under so many destination rows.
    [[nodiscard]] std::int64_t pieces_bytes(int workers, std::int64_t rows) const;

    /// All sources, once.
    [[nodiscard]] std::int64_t source_bytes() const;
    /// Read and written by the whole phase, on all ranks: strips read the margins of their windows
    /// again.
    [[nodiscard]] std::int64_t io_bytes(ChunkShape const& shape) const;

  private:
    [[nodiscard]] std::int64_t window_rows(ChunkShape const& shape) const;
    [[nodiscard]] std::int64_t window_columns(ChunkShape const& shape) const;

    JobSize job_;
};
}  // namespace sectile::plan
