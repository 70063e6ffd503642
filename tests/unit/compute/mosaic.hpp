// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "sectile/image/bayer.hpp"

#include "scene.hpp"

/// Raw planes and colour mosaics that are functions of the pixel.
namespace sectile::compute::testing
{
inline constexpr image::BayerPattern all_patterns[] = {
    image::BayerPattern::rggb, image::BayerPattern::bggr, image::BayerPattern::grbg,
    image::BayerPattern::gbrg};

/// pixel(x, y) over the box.
template <class Function>
image::Image<float> raw_of(core::Box const& box, Function const& pixel)
{
    image::Image<float> raw(box, 1);
    for (std::int64_t y = box.y0; y < box.y1; ++y) {
        for (std::int64_t x = box.x0; x < box.x1; ++x) {
            raw.view().at(0, x, y) = static_cast<float>(pixel(x, y));
        }
    }
    return raw;
}

/// colour(plane, x, y) through the filters of the mosaic.
template <class Function>
image::Image<float> mosaic_of(image::BayerPattern pattern, core::Box const& box,
                              Function const& colour)
{
    return raw_of(box, [&](std::int64_t x, std::int64_t y) {
        return colour(image::bayer_plane(pattern, x, y), x, y);
    });
}

/// The same number for a pixel in any window.
inline double noisy(std::int64_t x, std::int64_t y)
{
    return 100.0 * uniform(pixel_seed(1, 0, x, y));
}

inline double noisy_with_holes(std::int64_t x, std::int64_t y)
{
    bool const is_masked = uniform(pixel_seed(2, 0, x, y)) < 0.03;
    return is_masked ? NAN : noisy(x, y);
}
}  // namespace sectile::compute::testing
