// SPDX-License-Identifier: BSD-3-Clause
#include "sectile/plan/flux_prior.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <cmath>
#include <limits>
#include <numbers>
#include <string>
#include <string_view>

namespace sectile::plan
{
namespace
{
constexpr double of_calibration = 0.03;  ///< zero points and flux scales as pipelines state them
constexpr double of_clouds = 0.15;       ///< exposures of one night
constexpr double of_other_gain = 0.7;    ///< where the gain of the camera was changed

std::string lower(std::string_view text)
{
    std::string result(text);
    std::ranges::transform(result, result.begin(),
                           [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return result;
}

bool contains_any(std::string const& text, std::initializer_list<std::string_view> parts)
{
    return std::ranges::any_of(
        parts, [&](std::string_view part) { return text.find(part) != std::string::npos; });
}

/// Of physical light, whatever the exposure.
bool is_calibrated(std::string const& unit)
{
    return contains_any(unit, {"jy", "erg", "maggy", "maggies", "w/m", "w m", "nmgy", "mag"});
}

/// Per second.
bool is_rate(std::string const& unit)
{
    return contains_any(unit, {"/s", "s-1", "s^-1", "s**-1", "cps", "/sec", " per second"});
}
}  // namespace

FluxPrior flux_prior(sky::FrameHeader const& frame, sky::FrameHeader const& reference)
{
    sky::ExposureFacts const& own = frame.facts;
    sky::ExposureFacts const& other = reference.facts;
    std::string const unit = lower(own.unit);
    bool const same_unit = unit == lower(other.unit);
    FluxPrior prior;
    prior.is_calibrated = same_unit && is_calibrated(unit);
    prior.sigma = std::numeric_limits<double>::infinity();
    if (own.flux_scale && other.flux_scale) {
        prior.log_ratio = std::log(*own.flux_scale / *other.flux_scale);
        prior.sigma = of_calibration;
    } else if (prior.is_calibrated) {
        prior.sigma = of_calibration;
    } else if (own.zero_point && other.zero_point && same_unit) {
        prior.log_ratio = 0.4 * std::numbers::ln10 * (*other.zero_point - *own.zero_point);
        prior.sigma = of_calibration;
    } else if (same_unit && is_rate(unit)) {
        prior.sigma = of_clouds;
    } else if (same_unit && own.exposure && other.exposure && *own.exposure > 0.0 &&
               *other.exposure > 0.0) {
        prior.log_ratio = std::log(*other.exposure / *own.exposure);
        // A gain may be in electrons per count, or a number on a dial.
        bool const same_gain = own.gain.value_or(1.0) == other.gain.value_or(1.0);
        prior.sigma = same_gain ? of_clouds : of_other_gain;
    }
    return prior;
}
}  // namespace sectile::plan
