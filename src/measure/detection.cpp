// SPDX-License-Identifier: BSD-3-Clause
#include "measure/detection.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include "sectile/core/robust.hpp"

#include "measure/sky_model.hpp"

namespace sectile::measure
{
std::vector<float> detection_kernel()
{
    std::vector<float> kernel;
    constexpr int half = kernel_side / 2;
    constexpr double sigma = usual_fwhm / fwhm_per_sigma;
    for (int y = -half; y <= half; ++y) {
        for (int x = -half; x <= half; ++x) {
            kernel.push_back(
                static_cast<float>(std::exp(-0.5 * (x * x + y * y) / (sigma * sigma))));
        }
    }
    float const sum = std::accumulate(kernel.begin(), kernel.end(), 0.0F);
    std::transform(kernel.begin(), kernel.end(), kernel.begin(),
                   [sum](float k) { return k / sum; });
    return kernel;
}

double detection_noise(WorkingPlane const& plane, SkyModel const& sky,
                       std::vector<float> const& kernel)
{
    float brightest = 0.0F;
    for (int y = 0; y < plane.height(); ++y) {
        brightest =
            std::max(brightest, *std::max_element(plane.row(y), plane.row(y) + plane.width()));
    }
    double const gradient =
        std::abs(sky.gradient_x) * plane.width() + std::abs(sky.gradient_y) * plane.height();
    double const noise = filtered_noise_of(plane, kernel, kernel_side);
    return std::max({std::isfinite(noise) ? noise : sky.noise_sigma, 1e-5 * brightest,
                     1e-6 * (std::abs(sky.level) + gradient)});
}

bool is_hot_pixel(WorkingPlane const& plane, int x, int y)
{
    constexpr double sharpest = 0.15;
    double sum = 0.0;
    int count = 0;
    for (auto const& [dx, dy] : {std::pair{-1, 0}, {1, 0}, {0, -1}, {0, 1}}) {
        int const ix = x + dx;
        int const iy = y + dy;
        if (ix >= 0 && iy >= 0 && ix < plane.width() && iy < plane.height() &&
            plane.mark(iy)[ix] != masked) {
            sum += plane.row(iy)[ix];
            ++count;
        }
    }
    return count == 0 || sum < sharpest * count * plane.row(y)[x];
}

bool stands_out(WorkingPlane const& plane, double x, double y, double fwhm, double noise)
{
    constexpr double core_radius = 0.75;  // FWHM: where signal over noise is best
    constexpr double ring_inner = 2.0;
    constexpr double ring_outer = 3.2;
    constexpr double widest_ring = 60.0;    // pixels
    constexpr std::size_t least_ring = 12;  // pixels
    constexpr double least_significance = 4.0;
    double const outer = std::min(ring_outer * fwhm + 1.0, widest_ring);
    double const inner = outer * ring_inner / ring_outer;
    double const radius = std::max(1.0, core_radius * fwhm);
    int const x0 = std::max(0, static_cast<int>(std::floor(x - outer)));
    int const y0 = std::max(0, static_cast<int>(std::floor(y - outer)));
    int const x1 = std::min(plane.width() - 1, static_cast<int>(std::ceil(x + outer)));
    int const y1 = std::min(plane.height() - 1, static_cast<int>(std::ceil(y + outer)));
    std::vector<float> ring;
    double sum = 0.0;
    double count = 0.0;
    for (int iy = y0; iy <= y1; ++iy) {
        for (int ix = x0; ix <= x1; ++ix) {
            if (plane.mark(iy)[ix] == masked) {
                continue;
            }
            double const square = (ix - x) * (ix - x) + (iy - y) * (iy - y);
            if (square <= radius * radius) {
                sum += plane.row(iy)[ix];
                count += 1.0;
            } else if (square >= inner * inner && square <= outer * outer) {
                ring.push_back(plane.row(iy)[ix]);
            }
        }
    }
    if (ring.size() < least_ring || count == 0.0) {
        return true;  // nothing to compare it with
    }
    double const sigma =
        noise * std::sqrt(count * (1.0 + count / static_cast<double>(ring.size())));
    return sum - count * core::median_in_place(ring) >= least_significance * sigma;
}
}  // namespace sectile::measure
