// SPDX-License-Identifier: BSD-3-Clause
#include "product/stretch.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "sectile/core/robust.hpp"

namespace sectile::product
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

/// Pixels used for statistics; more cost time and memory and change nothing that the eye can see.
constexpr std::int64_t most_samples = std::int64_t{1} << 20U;
/// Pixels with less valid area than this are left out of the statistics: rims are noisier.
constexpr float solid_fraction = 0.5F;

/// Deviations kept in the sky, in sigma. Tighter above, where nebulae and faint stars hide; the
/// median of pure normal noise falls by 0.03 sigma for it, in all channels alike.
constexpr double clip_above = 2.0;
constexpr double clip_below = 3.0;

/// Upper median of at least one value.
float median_of(Samples& values)
{
    auto const middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
    std::nth_element(values.begin(), middle, values.end());
    return *middle;
}

/// Values of the pixels of which more than a fraction is valid.
Samples values_of_plane(AreaMean const& picture, int plane, float least_fraction)
{
    core::Box const box = picture.mean.box();
    Samples values;
    values.reserve(static_cast<std::size_t>(box.area()));
    for (std::int64_t y = box.y0; y < box.y1; ++y) {
        float const* const mean = picture.mean.view().row(plane, y);
        float const* const fraction = picture.fraction.view().row(plane, y);
        for (std::int64_t x = 0; x < box.width(); ++x) {
            if (fraction[x] > least_fraction) {
                values.push_back(mean[x]);
            }
        }
    }
    return values;
}

Samples values_of_plane(AreaMean const& picture, int plane)
{
    Samples values = values_of_plane(picture, plane, solid_fraction);
    return values.empty() ? values_of_plane(picture, plane, 0.0F) : values;
}

/// Calls `use` with the brightness above the sky of every pixel that shows the colour of a star.
template <class Use>
void for_star_pixels(AreaMean const& picture, std::vector<SkyLevel> const& sky, Use&& use)
{
    core::Box const box = picture.mean.box();
    for (std::int64_t y = box.y0; y < box.y1; ++y) {
        for (std::int64_t x = box.x0; x < box.x1; ++x) {
            std::array<double, 3> light{};
            bool bright = true;
            for (std::size_t c = 0; c < sky.size() && bright; ++c) {
                light[c] = picture.mean.view().at(static_cast<int>(c), x, y) - sky[c].level;
                bright = light[c] > star_sigmas * sky[c].sigma;
            }
            if (bright) {
                use(light);
            }
        }
    }
}

/// Factors that make the median colour of the bright pixels neutral, with a mean of 1.
std::vector<double> white_balance(AreaMean const& picture, std::vector<SkyLevel> const& sky)
{
    std::size_t const channels = sky.size();
    std::vector<double> balance(channels, 1.0);
    std::size_t count = 0;
    if (channels > 1) {
        for_star_pixels(picture, sky, [&](std::array<double, 3> const&) { ++count; });
    }
    if (count < least_star_pixels) {
        return balance;
    }
    double sum = 0.0;
    Samples share;
    share.reserve(count);
    for (std::size_t c = 0; c < channels; ++c) {
        share.clear();
        for_star_pixels(picture, sky, [&](std::array<double, 3> const& light) {
            double const mean = (light[0] + light[1] + light[2]) / 3.0;
            share.push_back(static_cast<float>(light[c] / mean));
        });
        balance[c] = std::clamp(1.0 / median_of(share), 1.0 / most_balance, most_balance);
        sum += balance[c];
    }
    for (double& factor : balance) {
        factor *= static_cast<double>(channels) / sum;
    }
    return balance;
}
}  // namespace

SampledRows::SampledRows(core::Box const& picture)
{
    std::int64_t const most_rows = std::max<std::int64_t>(1, most_samples / picture.width());
    step = (picture.height() + most_rows - 1) / most_rows;
    first = step / 2;
    count = (picture.height() - first + step - 1) / step;
}

SkyLevel measure_sky(Samples& values)
{
    SkyLevel sky;
    for (int turn = 0; turn < 20 && !values.empty(); ++turn) {
        sky.level = median_of(values);
        Samples below;
        below.reserve(static_cast<std::size_t>(std::count_if(
            values.begin(), values.end(), [&](float value) { return value <= sky.level; })));
        for (float const value : values) {
            if (value <= sky.level) {
                below.push_back(static_cast<float>(sky.level - value));
            }
        }
        sky.sigma = core::sigma_of_mad * median_of(below);
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
    return curve(brightness) / curve(white);
}

double Stretch::curve(double brightness) const
{
    return std::asinh(std::max(0.0, brightness - black) / softening);
}

Stretch choose_stretch(AreaMean const& picture)
{
    Stretch stretch;
    std::vector<SkyLevel> skies;
    std::vector<double> whites;
    for (int plane = 0; plane < shown_planes(picture.mean.planes()); ++plane) {
        Samples values = values_of_plane(picture, plane);
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
    double const top = stretch.curve(stretch.white);
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
            double const factor =
                mean > 0.0 ? stretch.curve(mean + stretch.black) / top / mean : 0.0;
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
}  // namespace sectile::product
