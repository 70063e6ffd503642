// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "sectile/engine/coadd.hpp"
#include "sectile/engine/strip_pixels.hpp"

#include "engine/ladder.hpp"
#include "engine/push_exchange.hpp"

namespace sectile::engine
{
/// Makes the strips of this rank as the ladder says: on the device or not, with stacks in memory or
/// on disk. Not collective; throws what reading, the device or memory throws, and leaves nothing
/// behind then.
class StripMaker
{
  public:
    /// `batch`: source windows of a running mean that are read at once.
    StripMaker(CoaddJob const& job, Team const& team, std::size_t batch, Ladder const& ladder,
               CoaddStatistics& statistics);

    /// From windows that are read here (pull route).
    [[nodiscard]] StripPixels make(core::Box const& strip) const;
    /// From samples that have arrived (push route).
    [[nodiscard]] StripPixels make_from(PushRound const& round, core::Box const& strip) const;

  private:
    void add_in_batches(std::span<PlacedSource const* const> inputs, core::Box const& strip,
                        StripPixels& result) const;

    CoaddJob const& job_;
    Team const& team_;
    std::size_t batch_;
    Ladder const& ladder_;
    CoaddStatistics& statistics_;
};
}  // namespace sectile::engine
