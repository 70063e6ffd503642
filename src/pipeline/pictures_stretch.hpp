// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <vector>

#include "pipeline/pictures_area.hpp"

namespace sectile::pipeline
{
/// Sky of one channel.
struct SkyLevel
{
    double level = 0.0;
    double sigma = 0.0;
};

/// Median and noise of the sky among `values` (reordered): clipped (2 sigma above, 3 below) until
/// stable. Sigma is the scaled median deviation of the values below the median only, which nebulae
/// and stars do not widen. Zero for no values.
[[nodiscard]] SkyLevel measure_sky(std::vector<float>& values);

/// How brightness becomes a display value. All levels are relative to the sky of each channel.
struct Stretch
{
    std::vector<double> sky;  ///< of each channel shown; subtracted, so that the sky is neutral
    /// Factor of each channel that makes the typical star white: raw colour sensors see more green.
    std::vector<double> balance;
    double black = 0.0;      ///< brightness shown as 0, below the sky by some noise
    double white = 1.0;      ///< brightness shown as 1
    double softening = 1.0;  ///< brightness where the curve turns from linear to logarithmic

    /// Display value 0 to 1 of a brightness: asinh((b - black) / softening), scaled to 1 at white.
    [[nodiscard]] double operator()(double brightness) const;
};

/// Stretch of the first 1 or 3 planes of a picture, from the picture itself: see the constants in
/// the source.
[[nodiscard]] Stretch choose_stretch(AreaMean const& picture);

/// The picture as RGBA. Colours keep their ratios: one factor, that of the mean of the channels,
/// scales all three, and colours brighter than white are scaled down together (Lupton et al. 2004,
/// PASP 116, 133), so that bright stars are not bleached. Alpha is the valid fraction of the pixel.
[[nodiscard]] image::Image<std::uint8_t> stretched(AreaMean const& picture, Stretch const& stretch);
}  // namespace sectile::pipeline
