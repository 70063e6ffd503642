// SPDX-License-Identifier: BSD-3-Clause
#include "simulate/star_profile.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace sectile::simulate
{
namespace
{
constexpr double reach_of_gaussian = 2.6;  ///< FWHM: 6 standard deviations
constexpr double reach_of_wings = 12.0;
constexpr double finely_sampled = 2.0;  ///< FWHM
constexpr double blurred_pixel = 1.0;   ///< pixels beyond which the profile is smooth anyway

/// FWHM over the scale length of the profile.
double width_factor(double beta)
{
    return beta > 0.0 ? 2.0 * std::sqrt(std::exp2(1.0 / beta) - 1.0)
                      : 2.0 * std::sqrt(2.0 * std::numbers::ln2);
}
}  // namespace

StarProfile::StarProfile(double longer, double shorter, double angle, double beta)
    : cosine_(std::cos(angle)),
      sine_(std::sin(angle)),
      along_(width_factor(beta) / longer),
      across_(width_factor(beta) / shorter),
      beta_(beta),
      // Both profiles integrate to an area of scale lengths.
      peak_(along_ * across_ * (beta > 0.0 ? beta - 1.0 : 0.5) / std::numbers::pi),
      near_(finely_sampled * longer + blurred_pixel),
      reach_((beta > 0.0 ? reach_of_wings : reach_of_gaussian) * longer + blurred_pixel)
{}

double StarProfile::brightness(double dx, double dy) const
{
    double const u = along_ * (cosine_ * dx + sine_ * dy);
    double const v = across_ * (cosine_ * dy - sine_ * dx);
    double const square = u * u + v * v;
    return peak_ * (beta_ > 0.0 ? std::pow(1.0 + square, -beta_) : std::exp(-0.5 * square));
}

double StarProfile::share(double dx, double dy) const
{
    double const distance = std::hypot(dx, dy);
    if (distance > reach_) {
        return 0.0;
    }
    if (distance > near_) {
        return brightness(dx, dy);
    }
    // Midpoints of parts that are small beside the profile.
    auto const parts =
        std::clamp(static_cast<int>(std::ceil(6.0 * std::max(along_, across_))), 3, 12);
    double sum = 0.0;
    for (int j = 0; j < parts; ++j) {
        for (int i = 0; i < parts; ++i) {
            sum += brightness(dx + (i + 0.5) / parts - 0.5, dy + (j + 0.5) / parts - 0.5);
        }
    }
    return sum / (parts * parts);
}
}  // namespace sectile::simulate
