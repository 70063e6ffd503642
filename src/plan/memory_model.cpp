// SPDX-License-Identifier: BSD-3-Clause
#include "plan/memory_model.hpp"

#include <algorithm>

namespace sectile::plan
{
namespace
{
constexpr std::int64_t float_bytes = 4;
constexpr std::int64_t alpha_bytes = 1;
constexpr std::int64_t narrow_coverage_bytes = 2;  ///< of the 16-bit copy that is written
/// Handles, transforms and description of a window in use, beside its map.
constexpr std::int64_t window_overhead_bytes = std::int64_t{4} << 10;
constexpr std::int64_t node_bytes = 16;
constexpr std::int64_t output_plane_bytes = 12;          ///< science, weight, coverage
constexpr std::int64_t map_plane_bytes = 8;              ///< rejected low and high
constexpr std::int64_t sum_plane_bytes = 8 + 8 + 8 + 4;  ///< value, weight, excess, coverage
constexpr std::int64_t block_pixels = 64 * 8;            ///< of a combine kernel
constexpr std::int64_t stacked_bytes = 16;               ///< value, weight, coverage, excess
constexpr std::int64_t worker_bytes = std::int64_t{1} << 20;
/// Files of the sink, what HDF5 keeps, records of the inputs, small buffers that the heap gives
/// back late.
constexpr std::int64_t phase_bytes = std::int64_t{4} << 20;
/// Collective writes of several ranks, and messages under way between them.
constexpr std::int64_t collective_bytes = std::int64_t{4} << 20;
constexpr std::int64_t message_bytes = std::int64_t{4} << 20;
/// Whole pages and bookkeeping of a block of samples.
constexpr std::int64_t block_overhead_bytes = std::int64_t{8} << 10;
/// Samples of a stack on disk that are combined at once.
constexpr std::int64_t spilled_piece_bytes = std::int64_t{4} << 20;
constexpr int most_sample_planes = 5;

/// Of one pixel of one plane of a strip.
std::int64_t output_bytes(JobSize const& job)
{
    return output_plane_bytes + (job.rejection_maps ? map_plane_bytes : 0);
}
}  // namespace

StripLoad const& MemoryModel::load(ChunkShape const& shape) const
{
    auto const [at, is_new] = loads_.try_emplace({shape.rows, shape.columns});
    if (is_new) {
        at->second = load_of_strips(job_, shape.rows, shape.columns, rank_);
    }
    return at->second;
}

std::int64_t MemoryModel::sample_bytes() const
{
    return float_bytes *
           (job_.sample_planes > 0 ? job_.sample_planes : most_sample_planes * job_.planes);
}

std::int64_t MemoryModel::sources_of_strip(ChunkShape const& shape) const
{
    return load(shape).sources;
}

/// Of a mean those being added and those read meanwhile; of a stack all; else one.
std::int64_t MemoryModel::windows_in_use(ChunkShape const& shape, StripLoad const& load) const
{
    if (job_.route == Route::push || shape.spills) {
        return std::min<std::int64_t>(1, load.sources);
    }
    return job_.running_mean ? std::min(2 * shape.batch, load.sources) : load.sources;
}

std::int64_t MemoryModel::strip_pixel_bytes(int workers) const
{
    std::int64_t const strips = workers > 1 ? 2 : 1;
    std::int64_t const sums = job_.running_mean ? job_.planes * sum_plane_bytes : 0;
    return strips * job_.planes * output_bytes(job_) + sums;
}

std::int64_t MemoryModel::strip_bytes(ChunkShape const& shape, StripLoad const& load) const
{
    std::int64_t const strips = shape.workers > 1 ? load.pair_pixels : load.strip_pixels;
    std::int64_t const sums = job_.running_mean ? job_.planes * sum_plane_bytes : 0;
    return strips * job_.planes * output_bytes(job_) + load.strip_pixels * sums;
}

std::int64_t MemoryModel::window_bytes(ChunkShape const& shape, StripLoad const& load) const
{
    std::int64_t const pixel = job_.source_planes * float_bytes;
    std::int64_t const in_use = windows_in_use(shape, load);
    std::int64_t const windows = pixel * std::min(load.window_pixels, in_use * load.largest_window);
    if (job_.route == Route::push) {
        return windows + sample_bytes() * load.exchanged + 3 * load.sources * block_overhead_bytes;
    }
    if (shape.spills) {
        return windows + sample_bytes() * load.largest_part +
               std::max(spilled_piece_bytes, load.sources * block_pixels / 8 * sample_bytes());
    }
    return windows;
}

std::int64_t MemoryModel::load_bytes(std::int64_t window_pixels) const
{
    if (job_.load_planes == 0) {
        return job_.open_bytes;
    }
    // A margin around the window, as if that were a square and a little more: it is small.
    std::int64_t const margin = 2 * static_cast<std::int64_t>(job_.load_margin);
    std::int64_t const around = margin * (std::max(job_.source_width, job_.source_height) + margin);
    std::int64_t const pixels = window_pixels + std::min(around, 2 * window_pixels + margin);
    return float_bytes * job_.load_planes * pixels + job_.open_bytes;
}

std::int64_t MemoryModel::sink_bytes(ChunkShape const& shape, StripLoad const& load) const
{
    std::int64_t const output = job_.planes * output_bytes(job_);
    bool const is_cut = job_.rows_wait && shape.columns < job_.width;
    std::int64_t const waiting = is_cut ? job_.ranks_of_sink * shape.rows * job_.width * output : 0;
    if (job_.ranks_of_sink > 1) {
        // Packed rows of this rank; of all ranks as they arrive and one by one; a strip.
        return waiting + load.strip_pixels * output * (2 + 2 * std::int64_t{job_.ranks_of_sink});
    }
    return waiting + load.strip_pixels * (job_.planes * narrow_coverage_bytes + alpha_bytes);
}

std::int64_t MemoryModel::window_overhead(StripLoad const& load) const
{
    std::int64_t const spacing = std::max(job_.map_spacing, 1);
    std::int64_t const around = std::min(load.largest_part + 1, job_.width + job_.height);
    std::int64_t const nodes = load.largest_part / spacing / spacing + 2 * around / spacing + 4;
    return window_overhead_bytes + node_bytes * nodes;
}

std::int64_t MemoryModel::team_bytes() const
{
    if (job_.ranks == 1) {
        return 0;
    }
    return collective_bytes + (job_.route == Route::push ? message_bytes : 0);
}

std::int64_t MemoryModel::peak_bytes(ChunkShape const& shape, StripLoad const& load) const
{
    std::int64_t const depth = job_.running_mean ? 1 : std::max<std::int64_t>(job_.depth, 1);
    std::int64_t const stack =
        std::max(depth * job_.planes * stacked_bytes * block_pixels / 8, job_.worker_scratch);
    std::int64_t const reading =
        std::min<std::int64_t>(shape.workers, load.sources) * load_bytes(load.largest_window);
    std::int64_t const combining = shape.workers * stack;
    // The next batch of a mean is read while the last one is added.
    bool const at_once = job_.running_mean && job_.route == Route::pull && shape.workers > 1;
    // While the first strip of a rank is made, no other is held.
    StripLoad first = load;
    first.pair_pixels = load.strip_pixels;
    first.window_pixels = load.first_window_pixels;
    StripLoad later = load;
    later.window_pixels = load.later_window_pixels;
    std::int64_t const pixels = std::max(strip_bytes(shape, first) + window_bytes(shape, first),
                                         strip_bytes(shape, later) + window_bytes(shape, later));
    return pixels + sink_bytes(shape, load) +
           (at_once ? reading + combining : std::max(reading, combining)) +
           shape.workers * worker_bytes + windows_in_use(shape, load) * window_overhead(load) +
           phase_bytes + team_bytes() + job_.held_bytes;
}

std::int64_t MemoryModel::strip_bytes(ChunkShape const& shape) const
{
    return strip_bytes(shape, load(shape));
}

std::int64_t MemoryModel::window_bytes(ChunkShape const& shape) const
{
    return window_bytes(shape, load(shape));
}

std::int64_t MemoryModel::load_bytes(ChunkShape const& shape) const
{
    return load_bytes(load(shape).largest_window);
}

std::int64_t MemoryModel::sink_bytes(ChunkShape const& shape) const
{
    return sink_bytes(shape, load(shape));
}

std::int64_t MemoryModel::peak_bytes(ChunkShape const& shape) const
{
    return peak_bytes(shape, load(shape));
}

std::int64_t MemoryModel::pieces_bytes(int workers, std::int64_t rows) const
{
    std::int64_t const window = window_pixels(job_, rows, job_.width);
    return workers * (window * job_.source_planes * float_bytes + load_bytes(window) +
                      job_.worker_scratch + worker_bytes + window_overhead_bytes) +
           job_.held_bytes;
}

std::int64_t MemoryModel::source_bytes() const
{
    std::int64_t const pixel =
        job_.stored_bytes > 0 ? job_.stored_bytes : job_.source_planes * float_bytes;
    return job_.sources * pixel * job_.source_width * job_.source_height;
}

std::int64_t MemoryModel::io_bytes(ChunkShape const& shape) const
{
    std::int64_t const pixel =
        job_.stored_bytes > 0 ? job_.stored_bytes : job_.source_planes * float_bytes;
    return load(shape).read_pixels * pixel +
           job_.width * job_.height * (job_.planes * output_bytes(job_) + alpha_bytes);
}
}  // namespace sectile::plan
