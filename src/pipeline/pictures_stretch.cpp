// SPDX-License-Identifier: BSD-3-Clause
#include "pipeline/pictures_stretch.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "sectile/core/robust.hpp"

namespace sectile::pipeline
{
namespace
{
/// Black lies this many sigma below the sky. Less: dark holes in the noise; more: a grey picture.
constexpr double black_depth = 1.5;
/// The curve is linear up to about this many sigma. Less: the noise of the sky is pumped up; more:
/// faint structure drowns.
constexpr double soft_sigmas = 3.0;
/// Fraction of the pixels that are not brighter than white.
constexpr double white_quantile = 0.997;
/// White is at least this many sigma above black, so that an empty field stays dark and quiet.
constexpr double least_range = 100.0;
/// A pixel shows the colour of stars when every channel is brighter than this many sigma of its
/// noise.
constexpr double star_sigmas = 8.0;
/// Fewer such pixels tell nothing about the camera.
constexpr std::size_t least_star_pixels = 30;
/// Channels are never scaled more than this: beyond it the field, not the camera, is coloured.
constexpr double most_balance = 3.0;

/// Values used for statistics; more cost time and change nothing that the eye can see.
constexpr std::size_t most_samples = std::size_t{1} << 21U;
/// Pixels with less valid area than this are left out of the statistics: rims are noisier.
constexpr float solid_fraction = 0.5F;

/// Deviations kept in the sky, in sigma. Tighter above, where nebulae and faint stars hide; the
/// median of pure normal noise falls by 0.03 sigma for it, in all channels alike.
constexpr double clip_above = 2.0;
constexpr double clip_below = 3.0;

int shown_planes(AreaMean const& picture)
{
    return picture.mean.planes() >= 3 ? 3 : 1;
}

/// Values of some pixels, evenly spread over the picture.
std::vector<float> sample_plane(AreaMean const& picture, int plane, float least_fraction)
{
    core::Box const box = picture.mean.box();
    auto const pixels = static_cast<std::size_t>(box.area());
    // Odd, so that the samples do not stay in the same columns of a picture of even width.
    std::size_t const step = (pixels / most_samples) | 1U;
    std::vector<float> values;
    values.reserve(pixels / step + 1);
    for (std::size_t i = 0; i < pixels; i += step) {
        auto const x = static_cast<std::int64_t>(i) % box.width();
        auto const y = static_cast<std::int64_t>(i) / box.width();
        if (picture.fraction.view().at(plane, x, y) > least_fraction) {
            values.push_back(picture.mean.view().at(plane, x, y));
        }
    }
    return values;
}

std::vector<float> sample_plane(AreaMean const& picture, int plane)
{
    std::vector<float> values = sample_plane(picture, plane, solid_fraction);
    return values.empty() ? sample_plane(picture, plane, 0.0F) : values;
}

/// Factors that make the median colour of the bright pixels neutral, with a mean of 1.
std::vector<double> white_balance(AreaMean const& picture, std::vector<SkyLevel> const& sky)
{
    std::size_t const channels = sky.size();
    std::vector<double> balance(channels, 1.0);
    std::vector<std::vector<float>> share(channels);
    core::Box const box = picture.mean.box();
    for (std::int64_t y = box.y0; channels > 1 && y < box.y1; ++y) {
        for (std::int64_t x = box.x0; x < box.x1; ++x) {
            std::array<double, 3> light{};
            bool bright = true;
            for (std::size_t c = 0; c < channels; ++c) {
                light[c] = picture.mean.view().at(static_cast<int>(c), x, y) - sky[c].level;
                bright = bright && light[c] > star_sigmas * sky[c].sigma;
            }
            double const mean = (light[0] + light[1] + light[2]) / 3.0;
            for (std::size_t c = 0; bright && c < channels; ++c) {
                share[c].push_back(static_cast<float>(light[c] / mean));
            }
        }
    }
    if (share.front().size() < least_star_pixels) {
        return balance;
    }
    double sum = 0.0;
    for (std::size_t c = 0; c < channels; ++c) {
        balance[c] =
            std::clamp(1.0 / core::median_in_place(share[c]), 1.0 / most_balance, most_balance);
        sum += balance[c];
    }
    for (double& factor : balance) {
        factor *= static_cast<double>(channels) / sum;
    }
    return balance;
}
}  // namespace

SkyLevel measure_sky(std::vector<float>& values)
{
    SkyLevel sky;
    for (int turn = 0; turn < 20 && !values.empty(); ++turn) {
        sky.level = core::median_in_place(values);
        std::vector<float> below;
        below.reserve(values.size() / 2 + 1);
        for (float const value : values) {
            if (value <= sky.level) {
                below.push_back(static_cast<float>(sky.level - value));
            }
        }
        sky.sigma = core::sigma_of_mad * core::median_in_place(below);
        auto const clipped = std::remove_if(values.begin(), values.end(), [&](float value) {
            double const above = value - sky.level;
            return above > clip_above * sky.sigma || above < -clip_below * sky.sigma;
        });
        if (clipped == values.end()) {
            break;
        }
        values.erase(clipped, values.end());
    }
    return sky;
}

double Stretch::operator()(double brightness) const
{
    double const top = std::asinh((white - black) / softening);
    return std::asinh(std::max(0.0, brightness - black) / softening) / top;
}

Stretch choose_stretch(AreaMean const& picture)
{
    Stretch stretch;
    std::vector<SkyLevel> skies;
    std::vector<double> whites;
    for (int plane = 0; plane < shown_planes(picture); ++plane) {
        std::vector<float> values = sample_plane(picture, plane);
        double white = 0.0;
        if (!values.empty()) {
            auto const rank = static_cast<std::ptrdiff_t>(white_quantile *
                                                          static_cast<double>(values.size() - 1));
            std::nth_element(values.begin(), values.begin() + rank, values.end());
            white = values[static_cast<std::size_t>(rank)];
        }
        skies.push_back(measure_sky(values));
        stretch.sky.push_back(skies.back().level);
        whites.push_back(white - skies.back().level);
    }
    stretch.balance = white_balance(picture, skies);
    double brightest = 0.0;
    double sigma = 0.0;
    for (std::size_t channel = 0; channel < skies.size(); ++channel) {
        brightest = std::max(brightest, stretch.balance[channel] * whites[channel]);
        sigma = std::max(sigma, stretch.balance[channel] * skies[channel].sigma);
    }
    if (sigma <= 0.0) {
        // A picture without noise: the range takes its place.
        sigma = brightest > 0.0 ? brightest / least_range : 1.0;
    }
    stretch.black = -black_depth * sigma;
    stretch.softening = soft_sigmas * sigma;
    stretch.white = std::max(brightest, stretch.black + least_range * sigma);
    return stretch;
}

image::Image<std::uint8_t> stretched(AreaMean const& picture, Stretch const& stretch)
{
    core::Box const box = picture.mean.box();
    auto const channels = stretch.sky.size();
    image::Image<std::uint8_t> out(box, 4);
    auto const code = [](double value) {
        return static_cast<std::uint8_t>(std::lround(255.0 * value));
    };
    for (std::int64_t y = box.y0; y < box.y1; ++y) {
        for (std::int64_t x = box.x0; x < box.x1; ++x) {
            std::array<double, 3> light{};
            double fraction = 0.0;
            for (std::size_t channel = 0; channel < channels; ++channel) {
                auto const plane = static_cast<int>(channel);
                float const value = picture.mean.view().at(plane, x, y);
                // A channel without data shows the sky, which is neutral.
                double const above = std::isfinite(value)
                                         ? stretch.balance[channel] * (value - stretch.sky[channel])
                                         : 0.0;
                light[channel] = std::max(0.0, above - stretch.black);
                fraction = std::max(fraction,
                                    static_cast<double>(picture.fraction.view().at(plane, x, y)));
            }
            for (std::size_t channel = channels; channel < 3; ++channel) {
                light[channel] = light[0];
            }
            double const mean = (light[0] + light[1] + light[2]) / 3.0;
            double const factor = mean > 0.0 ? stretch(mean + stretch.black) / mean : 0.0;
            double const largest = factor * *std::max_element(light.begin(), light.end());
            double const scale = factor / std::max(1.0, largest);
            for (int channel = 0; channel < 3; ++channel) {
                out.view().at(channel, x, y) =
                    code(scale * light[static_cast<std::size_t>(channel)]);
            }
            out.view().at(3, x, y) = code(fraction);
        }
    }
    return out;
}
}  // namespace sectile::pipeline
