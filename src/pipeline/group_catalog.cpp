// SPDX-License-Identifier: BSD-3-Clause
#include "pipeline/group_catalog.hpp"

#include <algorithm>
#include <cmath>
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
            double const t = (0.5 * total - middle_before) / std::max(middle - middle_before, 1e-300);
            return previous + t * (entry.ratio - previous);
        }
        previous = entry.ratio;
        middle_before = middle;
        sum += entry.weight;
    }
    return previous;
}
}

void GroupCatalog::add(std::vector<plan::FrameStar> const& stars,
                       std::vector<sky::PixelPos> const& places,
                       std::vector<std::pair<std::uint32_t, std::uint32_t>> const& pairs,
                       std::array<double, 3> const& scale)
{
    std::vector<std::size_t> target(stars.size(), SIZE_MAX);
    for (auto const& [own, known] : pairs) {
        target[own] = known;
    }
    for (std::size_t i = 0; i < stars.size(); ++i) {
        bool const is_new = target[i] == SIZE_MAX;
        if (!std::isfinite(places[i].x) || !std::isfinite(places[i].y) ||
            (is_new && stars_.size() >= most_stars)) {
            continue;
        }
        Star& star = is_new ? stars_.emplace_back() : stars_[target[i]];
        ++star.count;
        double const share = 1.0 / star.count;
        star.x += share * (places[i].x - star.x);
        star.y += share * (places[i].y - star.y);
        star.order += share * (static_cast<double>(i) - star.order);
        for (std::size_t c = 0; c < star.flux.size(); ++c) {
            double const flux = scale[c] * stars[i].flux[c];
            if (std::isfinite(flux)) {
                ++star.flux_count[c];
                star.flux[c] += (flux - star.flux[c]) / star.flux_count[c];
            }
        }
    }
}

std::vector<solve::StarPosition> GroupCatalog::positions() const
{
    std::vector<solve::StarPosition> positions;
    positions.reserve(stars_.size());
    for (Star const& star : stars_) {
        positions.push_back({star.x, star.y, -star.order});
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
