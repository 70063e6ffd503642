// SPDX-License-Identifier: BSD-3-Clause
#include "ingest/apertures.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <limits>

#include "sectile/core/robust.hpp"

namespace sectile::ingest
{
namespace
{
constexpr double nan = std::numeric_limits<double>::quiet_NaN();

core::Box around(double x, double y, double radius)
{
    return {static_cast<std::int64_t>(std::floor(x - radius)),
            static_cast<std::int64_t>(std::floor(y - radius)),
            static_cast<std::int64_t>(std::ceil(x + radius)) + 1,
            static_cast<std::int64_t>(std::ceil(y + radius)) + 1};
}

/// Share of the pixel at (dx, dy) from the centre, `distance` away, that lies within the circle.
double covered(double dx, double dy, double distance, double radius)
{
    constexpr int raster = 5;
    constexpr double half_diagonal = 0.71;
    if (distance < radius - half_diagonal) {
        return 1.0;
    }
    if (distance > radius + half_diagonal) {
        return 0.0;
    }
    int inside = 0;
    for (int j = 0; j < raster; ++j) {
        for (int i = 0; i < raster; ++i) {
            double const px = dx + (i + 0.5) / raster - 0.5;
            double const py = dy + (j + 0.5) / raster - 0.5;
            inside += px * px + py * py <= radius * radius ? 1 : 0;
        }
    }
    return static_cast<double>(inside) / (raster * raster);
}
}  // namespace

Apertures::Apertures(image::ImageView<float const> view, double fwhm) : view_(view)
{
    constexpr double least = 1.3;  // FWHM
    // Colours that were interpolated are not known on a finer scale.
    first_ = view.planes > 1 ? 1 : 0;
    while (first_ + plan::FrameStar::circles < plan::aperture_steps &&
           plan::aperture_radius(first_) < least * fwhm) {
        ++first_;
    }
}

double Apertures::ring_level(int plane, double x, double y, double radius)
{
    constexpr std::size_t least_pixels = 20;
    constexpr double widest = 12.0;  // pixels: enough for a median
    double const inner = 1.25 * radius + 2.0;
    double const outer = inner + std::min(0.75 * radius + 2.0, widest);
    ring_.clear();
    core::Box const box = around(x, y, outer).clipped_to(view_.box);
    for (std::int64_t j = box.y0; j < box.y1; ++j) {
        for (std::int64_t i = box.x0; i < box.x1; ++i) {
            double const dx = static_cast<double>(i) - x;
            double const dy = static_cast<double>(j) - y;
            double const square = dx * dx + dy * dy;
            float const value = view_.at(plane, i, j);
            if (square >= inner * inner && square <= outer * outer && !std::isnan(value)) {
                ring_.push_back(value);
            }
        }
    }
    return ring_.size() < least_pixels ? nan : core::median_in_place(ring_);
}

void Apertures::measure(plan::FrameStar& star, int planes, int circles)
{
    double const x = star.x;
    double const y = star.y;
    std::array<double, plan::FrameStar::circles> radii{};
    for (int k = 0; k < circles; ++k) {
        radii[static_cast<std::size_t>(k)] = plan::aperture_radius(first_ + k);
    }
    auto const largest = static_cast<std::size_t>(circles) - 1;
    for (int plane = 0; plane < planes; ++plane) {
        std::array<double, plan::FrameStar::circles> sky{};
        std::array<double, plan::FrameStar::circles> sums{};
        for (std::size_t k = 0; k <= largest; ++k) {
            core::Box const box = around(x, y, radii[k]);
            bool const is_inside = box.clipped_to(view_.box) == box;
            sky[k] = is_inside ? ring_level(plane, x, y, radii[k]) : nan;
        }
        core::Box const box = around(x, y, radii[largest]).clipped_to(view_.box);
        for (std::int64_t j = box.y0; j < box.y1; ++j) {
            for (std::int64_t i = box.x0; i < box.x1; ++i) {
                double const value = view_.at(plane, i, j);
                double const dx = static_cast<double>(i) - x;
                double const dy = static_cast<double>(j) - y;
                double const distance = std::sqrt(dx * dx + dy * dy);
                for (std::size_t k = 0; k <= largest; ++k) {
                    double const part = covered(dx, dy, distance, radii[k]);
                    if (part > 0.0) {
                        sums[k] += part * (value - sky[k]);
                    }
                }
            }
        }
        for (std::size_t k = 0; k <= largest; ++k) {
            star.flux[k][static_cast<std::size_t>(plane)] = static_cast<float>(sums[k]);
        }
    }
}
}  // namespace sectile::ingest
