// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <vector>

#include "sectile/measure/measure_stars.hpp"

#include "measure/sep_plane.hpp"

namespace sectile::measure
{
/// Pixels along a cell of the sky mesh on an axis of `length`: about `wanted`, or less so that a
/// small plane has three cells, but not so small that a star fills one; the last cell is no sliver.
[[nodiscard]] int mesh_for(int length, int width, int height, int wanted);

/// Level (at the plane's centre) and gradient from the cells that were measured. Noise and
/// reference position are left unknown.
[[nodiscard]] SkyModel fit_sky(WorkingPlane const& plane, sep_bkg const& background);

/// Noise of a pixel of a sky-subtracted plane from differences of pixels that are marked neither
/// masked nor in_star: their rms, clipped at 3 sigma until it settles and corrected for the
/// clipping. Differences are blind to what is left of the sky; they are taken over some pixels
/// because neighbours share noise in debayered and resampled planes; an rms, unlike a median, is
/// not quantised by whole-numbered pixels. `start` is a first guess, if known. NaN when there are
/// too few.
[[nodiscard]] double noise_of(WorkingPlane const& plane, double start = unknown);

/// The same for the plane filtered by side x side weights of sum 1, from every few rows. Where
/// neighbours share noise it is more than the weights alone would say.
[[nodiscard]] double filtered_noise_of(WorkingPlane const& plane, std::vector<float> const& kernel,
                                       int side);

/// What is left of the sky in a sky-subtracted plane whose stars are marked: a robust plane through
/// clipped means of the unmarked pixels of each cell. It takes out what wings of stars and
/// whole-numbered pixels did to SEP's modes. Level at the plane's centre; zeros when too few cells
/// are clear of stars.
[[nodiscard]] SkyModel leftover_sky(WorkingPlane const& plane, sep_bkg const& background,
                                    double noise_sigma);
}  // namespace sectile::measure
