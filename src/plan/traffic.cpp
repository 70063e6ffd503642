// SPDX-License-Identifier: BSD-3-Clause
#include "sectile/plan/traffic.hpp"

#include <algorithm>
#include <vector>

namespace sectile::plan
{
namespace
{
/// Strips, `step` pixels long from `origin`, that the interval [from, to) touches.
std::int64_t strips_touched(std::int64_t from, std::int64_t to, std::int64_t origin,
                            std::int64_t step)
{
    return (to - 1 - origin) / step - (from - origin) / step + 1;
}
}  // namespace

Traffic push_traffic(std::span<SentFootprint const> sources, Decomposition const& decomposition,
                     std::int64_t rows, std::int64_t columns, int ranks_per_node, int floats)
{
    // Bands lie in the order of the ranks; the empty ones would break the search.
    std::vector<int> owners;
    for (std::size_t rank = 0; rank < decomposition.bands.size(); ++rank) {
        if (!decomposition.bands[rank].empty()) {
            owners.push_back(static_cast<int>(rank));
        }
    }
    auto const band_of = [&](int owner) {
        return decomposition.bands[static_cast<std::size_t>(owner)];
    };
    Traffic traffic;
    for (SentFootprint const& input : sources) {
        auto at =
            std::upper_bound(owners.begin(), owners.end(), input.footprint.y0,
                             [&](std::int64_t row, int owner) { return row < band_of(owner).y1; });
        for (; at != owners.end() && band_of(*at).y0 < input.footprint.y1; ++at) {
            core::Box const band = band_of(*at);
            core::Box const part = input.footprint.clipped_to(band);
            if (part.empty() || *at == input.home) {
                continue;
            }
            std::int64_t const messages = strips_touched(part.y0, part.y1, band.y0, rows) *
                                          strips_touched(part.x0, part.x1, band.x0, columns);
            std::int64_t const bytes =
                part.area() * floats * static_cast<std::int64_t>(sizeof(float));
            traffic.messages += messages;
            traffic.bytes += bytes;
            if (*at / ranks_per_node != input.home / ranks_per_node) {
                traffic.messages_between_nodes += messages;
                traffic.bytes_between_nodes += bytes;
            }
        }
    }
    return traffic;
}
}  // namespace sectile::plan
