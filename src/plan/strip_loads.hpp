// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>

#include "sectile/plan/job_size.hpp"

/// What the sources of a job put on strips. Private to the layer.
namespace sectile::plan
{
/// The most that any strip of one shape has to do with, and what all of them read together.
struct StripLoad
{
    std::int64_t strip_pixels = 0;         ///< destination pixels
    std::int64_t pair_pixels = 0;          ///< of two strips, as far as a rank has two
    std::int64_t sources = 0;              ///< that touch it
    std::int64_t window_pixels = 0;        ///< source pixels of all its windows
    std::int64_t first_window_pixels = 0;  ///< of a rank's first strip, before which there is none
    std::int64_t later_window_pixels = 0;  ///< of those that follow
    std::int64_t largest_window = 0;       ///< source pixels
    std::int64_t largest_part = 0;         ///< destination pixels that one source may touch in it
    std::int64_t samples = 0;              ///< destination pixels, once for each source
    /// Push route: samples that a rank holds at once: those that arrived for the strip being made,
    /// and those that leave and arrive for the next one.
    std::int64_t exchanged = 0;
    std::int64_t windows = 0;      ///< of all strips of the team
    std::int64_t read_pixels = 0;  ///< in all of these
};

/// Strips of `rows` x `columns` pixels, smaller at the ends of bands and rows. Counted strip by
/// strip where the places of the sources are known (of rank `rank`; -1: of all ranks), else
/// estimated from depth and extents, from above. Pure.
[[nodiscard]] StripLoad load_of_strips(JobSize const& job, std::int64_t rows, std::int64_t columns,
                                       int rank);

/// Rows of the tallest band of the team.
[[nodiscard]] std::int64_t tallest_band(JobSize const& job);

/// Source pixels of the window under rows x columns destination pixels anywhere.
[[nodiscard]] std::int64_t window_pixels(JobSize const& job, std::int64_t rows,
                                         std::int64_t columns);
}  // namespace sectile::plan
