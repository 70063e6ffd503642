// SPDX-License-Identifier: BSD-3-Clause
#include "compute/block_noise.hpp"

#include <cmath>
#include <limits>

#include "sectile/core/robust.hpp"

namespace sectile::compute
{
namespace
{
constexpr double nan_value = std::numeric_limits<double>::quiet_NaN();
/// Fewer differences give no sigma (30 give it to 20 %).
constexpr std::size_t fewest = 30;

double sigma_of(std::vector<float>& differences)
{
    if (differences.size() < fewest) {
        return nan_value;
    }
    double const median = core::median_in_place(differences);
    if (median > 0.0) {
        return core::sigma_of_mad / std::sqrt(2.0) * median;
    }
    // Coarse whole numbers: most differences are zero, their mean tells more than the median.
    double sum = 0.0;
    for (float const difference : differences) {
        sum += difference;
    }
    return sum / static_cast<double>(differences.size()) * (std::sqrt(3.141592653589793) / 2.0);
}
}  // namespace

BlockNoise::BlockNoise(image::ImageView<float const> raw, image::BayerPattern pattern)
    : blocks_{raw.box.x0 >> 6, raw.box.y0 >> 6, ((raw.box.x1 - 1) >> 6) + 1,
              ((raw.box.y1 - 1) >> 6) + 1}
{
    measure(raw, pattern);
    fill_gaps();
}

double BlockNoise::lowest(std::int64_t x, std::int64_t y) const
{
    double lowest = nan_value;
    for (double const sigma : at(x >> 6, y >> 6)) {
        lowest = sigma < lowest || std::isnan(lowest) ? sigma : lowest;
    }
    return lowest;
}

void BlockNoise::measure(image::ImageView<float const> raw, image::BayerPattern pattern)
{
    bool const is_mono = pattern == image::BayerPattern::none;
    std::array<std::vector<float>, 3> differences;
    for (std::int64_t by = blocks_.y0; by < blocks_.y1; ++by) {
        for (std::int64_t bx = blocks_.x0; bx < blocks_.x1; ++bx) {
            core::Box const part =
                core::Box{bx << 6, by << 6, (bx + 1) << 6, (by + 1) << 6}.clipped_to(raw.box);
            for (std::int64_t y = part.y0; y < part.y1; ++y) {
                // Every other pair of rows of a Bayer frame, so that all colours are there, and one
                // row of four of a mono frame: enough, in less time.
                if ((y & (is_mono ? 3 : 2)) != 0) {
                    continue;
                }
                float const* const row = raw.row(0, y);
                int const planes[2] = {image::bayer_plane(pattern, 0, y),
                                       image::bayer_plane(pattern, 1, y)};
                for (std::int64_t x = part.x0; x + 2 < part.x1; ++x) {
                    float const difference =
                        std::fabs(row[x + 2 - raw.box.x0] - row[x - raw.box.x0]);
                    if (std::isfinite(difference)) {
                        differences[static_cast<std::size_t>(planes[x & 1])].push_back(difference);
                    }
                }
            }
            Sigmas sigmas;
            for (std::size_t plane = 0; plane < 3; ++plane) {
                sigmas[plane] = sigma_of(differences[plane]);
                differences[plane].clear();
            }
            sigmas_.push_back(sigmas);
        }
    }
}

void BlockNoise::fill_gaps()
{
    std::vector<Sigmas> filled = sigmas_;
    std::vector<double> around;
    for (std::int64_t by = blocks_.y0; by < blocks_.y1; ++by) {
        for (std::int64_t bx = blocks_.x0; bx < blocks_.x1; ++bx) {
            for (std::size_t plane = 0; plane < 3; ++plane) {
                if (!std::isnan(at(bx, by)[plane])) {
                    continue;
                }
                around.clear();
                core::Box const near =
                    core::Box{bx, by, bx + 1, by + 1}.grown_by(1).clipped_to(blocks_);
                for (std::int64_t y = near.y0; y < near.y1; ++y) {
                    for (std::int64_t x = near.x0; x < near.x1; ++x) {
                        if (!std::isnan(at(x, y)[plane])) {
                            around.push_back(at(x, y)[plane]);
                        }
                    }
                }
                if (!around.empty()) {
                    filled[static_cast<std::size_t>((by - blocks_.y0) * blocks_.width() + bx -
                                                    blocks_.x0)][plane] =
                        core::median_in_place(around);
                }
            }
        }
    }
    sigmas_ = std::move(filled);
}
}  // namespace sectile::compute
