// SPDX-License-Identifier: BSD-3-Clause
#include "source/weight_planes.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "sectile/compute/debayer.hpp"

namespace sectile::source
{
namespace
{
bool is_usable(double weight)
{
    return weight > 0.0 && weight <= static_cast<double>(std::numeric_limits<float>::max());
}
}  // namespace

void to_inverse_variance(image::ImageView<float> weight, WeightType type, double scale)
{
    for (int plane = 0; plane < weight.planes; ++plane) {
        for (std::int64_t y = weight.box.y0; y < weight.box.y1; ++y) {
            float* const row = weight.row(plane, y);
            for (std::int64_t i = 0; i < weight.box.width(); ++i) {
                double const value = row[i];
                double inverse = value;
                if (type == WeightType::map_rms || type == WeightType::map_variance) {
                    inverse = type == WeightType::map_rms ? 1.0 / (value * value) : 1.0 / value;
                }
                // A negative rms is no rms: some programs mark bad pixels so.
                double const scaled = scale * inverse;
                row[i] = value > 0.0F && is_usable(scaled) ? static_cast<float>(scaled) : 0.0F;
            }
        }
    }
}

void mask_weightless(image::ImageView<float const> weight, image::ImageView<float> science)
{
    for (int plane = 0; plane < science.planes; ++plane) {
        for (std::int64_t y = science.box.y0; y < science.box.y1; ++y) {
            float const* const from = weight.row(weight.planes == 1 ? 0 : plane, y);
            float* const row = science.row(plane, y);
            for (std::int64_t i = 0; i < science.box.width(); ++i) {
                row[i] = from[i] > 0.0F ? row[i] : std::numeric_limits<float>::quiet_NaN();
            }
        }
    }
}

void drop_masked(image::ImageView<float const> science, image::ImageView<float> weight)
{
    for (int plane = 0; plane < weight.planes; ++plane) {
        int const last = weight.planes == 1 ? science.planes : plane + 1;
        for (std::int64_t y = weight.box.y0; y < weight.box.y1; ++y) {
            float* const row = weight.row(plane, y);
            for (std::int64_t i = 0; i < weight.box.width(); ++i) {
                bool is_valid = false;
                for (int k = plane; k < last; ++k) {
                    is_valid = is_valid || std::isfinite(science.row(k, y)[i]);
                }
                row[i] = is_valid ? row[i] : 0.0F;
            }
        }
    }
}

void weigh_superpixels(image::BayerPattern pattern, image::ImageView<float const> raw,
                       image::ImageView<float> out)
{
    core::Box const whole = compute::debayered_box_of(compute::DebayerMethod::superpixel, raw.box);
    for (std::int64_t y = out.box.y0; y < out.box.y1; ++y) {
        for (std::int64_t x = out.box.x0; x < out.box.x1; ++x) {
            std::array<double, 3> variance{};
            std::array<double, 3> samples{};
            for (int k = 0; k < 4 && whole.contains(x, y); ++k) {
                std::int64_t const rx = 2 * x + k % 2;
                std::int64_t const ry = 2 * y + k / 2;
                float const weight = raw.at(0, rx, ry);
                if (weight > 0.0F) {
                    auto const plane =
                        static_cast<std::size_t>(image::bayer_plane(pattern, rx, ry));
                    variance[plane] += 1.0 / static_cast<double>(weight);
                    samples[plane] += 1.0;
                }
            }
            for (std::size_t c = 0; c < 3; ++c) {
                double const weight =
                    samples[c] > 0.0 ? samples[c] * samples[c] / variance[c] : 0.0;
                out.at(static_cast<int>(c), x, y) = static_cast<float>(weight);
            }
        }
    }
}
}  // namespace sectile::source
