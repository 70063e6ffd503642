// SPDX-License-Identifier: BSD-3-Clause
#include "astrometry/group_fit.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "sectile/core/error.hpp"
#include "sectile/plan/footprint.hpp"

namespace sectile::astrometry
{
namespace
{
using plan::FrameRecord;

constexpr double largest_rms = 0.5;     ///< pixels: more is no tie,
constexpr double share_of_fwhm = 0.15;  ///< unless stars are so soft that nobody sees it
constexpr std::size_t many_pairs = 50;  ///< a matrix fitted to so many costs no accuracy

/// Faint stars are placed less well (noise of a place goes with 1 / flux), down to a tenth of
/// the brightest; the brightest of all are limited by other errors.
double weight_of(FrameRecord const& frame, std::size_t star)
{
    std::size_t const bright = frame.stars.size() / 5;
    auto const flux = [&](std::size_t i) {
        double sum = 0.0;
        for (float const f : frame.stars[i].flux.front()) {
            sum += std::isfinite(f) ? f : 0.0F;
        }
        return sum;
    };
    double const reference = flux(bright);
    double const own = flux(star);
    if (!(reference > 0.0) || !(own > 0.0)) {
        return 0.3;  // saturated or blended
    }
    double const ratio = own / reference;
    return std::clamp(ratio * ratio, 0.1, 1.0);
}

/// Akaike's criterion for small samples (Hurvich & Tsai 1989) of a fit of `parameters` numbers
/// that leaves a mean squared distance of `misfit` at `stars` stars: the least is the best.
double criterion(double misfit, int parameters, std::size_t stars)
{
    constexpr double rounding = 1e-12;  // square pixels
    double const values = 2.0 * static_cast<double>(stars);
    double const unknowns = parameters + 1.0;  // and the noise
    double const freedom = values - unknowns - 1.0;
    return freedom > 0.0 ? values * std::log(std::max(misfit, rounding)) + 2.0 * unknowns +
                               2.0 * unknowns * (unknowns + 1.0) / freedom
                         : std::numeric_limits<double>::infinity();
}
}  // namespace

double rms_limit(FrameRecord const& frame)
{
    double const fwhm = frame.quality.fwhm;
    return std::isfinite(fwhm) ? std::max(largest_rms, share_of_fwhm * fwhm) : largest_rms;
}

std::vector<sky::PixelPos> GroupFit::places_of(std::vector<plan::FrameStar> const& stars,
                                               sky::WcsDescription const& wcs) const
{
    std::vector<sky::PixelPos> pixels;
    for (plan::FrameStar const& star : stars) {
        pixels.push_back({star.x, star.y});
    }
    std::vector<sky::SkyCoord> sky(pixels.size());
    sky::SkyWcs(wcs).pixel_to_sky(pixels, sky);
    plane_.sky_to_pixel(sky, pixels);
    return pixels;
}

/// Fit of a WCS of the frame to the catalogue places of its matched stars; nothing when it fails.
std::optional<solve::WcsFit> GroupFit::fit(FrameRecord const& frame,
                                           sky::WcsDescription const& start,
                                           solve::StarMatch const& match,
                                           solve::WcsFreedom freedom) const
{
    std::vector<solve::SkyMatch> stars;
    for (auto const& [own, known] : match.pairs) {
        GroupCatalog::Star const& star = catalog_->stars()[known];
        stars.push_back({{frame.stars[own].x, frame.stars[own].y},
                         plane_.pixel_to_sky({star.x, star.y}),
                         weight_of(frame, own)});
    }
    try {
        solve::WcsFit fitted = solve::fit_wcs(start, stars, {.freedom = freedom});
        bool const is_good = fitted.converged && fitted.rms_pixels < rms_limit(frame);
        return is_good ? std::optional(std::move(fitted)) : std::nullopt;
    } catch (core::InputError const&) {
        return std::nullopt;
    }
}

/// Weighted mean squared distance of the pairs by a WCS of the frame, pixels of the common
/// plane; without the pairs `rejected` (ascending).
double GroupFit::misfit(FrameRecord const& frame, sky::WcsDescription const& wcs,
                        solve::StarMatch const& match,
                        std::vector<std::uint32_t> const& rejected) const
{
    auto const places = places_of(frame.stars, wcs);
    double sum = 0.0;
    double total = 0.0;
    for (std::uint32_t i = 0; i < match.pairs.size(); ++i) {
        if (std::ranges::binary_search(rejected, i)) {
            continue;
        }
        auto const& [own, known] = match.pairs[i];
        GroupCatalog::Star const& star = catalog_->stars()[known];
        double const weight = weight_of(frame, own);
        total += weight;
        sum += weight * (std::pow(places[own].x - star.x, 2) + std::pow(places[own].y - star.y, 2));
    }
    return sum / total;
}

bool GroupFit::choose_wcs(FrameRecord& frame, sky::WcsDescription const& own_wcs,
                          solve::StarMatch const& match) const
{
    solve::WcsFit own;
    own.wcs = own_wcs;
    auto const moved = match.pairs.size() < many_pairs
                           ? fit(frame, own_wcs, match, solve::WcsFreedom::shift)
                           : std::nullopt;
    auto const fitted = fit(frame, frame.header.wcs, match, solve::WcsFreedom::affine);
    auto const rejected = fitted  ? fitted->rejected
                          : moved ? moved->rejected
                                  : std::vector<std::uint32_t>{};
    std::size_t const used = match.pairs.size() - rejected.size();
    solve::WcsFit best;
    double least = std::numeric_limits<double>::infinity();
    for (auto const& candidate : {std::optional(own), moved, fitted}) {
        if (!candidate) {
            continue;
        }
        double const left = misfit(frame, candidate->wcs, match, rejected);
        double const value = criterion(left, candidate->parameters, used);
        if (value < least) {
            least = value;
            best = *candidate;
            best.used = used;
            best.rms_pixels = std::sqrt(left);
        }
    }
    if (!(best.rms_pixels < rms_limit(frame)) || best.used == 0) {
        return false;
    }
    frame.header.wcs = best.wcs;
    frame.footprint = plan::footprint_of(sky::SkyWcs(best.wcs));
    frame.registration.matches = static_cast<std::int64_t>(best.used);
    frame.registration.rms = best.rms_pixels;
    return true;
}

void GroupFit::move_wcs(FrameRecord& frame, solve::PlaneAffine const& move) const
{
    constexpr int nodes = 5;  // a side
    auto const width = static_cast<double>(frame.header.geometry.width) - 1.0;
    auto const height = static_cast<double>(frame.header.geometry.height) - 1.0;
    sky::SkyWcs const wcs(frame.header.wcs);
    std::vector<solve::SkyMatch> moved;
    for (int row = 0; row < nodes; ++row) {
        for (int column = 0; column < nodes; ++column) {
            sky::PixelPos const at{width * column / (nodes - 1), height * row / (nodes - 1)};
            sky::PixelPos const place = move.apply(place_of(wcs.pixel_to_sky(at)));
            moved.push_back({at, plane_.pixel_to_sky(place), 1.0});
        }
    }
    solve::WcsFit fitted = solve::fit_wcs(frame.header.wcs, moved, {});
    frame.header.wcs = std::move(fitted.wcs);
    frame.footprint = plan::footprint_of(sky::SkyWcs(frame.header.wcs));
}
}  // namespace sectile::astrometry
