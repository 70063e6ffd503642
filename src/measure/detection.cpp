// SPDX-License-Identifier: BSD-3-Clause
#include "measure/detection.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

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
}  // namespace sectile::measure
