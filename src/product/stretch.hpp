// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <vector>

#include "product/area_average.hpp"

namespace sectile::product
{
/// Sky of one channel.
struct SkyLevel
{
    double level = 0.0;
    double sigma = 0.0;
};

/// Values for statistics; many.
using Samples = std::vector<float, core::BufferAllocator<float>>;

/// Median and noise of the sky among `values` (reordered): clipped (2 sigma above, 3 below) until
/// stable. Sigma is the scaled median deviation of the values below the median only, which nebulae
/// and stars do not widen. Zero for no values.
[[nodiscard]] SkyLevel measure_sky(Samples& values);

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
    /// The same before it is scaled: 0 at black.
    [[nodiscard]] double curve(double brightness) const;
};

/// Planes of a canvas that are shown: 3 or 1.
[[nodiscard]] inline int shown_planes(int planes)
{
    return planes >= 3 ? 3 : 1;
}

/// Rows of a picture that statistics are taken from: every step-th, from row `first`, `count` of
/// them; all of a picture with at most 1024 pixels on its long side. Whole pixels of the picture,
/// not of a smaller one, because averaging more would make the noise look less than it is.
struct SampledRows
{
    explicit SampledRows(core::Box const& picture);
    std::int64_t step = 1;
    std::int64_t first = 0;
    std::int64_t count = 0;
};

/// Stretch of the first 1 or 3 planes of a picture, from its pixels or a sample of them: see the
/// constants in the source. Memory: twice the values of a plane.
[[nodiscard]] Stretch choose_stretch(AreaMean const& picture);

/// The picture, or some rows of it, as RGBA. Colours keep their ratios: one factor, that of the
/// mean of the channels, scales all three, and colours brighter than white are scaled down together
/// (Lupton et al. 2004, PASP 116, 133), so that bright stars are not bleached. Alpha is the valid
/// fraction of the pixel.
[[nodiscard]] image::Image<std::uint8_t> stretched(AreaMean const& picture, Stretch const& stretch);
}  // namespace sectile::product
