// SPDX-License-Identifier: BSD-3-Clause
#include "sectile/compute/debayer_noise.hpp"

#include <cstdint>
#include <random>
#include <span>

#include "sectile/core/memory_budget.hpp"

namespace sectile::compute
{
namespace
{
constexpr int lags = image::NoiseCovariance::lags;

/// Near normal, and the same on every machine: sums of twelve uniform numbers, variance 1.
image::Image<float> white_noise(core::Box const& box)
{
    std::mt19937 random(20);
    image::Image<float> noise(box, 1);
    for (std::int64_t y = box.y0; y < box.y1; ++y) {
        for (float& pixel : std::span(noise.view().row(0, y), box.width())) {
            double sum = 0.0;
            for (int i = 0; i < 12; ++i) {
                sum += random() * 0x1p-32;
            }
            pixel = static_cast<float>(sum - 6.0);
        }
    }
    return noise;
}

image::NoiseCovariance covariance_of(image::ImageView<float const> const& noise, int plane,
                                     core::Box const& inner)
{
    image::NoiseCovariance covariance;
    for (int dy = 0; dy < lags; ++dy) {
        for (int dx = 0; dx < lags; ++dx) {
            double sum = 0.0;
            for (std::int64_t y = inner.y0; y < inner.y1; ++y) {
                for (std::int64_t x = inner.x0; x < inner.x1; ++x) {
                    double const here = noise.at(plane, x, y);
                    // Both diagonals: a pattern may tell them apart.
                    sum += 0.5 * here *
                           (static_cast<double>(noise.at(plane, x + dx, y + dy)) +
                            static_cast<double>(noise.at(plane, x - dx, y + dy)));
                }
            }
            covariance.at[dy][dx] = sum / static_cast<double>(inner.area());
        }
    }
    return covariance;
}

void add(image::NoiseCovariance const& part, double share, image::NoiseCovariance& sum)
{
    for (int y = 0; y < lags; ++y) {
        for (int x = 0; x < lags; ++x) {
            sum.at[y][x] += share * part.at[y][x];
        }
    }
}

std::array<image::NoiseCovariance, 3> measured(DebayerMethod method)
{
    core::MemoryBudget::Promise const granted;  // 4 MB, for a moment, once
    core::Box const frame{0, 0, 500, 500};
    image::Image<float> const raw = white_noise(frame);
    image::Image<float> colours(frame, 3);
    core::Box const inner = frame.grown_by(-8);
    image::NoiseCovariance none;
    none.at[0][0] = 0.0;
    std::array<image::NoiseCovariance, 3> mean{none, none, none};
    // Each pattern reads other pixels of the same noise.
    for (image::BayerPattern const pattern :
         {image::BayerPattern::rggb, image::BayerPattern::bggr, image::BayerPattern::grbg,
          image::BayerPattern::gbrg}) {
        debayer(method, pattern, raw.view(), colours.view());
        for (int plane = 0; plane < 3; ++plane) {
            add(covariance_of(colours.view(), plane, inner), 0.25,
                mean[static_cast<std::size_t>(plane)]);
        }
    }
    return mean;
}
}  // namespace

std::array<image::NoiseCovariance, 3> debayered_noise(DebayerMethod method)
{
    switch (method) {
        case DebayerMethod::bilinear: {
            static auto const noise = measured(DebayerMethod::bilinear);
            return noise;
        }
        case DebayerMethod::vng: {
            static auto const noise = measured(DebayerMethod::vng);
            return noise;
        }
        case DebayerMethod::superpixel:
            break;
    }
    return {};
}
}  // namespace sectile::compute
