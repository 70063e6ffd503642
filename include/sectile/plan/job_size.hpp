// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <vector>

#include "sectile/core/box.hpp"

namespace sectile::plan
{
/// How samples reach the owner of a strip. Both give the same bytes.
enum class Route : std::uint8_t
{
    pull,  ///< the owner reads the windows that it needs
    push   ///< the home rank of a source resamples it and sends the samples
};

/// Where one source falls.
struct SourcePlace
{
    core::Box footprint;     ///< destination pixels it may touch
    std::int64_t width = 0;  ///< of the source, in its own pixels
    std::int64_t height = 0;
    double row_spread = 1.0;    ///< source pixels per destination pixel along the same axis
    double cross_spread = 0.0;  ///< and along the other axis: 0 for an upright source
    int home = 0;               ///< push route: the rank that holds it
};

/// Where the sources of a job fall and which rows each rank makes, once that is known. Then strips
/// are counted as they will be instead of being estimated.
struct JobPlaces
{
    core::Box canvas;
    std::vector<SourcePlace> sources;
    std::vector<core::Box> bands;  ///< rows of each rank of the team (decompose_canvas)
    int rank = -1;                 ///< whose peak is predicted; -1: of the one that holds most
};

/// Real sizes of the phase that is planned for.
struct JobSize
{
    std::int64_t width = 0;  ///< destination pixels
    std::int64_t height = 0;
    int planes = 1;
    std::int64_t source_width = 0;  ///< largest source
    std::int64_t source_height = 0;
    /// Float planes held per source pixel (science, and weight, coverage if any).
    int source_planes = 1;
    std::int64_t sources = 0;
    std::int64_t depth = 0;       ///< most sources over one destination pixel
    bool running_mean = true;     ///< sums instead of stacks
    bool rejection_maps = false;  ///< strips have two more float planes for each of theirs
    double row_spread = 1.0;      ///< source pixels per destination pixel along the same axis
    double cross_spread = 0.0;    ///< and along the other axis: 0 for an upright source
    /// Bytes that each worker needs to combine (Backend::scratch_bytes); 0: the planner's estimate.
    std::int64_t worker_scratch = 0;
    int load_planes = 0;          ///< float planes held while a window is read: 1 for a mosaic
    int load_margin = 0;          ///< source pixels by which these reach beyond it on each side
    std::int64_t open_bytes = 0;  ///< held while a source is open: an unpacked .gz file
    int ranks_of_sink = 1;        ///< whose rows pass through one rank on their way to the file
    bool rows_wait = false;       ///< rows that strips cut wait in the sink until they are whole
    std::int64_t held_bytes = 0;  ///< what the phase holds besides, whatever its chunks

    Route route = Route::pull;
    /// Floats of one sample that is sent (push) or kept in a scratch file: value, weight, coverage
    /// and, where asked for, noise and excess of every plane; 0: all five.
    int sample_planes = 0;
    int ranks = 1;               ///< of the team that shares the destination
    std::int64_t band_rows = 0;  ///< rows of the tallest band of a rank; 0: an even share
    std::int64_t stored_bytes =
        0;                   ///< of a source pixel with all its planes in its files; 0: as held
    int kernel_margin = 6;   ///< source pixels around a position (compute::kernel_margin)
    int map_spacing = 64;    ///< destination pixels between nodes of the coordinate maps
    int row_alignment = 64;  ///< rows that strips are multiples of: chunks of the file
    bool can_spill = false;  ///< stacks may go through a scratch file
    JobPlaces places;        ///< empty: not known
};
}  // namespace sectile::plan
