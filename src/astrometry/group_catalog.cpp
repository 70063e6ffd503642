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

}  // namespace sectile::astrometry
