// SPDX-License-Identifier: BSD-3-Clause
#include "sectile/core/event_count.hpp"

#include <array>
#include <atomic>

namespace sectile::core
{
namespace
{
std::array<std::atomic<std::int64_t>, event_kinds> counts{};

std::atomic<std::int64_t>& count_of(Event event) noexcept
{
    return counts[static_cast<std::size_t>(event)];
}
}  // namespace

void count_event(Event event) noexcept
{
    count_of(event).fetch_add(1, std::memory_order_relaxed);
}

std::int64_t events_so_far(Event event) noexcept
{
    return count_of(event).load(std::memory_order_relaxed);
}

char const* name_of(Event event) noexcept
{
    switch (event) {
        case Event::header_scan:
            return "header_scan";
        case Event::tile_partner_scan:
            return "tile_partner_scan";
        case Event::pixel_open:
            return "pixel_open";
        case Event::placement:
            return "placement";
    }
    return "";
}

void reset_events() noexcept
{
    for (auto& count : counts) {
        count.store(0, std::memory_order_relaxed);
    }
}
}  // namespace sectile::core
