// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <vector>

#include "sectile/measure/measure_stars.hpp"

#include "measure/sep_plane.hpp"

namespace sectile::measure
{
inline constexpr double fwhm_per_sigma = 2.354820045;
inline constexpr double usual_fwhm = 2.5;  ///< of the filter, and where nothing is known
inline constexpr int kernel_side = 5;

/// A Gaussian of kernel_side x kernel_side weights, sum 1.
[[nodiscard]] std::vector<float> detection_kernel();

/// Noise of the filtered plane, for detection: never so small that rounding errors or the far wings
/// of noise-free stars count as stars.
[[nodiscard]] double detection_noise(WorkingPlane const& plane, SkyModel const& sky,
                                     std::vector<float> const& kernel);

/// One pixel that stands alone. In a star of 1.2 pixels FWHM its four neighbours have a mean of
/// 0.15 of it.
[[nodiscard]] bool is_hot_pixel(WorkingPlane const& plane, int x, int y);

/// Whether there is light at a place above what surrounds it, to 4 sigma of `noise` (of a pixel):
/// a peak of noise on a bright nebula, or on the skirt of a star, is none.
[[nodiscard]] bool stands_out(WorkingPlane const& plane, double x, double y, double fwhm,
                              double noise);
}  // namespace sectile::measure
