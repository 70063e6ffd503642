// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace sectile::solve
{
/// The flux of one star in one image, as logarithm.
struct FluxMeasurement
{
    std::uint32_t image = 0;
    std::uint32_t star = 0;
    double log_flux = 0.0;  ///< natural logarithm
    double sigma = 0.0;     ///< of the logarithm, from the noise of the pixels
};

/// Factors that bring the fluxes of all images to those of the reference.
struct GainSolution
{
    std::vector<double> log_gain;    ///< natural logarithm, to be added; NaN without common stars
    std::vector<double> sigma;       ///< its standard error relative to the reference
    std::vector<std::size_t> stars;  ///< that tell it
    double scatter = 0.0;  ///< of the logarithms beyond the noise, the same for all measurements
};

/// Relative gains of images from stars that two or more of them show (METHODS.md, section 6.3):
/// log flux = log f_star - gain_image, by alternating weighted means, the residuals taken against
/// the other images' mean of a star and weighed by Tukey's biweight (Beaton & Tukey 1974, c =
/// 4.685), starting from medians. The scatter of stars beyond their noise is found on the way. Only
/// images that hang together with the reference get a gain. Pure, deterministic.
[[nodiscard]] GainSolution solve_gains(std::size_t images, std::size_t reference,
                                       std::span<FluxMeasurement const> measurements);
}  // namespace sectile::solve
