// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "sectile/image/image.hpp"
#include "sectile/measure/measure_stars.hpp"

#include "unit/core/pseudo_random.hpp"

namespace sectile::measure::test
{
struct TrueStar
{
    double x, y, flux;
};

/// A profile of unit flux, sampled at pixel centres (so the pixel response is part of it).
struct TrueProfile
{
    double fwhm = 3.0;
    double beta = INFINITY;  ///< of a Moffat profile; infinite: Gaussian
    double axis_ratio = 1.0;
    double theta = 0.0;

    [[nodiscard]] double peak() const
    {
        double const area = fwhm * fwhm;  // geometric mean of the axes, squared
        if (std::isinf(beta)) {
            return 4.0 * std::log(2.0) / (std::numbers::pi * area);
        }
        return 4.0 * (std::exp2(1.0 / beta) - 1.0) * (beta - 1.0) / (std::numbers::pi * area);
    }
    [[nodiscard]] double at(double dx, double dy) const
    {
        double const u = (dx * std::cos(theta) + dy * std::sin(theta)) * std::sqrt(axis_ratio);
        double const v = (dy * std::cos(theta) - dx * std::sin(theta)) / std::sqrt(axis_ratio);
        double const r2 = 4.0 * (u * u + v * v) / (fwhm * fwhm);
        return peak() * (std::isinf(beta)
                             ? std::exp(-std::log(2.0) * r2)
                             : std::pow(1.0 + (std::exp2(1.0 / beta) - 1.0) * r2, -beta));
    }
    /// Noise of a matched filter over that of a pixel: the flux error of the best measurement.
    [[nodiscard]] double noise_pixels() const
    {
        double squares = 0.0;
        int const reach = static_cast<int>(6.0 * fwhm);
        for (int y = -reach; y <= reach; ++y) {
            for (int x = -reach; x <= reach; ++x) {
                squares += at(x, y) * at(x, y);
            }
        }
        return 1.0 / std::sqrt(squares);
    }
};

struct Field
{
    int width = 512;
    int height = 512;
    double level = 1000.0;
    double gradient_x = 0.0;
    double gradient_y = 0.0;
    double sigma = 10.0;
    TrueProfile profile;
    std::vector<TrueStar> stars;
    std::uint64_t seed = 1;
    std::int64_t x0 = 0;  ///< where the plane lies in its parent
    std::int64_t y0 = 0;
};

[[nodiscard]] inline image::Image<float> draw(Field const& field)
{
    image::Image<float> image({field.x0, field.y0, field.x0 + field.width, field.y0 + field.height},
                              1);
    auto const view = image.view();
    PseudoRandom random(field.seed);
    double const xc = 0.5 * (field.width - 1);
    double const yc = 0.5 * (field.height - 1);
    for (int y = 0; y < field.height; ++y) {
        for (int x = 0; x < field.width; ++x) {
            view.row(0, field.y0 + y)[x] =
                static_cast<float>(field.level + field.gradient_x * (x - xc) +
                                   field.gradient_y * (y - yc) + field.sigma * random.normal());
        }
    }
    int const reach =
        static_cast<int>(field.profile.fwhm * (std::isinf(field.profile.beta) ? 4 : 12));
    for (TrueStar const& star : field.stars) {
        int const xs = static_cast<int>(std::lround(star.x));
        int const ys = static_cast<int>(std::lround(star.y));
        for (int y = std::max(0, ys - reach); y <= std::min(field.height - 1, ys + reach); ++y) {
            for (int x = std::max(0, xs - reach); x <= std::min(field.width - 1, xs + reach); ++x) {
                view.row(0, field.y0 + y)[x] +=
                    static_cast<float>(star.flux * field.profile.at(x - star.x, y - star.y));
            }
        }
    }
    return image;
}

/// `count` stars at least `apart` pixels from each other and from the edge, of fluxes uniform in
/// the logarithm.
[[nodiscard]] inline std::vector<TrueStar> scatter(Field const& field, int count, double faintest,
                                                   double brightest, double apart,
                                                   std::uint64_t seed = 7)
{
    std::vector<TrueStar> stars;
    PseudoRandom random(seed);
    for (int tries = 0; tries < 200 * count && static_cast<int>(stars.size()) < count; ++tries) {
        TrueStar const star{random.uniform(apart, field.width - 1 - apart),
                            random.uniform(apart, field.height - 1 - apart),
                            faintest * std::pow(brightest / faintest, random.uniform(0.0, 1.0))};
        bool const free = std::none_of(stars.begin(), stars.end(), [&](TrueStar const& other) {
            return std::hypot(star.x - other.x, star.y - other.y) < apart;
        });
        if (free) {
            stars.push_back(star);
        }
    }
    return stars;
}

/// The measured star within `reach` pixels of a place in the parent's pixels, or null.
[[nodiscard]] inline Star const* nearest(StarCatalog const& catalog, double x, double y,
                                         double reach = 1.5)
{
    Star const* best = nullptr;
    double least = reach;
    for (Star const& star : catalog.stars) {
        double const distance = std::hypot(star.x - x, star.y - y);
        if (distance < least) {
            least = distance;
            best = &star;
        }
    }
    return best;
}

/// How many of the stars were found.
[[nodiscard]] inline int found_of(StarCatalog const& catalog, std::vector<TrueStar> const& stars)
{
    return static_cast<int>(std::count_if(stars.begin(), stars.end(), [&](TrueStar const& star) {
        return nearest(catalog, star.x, star.y) != nullptr;
    }));
}

/// The value that as many are below as above; not of none.
[[nodiscard]] inline double median_of(std::vector<double> values)
{
    std::sort(values.begin(), values.end());
    return values.at(values.size() / 2);
}

/// Raises a part of the plane so far that it is one object.
inline void add_plateau(image::Image<float>& image, core::Box const& part, float height)
{
    for (std::int64_t y = part.y0; y < part.y1; ++y) {
        for (std::int64_t x = part.x0; x < part.x1; ++x) {
            image.view().at(0, x, y) += height;
        }
    }
}
}  // namespace sectile::measure::test
