// SPDX-License-Identifier: BSD-3-Clause
#include "astrometry/group_scales.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

#include "sectile/core/robust.hpp"
#include "sectile/plan/flux_prior.hpp"
#include "sectile/solve/gain_solve.hpp"

namespace sectile::astrometry
{
namespace
{
using plan::FrameRecord;
using plan::FrameStar;

/// Radius of the circle that is compared, in FWHM of the softest frame: much of the light, little
/// of the sky's noise.
constexpr double most_of_star = 1.3;

/// What lies beyond a circle, over what was added by the last doubling of its radius: a profile
/// whose wings fall with the cube or fourth power (Moffat 1969, beta of 2.5 to 3) has 0.14 or 0.07.
constexpr double beyond_over_added = 0.12;

/// Beyond this signal over noise a logarithm is fair.
constexpr double least_signal = 10.0;

/// The circle in which the frames are compared: what the softest needs, as far as the sharpest was
/// measured in it and in the next one.
int common_step(std::vector<FrameRecord> const& frames, std::vector<StarPairs> const& pairs)
{
    double softest = 0.0;
    int sharpest = plan::aperture_steps;
    for (std::size_t i = 0; i < frames.size(); ++i) {
        if (!pairs[i].empty()) {
            sharpest = std::min(sharpest, frames[i].stars.front().first);
            softest = std::isfinite(frames[i].quality.fwhm)
                          ? std::max(softest, frames[i].quality.fwhm)
                          : softest;
        }
    }
    int const widest = sharpest + FrameStar::circles - 2;
    int step = sharpest;
    while (step < widest && plan::aperture_radius(step) < most_of_star * softest) {
        ++step;
    }
    return step;
}

/// Which planes of a frame are added up: one, or all as often as the camera measures them, which
/// does not depend on how stars lie on the mosaic of its filters.
struct Light
{
    std::vector<std::size_t> planes;

    [[nodiscard]] static double times(FrameRecord const& frame, std::size_t plane)
    {
        bool const is_mosaic = frame.header.geometry.bayer != image::BayerPattern::none;
        return is_mosaic && plane == 1 ? 2.0 : 1.0;
    }
    [[nodiscard]] double flux(FrameRecord const& frame, FrameStar const& star, int step) const
    {
        double sum = 0.0;
        for (std::size_t const plane : planes) {
            sum += times(frame, plane) * star.flux_within(step, plane);
        }
        return sum;
    }
    /// Sigma of flux().
    [[nodiscard]] double noise(FrameRecord const& frame, int step) const
    {
        double const radius = plan::aperture_radius(step);
        constexpr double ring_share = 0.6;  // what the median of the ring adds to the variance
        double const area = std::numbers::pi * radius * radius * (1.0 + ring_share);
        // A debayered pixel stands for several that were measured.
        bool const is_mosaic = frame.header.geometry.bayer != image::BayerPattern::none;
        double sum = 0.0;
        for (std::size_t const plane : planes) {
            double const sigma = times(frame, plane) * frame.planes[plane].noise_sigma;
            double const thinned = !is_mosaic ? 1.0 : plane == 1 ? 2.0 : 4.0;
            sum += sigma * sigma * thinned;
        }
        return std::sqrt(area * sum);
    }
};

/// The frames of a group and the stars that they share.
struct SharedStars
{
    std::vector<FrameRecord> const& frames;
    std::size_t reference;
    std::vector<StarPairs> const& pairs;

