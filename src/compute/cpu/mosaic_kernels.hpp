// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <vector>

/// The hot loops over raw pixels. Compiled once per instruction set from mosaic_kernels.inc, with
/// the same bits in all of them, as the row kernels of the backend are.
namespace sectile::compute
{
/// Five neighbouring raw rows, y-2 to y+2, taken apart into every other pixel, so that pixels of
/// one colour are neighbours in memory: even[r][i] is pixel x0 + 2i, odd[r][i] is x0 + 2i + 1, both
/// readable for i = -1 ... pairs.
struct VngRows
{
    float const* even[5];
    float const* odd[5];
    int pairs;            ///< (count + 1) / 2
    int count;            ///< pixels to write
    bool is_green_first;  ///< pixel x0 of the middle row has a green filter
    float* own;           ///< output: the colour of the row's red or blue filters,
    float* green;
    float* other;  ///< the third colour
};

/// The three colours of one pixel, in the order of VngRows.
struct VngColours
{
    float own;
    float green;
    float other;
};

struct MosaicKernels
{
    char const* name;
    /// Variable number of gradients for a row; pixels with a masked sample within 2 pixels get
    /// some value.
    void (*vng_row)(VngRows const& rows);
    /// excess[i] = middle[i] - the lower median of its eight neighbours at distance 2; `upper` and
    /// `lower` are the rows at distance 2. All readable for i = -2 ... count + 1. Returns whether
    /// any excess is above `cut`.
    bool (*ring_excess)(float const* upper, float const* middle, float const* lower, int count,
                        float cut, float* excess);
};

/// The fastest variant this processor can run.
[[nodiscard]] MosaicKernels const& best_mosaic_kernels();
/// All variants this processor can run, the portable one first.
[[nodiscard]] std::vector<MosaicKernels const*> usable_mosaic_kernels();
}  // namespace sectile::compute
