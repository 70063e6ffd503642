// SPDX-License-Identifier: BSD-3-Clause
#include "astrometry/group_place.hpp"

#include <cmath>
#include <utility>

#include "sectile/core/error.hpp"
#include "sectile/core/robust.hpp"

namespace sectile::astrometry
{
namespace
{
constexpr int rounds = 10;
}  // namespace

void OwnPlacement::add(std::span<sky::PixelPos const> places, std::span<sky::PixelPos const> own)
{
    core::require(places.size() == own.size(), "every star has both places");
    std::vector<std::pair<Plane, Plane>> stars;
    Frame frame;
    for (std::size_t i = 0; i < places.size(); ++i) {
        Plane const place(places[i].x, places[i].y);
        Plane const at_own(own[i].x, own[i].y);
        if (std::isfinite(std::norm(place)) && std::isfinite(std::norm(at_own))) {
            stars.emplace_back(place, at_own);
            frame.place += place;
            frame.own += at_own;
        }
    }
    if (stars.empty()) {
        return;
    }
    frame.stars = static_cast<double>(stars.size());
    frame.place /= frame.stars;
    frame.own /= frame.stars;
    for (auto const& [place, at_own] : stars) {
        frame.product += (at_own - frame.own) * std::conj(place - frame.place);
        frame.spread += std::norm(place - frame.place);
    }
    frames_.push_back(frame);
}

solve::PlaneAffine OwnPlacement::fit() const
{
    if (frames_.empty()) {
        return {};
    }
    std::vector<double> east;
    std::vector<double> north;
    for (Frame const& frame : frames_) {
        east.push_back((frame.own - frame.place).real());
        north.push_back((frame.own - frame.place).imag());
    }
    Similarity fit;
    fit.to = Plane(core::median_in_place(east), core::median_in_place(north));
    for (int round = 0; round < rounds; ++round) {
        fit = weighted_fit(weights_for(fit));
    }
    Plane const shift = fit.to - fit.turn * fit.from;
    return {fit.turn.real(), -fit.turn.imag(), shift.real(),
            fit.turn.imag(), fit.turn.real(),  shift.imag()};
}

OwnPlacement::Similarity OwnPlacement::weighted_fit(std::vector<double> const& weights) const
{
    Similarity fit;
    double total = 0.0;
    for (std::size_t i = 0; i < frames_.size(); ++i) {
        double const weight = weights[i] * frames_[i].stars;
        total += weight;
        fit.from += weight * frames_[i].place;
        fit.to += weight * frames_[i].own;
    }
    fit.from /= total;
    fit.to /= total;
    Plane product = 0.0;
    double spread = 0.0;
    for (std::size_t i = 0; i < frames_.size(); ++i) {
        Frame const& frame = frames_[i];
        Plane const place = frame.place - fit.from;
        product +=
            weights[i] * (frame.product + frame.stars * (frame.own - fit.to) * std::conj(place));
        spread += weights[i] * (frame.spread + frame.stars * std::norm(place));
    }
    fit.turn = spread > 0.0 ? product / spread : Plane(1.0);
    return fit;
}

std::vector<double> OwnPlacement::weights_for(Similarity const& fit) const
{
    std::vector<double> distances;
    for (Frame const& frame : frames_) {
        distances.push_back(std::abs(frame.own - fit.to - fit.turn * (frame.place - fit.from)));
    }
    std::vector<double> sorted = distances;
    double const sigma = core::median_in_place(sorted) / core::rayleigh_median;
    std::vector<double> weights;
    for (double const distance : distances) {
        weights.push_back(core::tukey_weight(distance, sigma));
    }
    return weights;
}
}  // namespace sectile::astrometry
