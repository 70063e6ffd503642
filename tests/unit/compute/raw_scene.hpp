// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

#include "sectile/compute/hot_pixels.hpp"

#include "scene.hpp"

/// Simulated raw frames with stars of known flux and hot pixels at known places.
namespace sectile::compute::testing
{
struct RawStar
{
    double x = 0.0;
    double y = 0.0;
    double peak = 0.0;  ///< ADU, through a filter of gain 1
    std::array<double, 3> gain{};
};

struct RawSceneOptions
{
    image::BayerPattern pattern = image::BayerPattern::none;
    bool is_moffat = false;
    double fwhm = 1.8;
    core::Box frame{0, 0, 600, 480};
    std::uint64_t seed = 1;
    double sky = 300.0;
    double noise = 10.0;
    /// Largest hot pixel, ADU; they are spread evenly in the logarithm from 10 sigma on.
    double hottest = 50000.0;
    int hot_pixels = 400;
};

/// A session: the stars (one per 20x20 pixels, somewhere in the cell) and the hot pixels stay where
/// they are, the noise is new in each frame.
class RawScene
{
  public:
    explicit RawScene(RawSceneOptions const& options) : options_(options)
    {
        std::uint64_t const seed = mix(options.seed);
        auto const random = [&](int what, std::int64_t i, std::int64_t j) {
            return uniform(pixel_seed(seed, what, i, j));
        };
        bool const is_mono = options.pattern == image::BayerPattern::none;
        // Signal to noise 10 of the best estimate of a star's flux, through gain 1.
        double const faintest = 10.0 * options.noise / (options.fwhm / 2.3548 * 1.7725);
        core::Box const& box = options.frame;
        for (std::int64_t y = box.y0 + 4; y + 20 <= box.y1; y += 20) {
            for (std::int64_t x = box.x0 + 4; x + 20 <= box.x1; x += 20) {
                RawStar star;
                star.x = static_cast<double>(x) + 12.0 * random(0, x, y);
                star.y = static_cast<double>(y) + 12.0 * random(1, x, y);
                star.peak = faintest * std::pow(60000.0 / faintest, random(2, x, y));
                for (int c = 0; c < 3; ++c) {
                    star.gain[static_cast<std::size_t>(c)] =
                        is_mono ? 1.0 : 0.3 + 0.7 * random(3 + c, x, y);
                }
                stars_.push_back(star);
            }
        }
        light_ = image::Image<float>(box, 1);
        for (RawStar const& star : stars_) {
            add_light(star);
        }
        for (int i = 0; i < options.hot_pixels; ++i) {
            auto const x = box.x0 + static_cast<std::int64_t>(random(7, i, 0) *
                                                              static_cast<double>(box.width()));
            auto const y = box.y0 + static_cast<std::int64_t>(random(8, i, 0) *
                                                              static_cast<double>(box.height()));
            double const weakest = 10.0 * options.noise;
            hot_.push_back({static_cast<std::int32_t>(y), static_cast<std::int32_t>(x)});
            heat_.push_back(weakest * std::pow(options.hottest / weakest, random(9, i, 0)));
        }
    }

    [[nodiscard]] std::vector<RawStar> const& stars() const { return stars_; }
    /// In no order, matching heat().
    [[nodiscard]] std::vector<DefectPosition> const& hot() const { return hot_; }
    /// ADU above the scene.
    [[nodiscard]] std::vector<double> const& heat() const { return heat_; }

    /// Light of stars alone at a pixel, ADU.
    [[nodiscard]] double light(std::int64_t x, std::int64_t y) const
    {
        return light_.view().at(0, x, y);
    }

    [[nodiscard]] image::Image<float> frame(int number, bool has_hot_pixels) const
    {
        image::Image<float> raw(options_.frame, 1);
        core::Box const& box = options_.frame;
        image::Image<float> heat(box, 1);
        for (std::size_t i = 0; has_hot_pixels && i < hot_.size(); ++i) {
            heat.view().at(0, hot_[i].x, hot_[i].y) = static_cast<float>(heat_[i]);
        }
        for (std::int64_t y = box.y0; y < box.y1; ++y) {
            for (std::int64_t x = box.x0; x < box.x1; ++x) {
                double const signal = light(x, y) + heat.view().at(0, x, y);
                // Shot noise of what is above the sky at 1 electron per ADU.
                double const sigma = std::sqrt(options_.noise * options_.noise + signal);
                double const value =
                    options_.sky + signal +
                    sigma * gaussian(pixel_seed(options_.seed * 100 + 50, number, x, y));
                raw.view().at(0, x, y) = static_cast<float>(std::min(65535.0, std::round(value)));
            }
        }
        return raw;
    }

    /// Sum of a frame less another in the aperture of a star over the star's own light there.
    [[nodiscard]] double relative_change(RawStar const& star,
                                         image::ImageView<float const> const& before,
                                         image::ImageView<float const> const& after) const
    {
        double change = 0.0;
        double flux = 0.0;
        auto const cx = static_cast<std::int64_t>(std::lround(star.x));
        auto const cy = static_cast<std::int64_t>(std::lround(star.y));
        core::Box const aperture =
            core::Box{cx - 4, cy - 4, cx + 5, cy + 5}.clipped_to(options_.frame);
        for (std::int64_t y = aperture.y0; y < aperture.y1; ++y) {
            for (std::int64_t x = aperture.x0; x < aperture.x1; ++x) {
                change += after.at(0, x, y) - before.at(0, x, y);
                flux += light(x, y);
            }
        }
        return std::fabs(change) / flux;
    }

  private:
    void add_light(RawStar const& star)
    {
        double const s = options_.fwhm / 2.3548;
        double const alpha = options_.fwhm / (2.0 * std::sqrt(std::pow(2.0, 1.0 / 2.5) - 1.0));
        auto const cx = static_cast<std::int64_t>(std::lround(star.x));
        auto const cy = static_cast<std::int64_t>(std::lround(star.y));
        core::Box const part =
            core::Box{cx - 9, cy - 9, cx + 10, cy + 10}.clipped_to(options_.frame);
        for (std::int64_t y = part.y0; y < part.y1; ++y) {
            for (std::int64_t x = part.x0; x < part.x1; ++x) {
                double const dx = static_cast<double>(x) - star.x;
                double const dy = static_cast<double>(y) - star.y;
                double const r2 = dx * dx + dy * dy;
                double const shape = options_.is_moffat ? std::pow(1.0 + r2 / (alpha * alpha), -2.5)
                                                        : std::exp(-0.5 * r2 / (s * s));
                int const plane = image::bayer_plane(options_.pattern, x, y);
                light_.view().at(0, x, y) += static_cast<float>(
                    star.peak * star.gain[static_cast<std::size_t>(plane)] * shape);
            }
        }
    }

    RawSceneOptions options_;
    std::vector<RawStar> stars_;
    std::vector<DefectPosition> hot_;
    std::vector<double> heat_;
    image::Image<float> light_;
};
}  // namespace sectile::compute::testing
