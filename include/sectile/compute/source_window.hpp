// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <variant>

#include "sectile/compute/recipe.hpp"
#include "sectile/core/box.hpp"
#include "sectile/core/ids.hpp"
#include "sectile/image/grid_map.hpp"
#include "sectile/image/image.hpp"
#include "sectile/image/noise_covariance.hpp"

namespace sectile::compute
{
/// Photometric correction of one plane of one source: v' = gain * v + offset + slope_x * (x -
/// x_ref) + slope_y * (y - y_ref), x and y in destination pixels. Applied after resampling (which
/// is linear).
struct Photometry
{
    double gain = 1.0;
    double offset = 0.0;
    double slope_x = 0.0;
    double slope_y = 0.0;
    double x_ref = 0.0;
    double y_ref = 0.0;
};

/// Pixels of a source as the engine holds them while it resamples: the part of a frame or tile that
/// a strip needs. NaN is the mask. `science.box` reaches at least kernel_margin(kernel) pixels
/// beyond what the map asks for; the part outside `frame` is filled with NaN, so that a kernel
/// never needs a bounds check inside the positions that clamp to the box.
struct SourceWindow
{
    core::SourceId id;
    image::ImageView<float const> science;  ///< C planes, source pixels
    /// Inverse variance per pixel, same box, 1 or C planes; empty: 1 everywhere. 0 or NaN masks the
    /// samples whose nearest pixel it is; a pixel that must not enter its neighbours' samples is
    /// NaN in `science` too. Interpolated bilinearly where all four pixels are positive, else the
    /// nearest.
    image::ImageView<float const> weight;
    /// Number of frames behind each pixel, whole numbers, same box, 1 or C planes; empty: 1
    /// everywhere.
    image::ImageView<float const> coverage;
    /// Factor of the weight that is no part of the noise (0 to 1), same box, 1 plane; empty: 1.
    /// Interpolated bilinearly, 0 outside the frame: positive where its nearest pixel is.
    image::ImageView<float const> alpha;
    core::Box frame;                         ///< bounds of the whole source image
    image::GridMap const* map = nullptr;     ///< destination pixel to source pixel
    core::Box footprint;                     ///< destination pixels this source may touch
    std::span<Photometry const> photometry;  ///< C entries
    std::span<double const> weight_scale;    ///< C entries, multiply the weight
    /// C entries: noise sigma of one sample after photometry (before the area of flux
    /// conservation), 0 when unknown. Where it is 0 and there is a weight plane, the noise of a
    /// sample is |gain| / sqrt(weight plane).
    std::span<double const> noise_sigma;
    /// C entries, of the noise that the weight stands for; empty: pixels are independent.
    std::span<image::NoiseCovariance const> noise_covariance{};

    [[nodiscard]] image::NoiseCovariance covariance_of(int plane) const
    {
        return noise_covariance.empty() ? image::NoiseCovariance{}
                                        : noise_covariance[static_cast<std::size_t>(plane)];
    }
};

/// Samples of a source that were resampled elsewhere (push route) or need no resampling: same
/// values a SourceWindow would give. weight 0 marks a missing sample; its value is 0.
struct SampleBlock
{
    core::SourceId id;
    core::Box box;                         ///< destination pixels
    image::ImageView<float const> value;   ///< C planes, photometry applied
    image::ImageView<float const> weight;  ///< C planes, everything applied
    image::ImageView<float const>
        coverage;  ///< C planes, frames behind the sample; empty: 1 where weight > 0
    std::span<double const> noise_sigma;  ///< C entries, 0 when unknown
    /// C planes, noise sigma of each sample, 0 when unknown; empty: noise_sigma. Needed for the
    /// bytes of the pull route where has_varying_noise() says so.
    image::ImageView<float const> sigma{};
    /// C planes, weight times variance of each sample; empty: 1. Asked for with
    /// OutputWeight::inverse_variance.
    image::ImageView<float const> excess{};
};

/// Whether the noise sigma of this source's samples differs from pixel to pixel and is asked for by
/// `recipe`: then SampleOutput::sigma must travel with its samples.
[[nodiscard]] inline bool has_varying_noise(SourceWindow const& source, CoaddRecipe const& recipe)
{
    bool const is_from_plane =
        !source.weight.empty() && std::any_of(source.noise_sigma.begin(), source.noise_sigma.end(),
                                              [](double sigma) { return !(sigma > 0.0); });
    return recipe.combine.rejection != Rejection::none &&
           (is_from_plane || recipe.resample.flux_mode == FluxMode::flux);
}

using StripSource = std::variant<SourceWindow, SampleBlock>;
}  // namespace sectile::compute
