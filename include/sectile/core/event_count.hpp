// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <cstdint>

/// Counts of costly steps of this process, for the report and for tests that say how often they may
/// happen. Always on: an event is one relaxed addition.
namespace sectile::core
{
enum class Event : std::uint8_t
{
    header_scan,        ///< a file was read for the headers of its images
    tile_partner_scan,  ///< one of these was the weight, coverage or alpha of a master tile
    pixel_open,         ///< an image was opened for its pixels
    placement           ///< a source of a coadd was placed on a grid, with its map spacing
};
inline constexpr std::size_t event_kinds = 4;

/// Thread-safe.
void count_event(Event event) noexcept;

/// Since the start of the process or the last reset_events(). Thread-safe.
[[nodiscard]] std::int64_t events_so_far(Event event) noexcept;

/// As in the report: the name of the enumerator.
[[nodiscard]] char const* name_of(Event event) noexcept;

/// All counts start again at 0. Thread-safe.
void reset_events() noexcept;
}  // namespace sectile::core
