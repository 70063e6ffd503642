// SPDX-License-Identifier: BSD-3-Clause
#include "astrometry/group_catalog.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <utility>

namespace sectile::astrometry
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
    if (!frame.own_places.empty()) {
        own_places_.add(frame.places, frame.own_places);
    }
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
        for (std::size_t c = 0; c < star.flux.size(); ++c) {
            double const flux = frame.scale[c] * frame.stars[i].flux[c];
            if (std::isfinite(flux)) {
                ++star.flux_count[c];
                star.flux[c] += (flux - star.flux[c]) / star.flux_count[c];
            }
        }
    }
}

solve::PlaneAffine GroupCatalog::move_to_own_places()
{
    solve::PlaneAffine const move = own_places_.fit();
    for (Star& star : stars_) {
        sky::PixelPos const moved = move.apply({star.x, star.y});
        star.x = moved.x;
        star.y = moved.y;
    }
    return move;
}

std::vector<solve::StarPosition> GroupCatalog::positions(int least) const
{
    std::vector<solve::StarPosition> positions;
    positions.reserve(stars_.size());
    // Once there are some frames, what only one of them saw is noise for the most part, and a crowd
    // of such entries would make any match a chance. NaN: passed over.
    constexpr int some_frames = 8;
    for (Star const& star : stars_) {
        bool const is_proven = star.count >= least && (star.count > 1 || frames_ < some_frames);
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
}  // namespace sectile::astrometry
