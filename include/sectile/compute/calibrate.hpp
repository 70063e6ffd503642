// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <vector>

#include "sectile/image/bayer.hpp"
#include "sectile/image/image.hpp"

/// What dark, flat and bad-pixel frames do to raw pixels, before anything else. Pixel by pixel, so
/// any window gives what the frame gives. Thread-safe.
namespace sectile::compute
{
/// Typical value of a flat per colour (of a Bayer frame) or per plane; NaN where a colour has no
/// valid pixel.
struct FlatLevel
{
    std::vector<double> levels;
};

/// Robust mean of the flat per colour: of the valid pixels above 0 within 3 sigma (1.4826 times
/// the median absolute deviation) of their median, so that dead columns and dust do not shift the
/// scale while vignetting stays within. `pattern` none: per plane. Needs memory for the pixels of
/// one plane. Throws std::bad_alloc.
[[nodiscard]] FlatLevel flat_level(image::ImageView<float const> flat, image::BayerPattern pattern);

/// Master frames; a view without data means none. Each has one plane or as many as the frame and
/// holds all pixels of its box.
struct CalibrationMasters
{
    image::ImageView<float const> dark;
    image::ImageView<float const> flat;
    FlatLevel flat_level;                      ///< of the whole flat; ignored without a flat
    image::ImageView<float const> bad_pixels;  ///< bad where not zero (NaN too)
};

/// raw = (raw - dark) * level / flat, in place. NaN where the pixel is bad, where raw or dark is
/// not finite, where the flat is not finite or not above 0, or where the level of its colour is
/// unknown. `pattern` none: levels are per plane. Throws core::InternalError when a master does not
/// cover raw.box or has another number of planes.
void calibrate(image::ImageView<float> raw, image::BayerPattern pattern,
               CalibrationMasters const& masters);
}  // namespace sectile::compute
