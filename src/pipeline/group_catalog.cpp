// SPDX-License-Identifier: BSD-3-Clause
#include "pipeline/group_catalog.hpp"

#include <algorithm>
#include <cmath>
#include <complex>
#include <cstdint>
#include <utility>

namespace sectile::pipeline
{
namespace
{
constexpr std::size_t most_stars = 4000;

struct WeightedRatio
{
    double ratio = 0.0;
    double weight = 0.0;
};

double weighted_median(std::vector<WeightedRatio> ratios)
{
    std::ranges::sort(ratios, {}, &WeightedRatio::ratio);
    double total = 0.0;
    for (WeightedRatio const& entry : ratios) {
        total += entry.weight;
    }
    double sum = 0.0;
    double previous = ratios.front().ratio;
    double middle_before = 0.0;
    for (WeightedRatio const& entry : ratios) {
        // Between the middles of two entries' weights the ratio is interpolated.
        double const middle = sum + 0.5 * entry.weight;
        if (middle >= 0.5 * total) {
            double const t =
                (0.5 * total - middle_before) / std::max(middle - middle_before, 1e-300);
            return previous + t * (entry.ratio - previous);
        }
        previous = entry.ratio;
        middle_before = middle;
        sum += entry.weight;
    }
    return previous;
}
}  // namespace

void GroupCatalog::add(Entry const& frame,
                       std::vector<std::pair<std::uint32_t, std::uint32_t>> const& pairs)
{
    ++frames_;
    std::vector<std::size_t> target(frame.stars.size(), SIZE_MAX);
    for (auto const& [own, known] : pairs) {
        target[own] = known;
    }
    for (std::size_t i = 0; i < frame.stars.size(); ++i) {
        sky::PixelPos const& place = frame.places[i];
        bool const is_new = target[i] == SIZE_MAX;
        if (!std::isfinite(place.x) || !std::isfinite(place.y) ||
            (is_new && stars_.size() >= most_stars)) {
            continue;
        }
        Star& star = is_new ? stars_.emplace_back() : stars_[target[i]];
        double const share = 1.0 / ++star.count;
        star.x += share * (place.x - star.x);
        star.y += share * (place.y - star.y);
        star.order += share * (static_cast<double>(i) - star.order);
        if (!frame.own_places.empty()) {
            double const own_share = 1.0 / ++star.own_count;
            star.own_x += own_share * (frame.own_places[i].x - star.own_x);
            star.own_y += own_share * (frame.own_places[i].y - star.own_y);
        }
        for (std::size_t c = 0; c < star.flux.size(); ++c) {
            double const flux = frame.scale[c] * frame.stars[i].flux[c];
            if (std::isfinite(flux)) {
                ++star.flux_count[c];
                star.flux[c] += (flux - star.flux[c]) / star.flux_count[c];
            }
        }
    }
}

void GroupCatalog::move_to_own_places()
{
    using Plane = std::complex<double>;
    double weight = 0.0;
    Plane from = 0.0;
    Plane to = 0.0;
    for (Star const& star : stars_) {
        weight += star.own_count;
        from += static_cast<double>(star.own_count) * Plane(star.x, star.y);
        to += static_cast<double>(star.own_count) * Plane(star.own_x, star.own_y);
    }
    if (!(weight > 0.0)) {
        return;
    }
    from /= weight;
    to /= weight;
    Plane product = 0.0;
    double spread = 0.0;
    for (Star const& star : stars_) {
        Plane const d = Plane(star.x, star.y) - from;
        product += static_cast<double>(star.own_count) * (Plane(star.own_x, star.own_y) - to) *
                   std::conj(d);
        spread += star.own_count * std::norm(d);
    }
    Plane const turn = spread > 0.0 ? product / spread : Plane(1.0);
    for (Star& star : stars_) {
        Plane const moved = to + turn * (Plane(star.x, star.y) - from);
        star.x = moved.real();
        star.y = moved.imag();
    }
}

std::vector<solve::StarPosition> GroupCatalog::positions() const
{
    std::vector<solve::StarPosition> positions;
    positions.reserve(stars_.size());
    // Once there are some frames, what only one of them saw is noise for the most part, and a crowd
    // of such entries would make any match a chance. NaN: passed over.
    constexpr int some_frames = 8;
    for (Star const& star : stars_) {
        bool const is_proven = star.count > 1 || frames_ < some_frames;
        positions.push_back({star.x, star.y, is_proven ? -star.order : plan::unmeasured});
    }
    return positions;
}

std::array<double, 3> GroupCatalog::scale_of(
    std::vector<plan::FrameStar> const& stars,
    std::vector<std::pair<std::uint32_t, std::uint32_t>> const& pairs, std::size_t least) const
{
    std::array<double, 3> scale{};
    for (std::size_t c = 0; c < scale.size(); ++c) {
        std::vector<WeightedRatio> ratios;
        for (auto const& [own, known] : pairs) {
            double const flux = stars[own].flux[c];
            Star const& star = stars_[known];
            if (flux > 0.0 && star.flux_count[c] > 0 && star.flux[c] > 0.0) {
                ratios.push_back({star.flux[c] / flux, flux});
            }
        }
        scale[c] = ratios.size() < least ? plan::unmeasured : weighted_median(std::move(ratios));
    }
    return scale;
}
}  // namespace sectile::pipeline
