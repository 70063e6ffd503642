// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <map>
#include <utility>

#include "sectile/plan/job_size.hpp"

#include "plan/strip_loads.hpp"

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
    bool spills = false;       ///< stacks go through a scratch file

    [[nodiscard]] friend bool operator==(ChunkShape const&, ChunkShape const&) = default;
};

/// Bytes that the coadd engine holds for a chunk, every buffer counted.
///   - strips: science, weight, coverage and, if asked for, two rejection maps (float, per plane);
///     with several workers two of them: one is computed while the one before is written;
///   - running sums, for a mean without rejection: value, weight and excess (double), coverage
///     (32 bits) per plane;
///   - what the sink holds: alpha and a 16-bit copy of the coverage, or the rows of all ranks of a
///     team that pass through the one which writes the file, or rows that wait for their other
///     columns;
///   - pull: source windows, source_planes floats per pixel. Of a stack all that touch the strip;
///     of sums two batches, of which one is used while the next is read; of a stack on disk one
///     window, its samples and the piece that is combined;
///   - push: one window at a time, the samples that arrived for the strip being made, and those
///     that leave and arrive for the next one;
///   - per window in use: its coordinate map and handles;
///   - per worker: what combining takes (the samples of one block of pixels) or the raw mosaic and
///     the unpacked file behind a window being read, and a mebibyte for stack frames, file buffers
///     and tables.
class MemoryModel
{
  public:
    /// Of the strips of one rank where places are known; -1: of the rank that has most of each.
    /// `job` must outlive the model.
    explicit MemoryModel(JobSize const& job, int rank = -1) : job_(job), rank_(rank) {}
    explicit MemoryModel(JobSize&& job, int rank = -1) = delete;

    [[nodiscard]] JobSize const& job() const { return job_; }
    /// Of the strips of that shape.
    [[nodiscard]] StripLoad const& load(ChunkShape const& shape) const;
    /// Of a pixel of the strips in flight.
    [[nodiscard]] std::int64_t strip_pixel_bytes(int workers) const;
    /// Strip buffers and sums.
    [[nodiscard]] std::int64_t strip_bytes(ChunkShape const& shape) const;
    /// Source windows that are in use together, or the samples that the push route holds.
    [[nodiscard]] std::int64_t window_bytes(ChunkShape const& shape) const;
    /// One worker, while it reads a window, beside the window.
    [[nodiscard]] std::int64_t load_bytes(ChunkShape const& shape) const;
    [[nodiscard]] std::int64_t sink_bytes(ChunkShape const& shape) const;
    [[nodiscard]] std::int64_t peak_bytes(ChunkShape const& shape) const;
    /// Sources whose windows a stack of this shape holds.
    [[nodiscard]] std::int64_t sources_of_strip(ChunkShape const& shape) const;

    /// Reading sources piece by piece, one per worker: the pieces under so many destination rows.
    [[nodiscard]] std::int64_t pieces_bytes(int workers, std::int64_t rows) const;

    /// All sources, once, as they are stored.
    [[nodiscard]] std::int64_t source_bytes() const;
    /// Read and written by the whole phase, on all ranks: strips read the margins of their windows
    /// again.
    [[nodiscard]] std::int64_t io_bytes(ChunkShape const& shape) const;

  private:
    [[nodiscard]] std::int64_t peak_bytes(ChunkShape const& shape, StripLoad const& load) const;
    [[nodiscard]] std::int64_t strip_bytes(ChunkShape const& shape, StripLoad const& load) const;
    [[nodiscard]] std::int64_t window_bytes(ChunkShape const& shape, StripLoad const& load) const;
    [[nodiscard]] std::int64_t sink_bytes(ChunkShape const& shape, StripLoad const& load) const;
    [[nodiscard]] std::int64_t load_bytes(std::int64_t window_pixels) const;
    [[nodiscard]] std::int64_t windows_in_use(ChunkShape const& shape, StripLoad const& load) const;
    [[nodiscard]] std::int64_t sample_bytes() const;
    /// Of the libraries where several ranks work together.
    [[nodiscard]] std::int64_t team_bytes() const;
    [[nodiscard]] std::int64_t window_overhead(StripLoad const& load) const;

    JobSize const& job_;
    int rank_;
    /// Counting is dear, and a search asks again and again.
    mutable std::map<std::pair<std::int64_t, std::int64_t>, StripLoad> loads_;
};
}  // namespace sectile::plan
