// SPDX-License-Identifier: BSD-3-Clause
#include "sectile/ingest/saturation.hpp"

#include <algorithm>
#include <cmath>
#include <span>

namespace sectile::ingest
{
namespace
{
/// Of the range of integers, below its end: converters and cameras clip a little earlier.
constexpr double share_of_range = 1.0 / 128.0;
/// Pixels of one value that a clipped star has at least, and how far it is above the darkest: not a
/// frame of a few values.
constexpr std::int64_t many_pixels = 10;
constexpr float least_contrast = 1000.0F;

double end_of_range(sky::FrameGeometry const& geometry)
{
    if (geometry.bits_per_pixel <= 0) {
        return std::numeric_limits<double>::quiet_NaN();
    }
    double const numbers = std::ldexp(1.0, geometry.bits_per_pixel);
    // Bytes are stored without a sign, all other integers with one.
    double const first = geometry.bits_per_pixel == 8 ? 0.0 : -0.5 * numbers;
    double const last = first + numbers - 1.0;
    double const highest =
        geometry.value_zero + std::max(geometry.value_scale * first, geometry.value_scale * last);
    return highest - share_of_range * std::abs(geometry.value_scale) * numbers;
}
}  // namespace

SaturationLevel::SaturationLevel(sky::FrameHeader const& header)
    : stated_(header.facts.saturation), end_of_range_(end_of_range(header.geometry))
{}

void SaturationLevel::add(image::ImageView<float const> pixels)
{
    auto const width = static_cast<std::size_t>(pixels.box.width());
    for (int plane = 0; plane < pixels.planes; ++plane) {
        for (std::int64_t y = pixels.box.y0; y < pixels.box.y1; ++y) {
            for (float const value : std::span(pixels.row(plane, y), width)) {
                lowest_ = value < lowest_ ? value : lowest_;
                brightest_ = value > highest_ ? 1 : brightest_ + (value == highest_ ? 1 : 0);
                highest_ = value > highest_ ? value : highest_;
            }
        }
    }
}

double SaturationLevel::value() const
{
    if (stated_) {
        return *stated_;
    }
    if (brightest_ >= many_pixels && highest_ > lowest_ + least_contrast) {
        // Of a number and NaN the number.
        return std::fmin(highest_, end_of_range_);
    }
    return end_of_range_;
}
}  // namespace sectile::ingest
