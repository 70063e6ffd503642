// SPDX-License-Identifier: BSD-3-Clause
#include "plan/memory_model.hpp"

#include <algorithm>
#include <cmath>

namespace sectile::plan
{
namespace
{
constexpr std::int64_t float_bytes = 4;
constexpr std::int64_t window_margin = 24;  ///< kernel support and rounding, both sides
constexpr std::int64_t strips_in_flight = 2;
constexpr std::int64_t narrow_coverage_bytes = 2;  ///< of the 16-bit copy that is written
/// Coordinate map, transforms and handles of a window in use.
constexpr std::int64_t source_overhead = std::int64_t{24} << 10;
constexpr std::int64_t output_plane_bytes = 12;          ///< science, weight, coverage
constexpr std::int64_t map_plane_bytes = 8;              ///< rejected low and high
constexpr std::int64_t sum_plane_bytes = 8 + 8 + 8 + 4;  ///< value, weight, excess, coverage
constexpr std::int64_t block_pixels = 64 * 8;            ///< of a combine kernel
constexpr std::int64_t sample_bytes = 8;                 ///< value and weight
constexpr std::int64_t worker_bytes = std::int64_t{1} << 20;

/// Source pixels along one axis under a box of the destination, margin included, at most the
/// source with its margin: a turned source needs more for the box's extent across.
std::int64_t source_extent(std::int64_t along, double spread, std::int64_t across,
                           double cross_spread, std::int64_t whole)
{
    double const needed = std::ceil(static_cast<double>(along) * spread +
                                    static_cast<double>(across) * cross_spread) +
                          window_margin;
    // A window reaches over the edge of its source, so that kernels need no bounds checks there.
    std::int64_t const most = whole + window_margin;
    return needed >= static_cast<double>(most) ? most : static_cast<std::int64_t>(needed);
}

/// Of one pixel of one plane of a strip.
std::int64_t output_bytes(JobSize const& job)
{
    return output_plane_bytes + (job.rejection_maps ? map_plane_bytes : 0);
}
}  // namespace

std::int64_t MemoryModel::window_rows(ChunkShape const& shape) const
{
    return source_extent(shape.rows, job_.row_spread, shape.columns, job_.cross_spread,
                         job_.source_height);
}

std::int64_t MemoryModel::window_columns(ChunkShape const& shape) const
{
    return source_extent(shape.columns, job_.row_spread, shape.rows, job_.cross_spread,
                         job_.source_width);
}

std::int64_t MemoryModel::sources_of_strip(std::int64_t columns) const
{
    std::int64_t const width = std::max<std::int64_t>(job_.source_width, 1);
    return std::min(job_.sources, job_.depth * ((columns + width - 1) / width + 1));
}

std::int64_t MemoryModel::strip_bytes(ChunkShape const& shape) const
{
    std::int64_t const output = job_.planes * output_bytes(job_) + 1;
    std::int64_t const sums = job_.running_mean ? job_.planes * sum_plane_bytes : 0;
    return shape.rows * shape.columns * (strips_in_flight * output + sums);
}

std::int64_t MemoryModel::window_bytes(ChunkShape const& shape) const
{
    return shape.batch * job_.source_planes * float_bytes * window_rows(shape) *
           window_columns(shape);
}

std::int64_t MemoryModel::load_bytes(ChunkShape const& shape) const
{
    std::int64_t const margin = 2 * static_cast<std::int64_t>(job_.load_margin);
    std::int64_t const pixels = (window_rows(shape) + margin) * (window_columns(shape) + margin);
    return float_bytes * job_.load_planes * pixels + job_.open_bytes;
}

std::int64_t MemoryModel::sink_bytes(ChunkShape const& shape) const
{
    std::int64_t const row = job_.planes * (output_bytes(job_) + narrow_coverage_bytes) + 1;
    std::int64_t const passing = job_.ranks_of_sink > 1 ? 2 * job_.ranks_of_sink : 1;
    return passing * shape.rows * shape.columns * row / (job_.ranks_of_sink > 1 ? 1 : 4);
}

std::int64_t MemoryModel::peak_bytes(ChunkShape const& shape) const
{
    std::int64_t const depth = job_.running_mean ? 1 : std::max<std::int64_t>(job_.depth, 1);
    std::int64_t const stack =
        std::max(depth * job_.planes * sample_bytes * block_pixels, job_.worker_scratch);
    // Windows of a stack are all read before it is combined; those of sums are read ahead.
    std::int64_t const batches = job_.running_mean ? 2 : 1;
    return strip_bytes(shape) + sink_bytes(shape) + batches * window_bytes(shape) +
           shape.workers * (stack + worker_bytes + load_bytes(shape)) +
           sources_of_strip(shape.columns) * source_overhead + job_.held_bytes;
}

std::int64_t MemoryModel::pieces_bytes(int workers, std::int64_t rows) const
{
    ChunkShape const piece{1, rows, job_.width, 1};
    return workers * (window_bytes(piece) + load_bytes(piece) + job_.worker_scratch +
                      source_overhead + worker_bytes) +
           job_.held_bytes;
}

std::int64_t MemoryModel::source_bytes() const
{
    return job_.sources * job_.source_planes * float_bytes * job_.source_width * job_.source_height;
}

std::int64_t MemoryModel::io_bytes(ChunkShape const& shape) const
{
    // Rows of a source that a strip needs, against those it is there for.
    double const useful = std::max(1.0, static_cast<double>(shape.rows) * job_.row_spread);
    double const wanted = static_cast<double>(window_rows(shape));
    double const repeated = std::max(1.0, wanted / useful);
    auto const read = static_cast<std::int64_t>(repeated * static_cast<double>(source_bytes()));
    return read + job_.width * job_.height * (job_.planes * output_bytes(job_) + 1);
}
}  // namespace sectile::plan