    /// Calls what(frame, its star, star of the catalogue, index of the frame).
    template <class What>
    void for_each(Light const& light, What const& what) const
    {
        for (std::size_t i = 0; i < frames.size(); ++i) {
            if (frames[i].planes.size() <= light.planes.back()) {
                continue;
            }
            for (auto const& [own, known] : pairs[i]) {
                what(frames[i], frames[i].stars[own], known, static_cast<std::uint32_t>(i));
            }
        }
    }
};

/// Gains by the fluxes in one circle.
solve::GainSolution gains_within(SharedStars const& shared, Light const& light, int step)
{
    std::vector<solve::FluxMeasurement> fluxes;
    shared.for_each(light, [&](FrameRecord const& frame, FrameStar const& star, std::uint32_t known,
                               std::uint32_t image) {
        double const noise = light.noise(frame, step);
        double const flux = light.flux(frame, star, step);
        if (flux > least_signal * noise) {
            fluxes.push_back({image, known, std::log(flux), noise / flux});
        }
    });
    return solve::solve_gains(shared.frames.size(), shared.reference, fluxes);
}

/// What frames lose outside of the circle against each other, from how the light of bright stars
/// grows from this circle to the next: neighbours add the same to a star in all frames.
solve::GainSolution losses_beyond(SharedStars const& shared, Light const& light, int step)
{
    constexpr double least_bright = 1.5;  // least_signal
    std::vector<solve::FluxMeasurement> growths;
    shared.for_each(light, [&](FrameRecord const& frame, FrameStar const& star, std::uint32_t known,
                               std::uint32_t image) {
        double const noise = light.noise(frame, step + 1);
        double const inside = light.flux(frame, star, step);
        double const wider = light.flux(frame, star, step + 1);
        double const all = wider + beyond_over_added * (wider - inside);
        if (inside > least_bright * least_signal * noise && all > 0.5 * inside) {
            growths.push_back({image, known, std::log(all / inside), noise / inside});
        }
    });
    return solve::solve_gains(shared.frames.size(), shared.reference, growths);
}

/// A logarithm with its standard error; infinite: nothing is known.
struct Estimate
{
    double value = 0.0;
    double sigma = std::numeric_limits<double>::infinity();
};

Estimate combined(Estimate const& a, Estimate const& b)
{
    double const weight_a = 1.0 / (a.sigma * a.sigma);
    double const weight_b = 1.0 / (b.sigma * b.sigma);
    double const total = weight_a + weight_b;
    if (!(total > 0.0)) {
        return {};
    }
    if (std::isinf(total)) {
        return a.sigma < b.sigma ? a : b;
    }
    return {(weight_a * a.value + weight_b * b.value) / total, 1.0 / std::sqrt(total)};
}

/// Share of the light beyond a circle, of a profile with much in its wings (Moffat 1969, beta of
/// 2.5).
double light_in_wings(double fwhm, double radius)
{
    constexpr double beta = 2.5;
    double const scale = 0.5 * fwhm / std::sqrt(std::exp2(1.0 / beta) - 1.0);
    return std::pow(1.0 + radius * radius / (scale * scale), 1.0 - beta);
}

/// What frames lose outside of the circle, smoothed: their profiles are alike but for their width,
/// so that the losses of all tell how far the wings go; each may still differ from that.
std::vector<Estimate> smoothed_losses(SharedStars const& shared, solve::GainSolution const& seen,
                                      double radius)
{
    constexpr double same_profile = 0.003;
    constexpr double own_share = 0.25;  // of what a profile with much in its wings would lose
    constexpr double of_one = 0.02;     // one star may be a galaxy
    constexpr double most_share = -1.5;
    constexpr double clearly = 3.0;  // sigma
    std::vector<FrameRecord> const& frames = shared.frames;
    double const reference = light_in_wings(frames[shared.reference].quality.fwhm, radius);
    std::vector<double> contrast(frames.size(), 0.0);
    std::vector<Estimate> losses(frames.size());
    // No wings counts as seen once.
    std::vector<std::pair<double, double>> wings{{0.0, 1.0}};
    for (std::size_t i = 0; i < frames.size(); ++i) {
        double const lost = light_in_wings(frames[i].quality.fwhm, radius) - reference;
        contrast[i] = std::isfinite(lost) ? lost : 0.0;
        if (!std::isfinite(seen.log_gain[i])) {
            continue;
        }
        losses[i] = {seen.log_gain[i],
                     std::hypot(seen.sigma[i], of_one / static_cast<double>(seen.stars[i]))};
        // A softer frame loses more, and not all: else something crosses its few bright stars.
        auto const [least, most] = std::minmax({0.0, most_share * contrast[i]});
        if (losses[i].value < least - clearly * losses[i].sigma ||
            losses[i].value > most + clearly * losses[i].sigma) {
            losses[i] = {};
        } else if (std::abs(contrast[i]) > same_profile) {
            wings.emplace_back(losses[i].value / contrast[i],
                               std::pow(contrast[i] / losses[i].sigma, 2));
        }
    }
    double const share = std::clamp(core::weighted_median(std::move(wings)), most_share, 0.0);
    for (std::size_t i = 0; i < frames.size(); ++i) {
        losses[i] = combined(
            losses[i], {share * contrast[i], same_profile + own_share * std::abs(contrast[i])});
    }
    return losses;
}

/// By stars, for all frames: small circles tell precisely, large ones what the small ones lose
/// where frames differ in sharpness.
std::vector<Estimate> star_scales(SharedStars const& shared, Light const& light)
{
    int const step = common_step(shared.frames, shared.pairs);
    auto const gains = gains_within(shared, light, step);
    auto const losses =
        smoothed_losses(shared, losses_beyond(shared, light, step), plan::aperture_radius(step));
    std::vector<Estimate> scales(shared.frames.size());
    for (std::size_t i = 0; i < scales.size(); ++i) {
        if (std::isfinite(gains.log_gain[i])) {
            scales[i] = {gains.log_gain[i] + losses[i].value,
                         std::hypot(gains.sigma[i], losses[i].sigma)};
        }
    }
    return scales;
}

/// The value of all colours together, unless one of them clearly has another. Stars that are hardly
/// wider than the mosaic of filters say nothing of single colours.
void join_colours(std::vector<Estimate>& colours, Estimate const& together,
                  FrameRecord const& frame)
{
    if (!std::isfinite(together.sigma)) {
        return;
    }
    constexpr double clearly = 5.0;            // sigma
    constexpr double wider_than_mosaic = 2.8;  // pixels, FWHM
    bool const is_thin = frame.header.geometry.bayer != image::BayerPattern::none &&
                         !(frame.quality.fwhm >= wider_than_mosaic);
    bool const agree = std::ranges::all_of(colours, [&](Estimate const& colour) {
        return !std::isfinite(colour.sigma) ||
               std::abs(colour.value - together.value) <=
                   clearly * std::hypot(colour.sigma, together.sigma);
    });
    if (is_thin || agree) {
        std::ranges::fill(colours, together);
    }
}

/// Counts of one exposure, or calibrated light, are left alone where stars do not clearly say
/// otherwise.
bool is_one(Estimate const& scale, plan::FluxPrior const& prior)
{
    if (!std::isfinite(prior.sigma) || prior.log_ratio != 0.0) {
        return false;
    }
    constexpr double clearly = 5.0;
    constexpr double percent = 0.01;
    double const limit = prior.is_calibrated ? std::max(clearly * scale.sigma, percent)
                                             : std::min(scale.sigma, percent);
    return std::abs(scale.value) <= limit;
}
}  // namespace

void set_scales(std::vector<FrameRecord>& frames, std::size_t reference,
                std::vector<StarPairs> const& pairs)
{
    constexpr std::size_t most_measured = 3;
    std::size_t const planes = std::min(frames[reference].planes.size(), most_measured);
    SharedStars const shared{frames, reference, pairs};
    Light all;
    std::vector<std::vector<Estimate>> by_stars;
    for (std::size_t plane = 0; plane < planes; ++plane) {
        by_stars.push_back(star_scales(shared, {{plane}}));
        all.planes.push_back(plane);
    }
    std::vector<Estimate> together(frames.size());
    if (planes > 0) {
        together = planes > 1 ? star_scales(shared, all) : by_stars.front();
    }
    for (std::size_t i = 0; i < frames.size(); ++i) {
        FrameRecord& frame = frames[i];
        plan::FluxPrior const prior = plan::flux_prior(frame.header, frames[reference].header);
        std::vector<Estimate> colours;
        for (std::size_t c = 0; c < std::min(frame.planes.size(), by_stars.size()); ++c) {
            colours.push_back(by_stars[c][i]);
        }
        if (i == reference) {
            colours.assign(colours.size(), {0.0, 0.0});
        } else {
            join_colours(colours, together[i], frame);
        }
        for (std::size_t c = 0; c < frame.planes.size(); ++c) {
            plan::PlaneMeasurement& plane = frame.planes[c];
            Estimate scale = c < colours.size() ? colours[c] : Estimate{};
            if (i != reference) {
                scale = combined(scale, {prior.log_ratio, prior.sigma});
                scale.value = is_one(scale, prior) ? 0.0 : scale.value;
            }
            bool const is_known = i == reference || std::isfinite(scale.sigma);
            plane.scale = is_known ? std::exp(scale.value) : plan::unmeasured;
            plane.scale_error = is_known ? scale.sigma : plan::unmeasured;
        }
    }
}
}  // namespace sectile::astrometry
