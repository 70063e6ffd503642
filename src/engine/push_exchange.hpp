// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "sectile/comm/communicator.hpp"
#include "sectile/compute/source_window.hpp"
#include "sectile/engine/coadd.hpp"

namespace sectile::engine
{
/// The samples of one round on their way from the home ranks of the sources to the owners of the
/// strips (push route). Every rank knows from the plan which block comes from where, so that
/// messages carry nothing but samples: C planes of values, weights, coverage and (for rejection)
/// noise of the block's box.
class PushRound
{
  public:
    /// Resamples this rank's sources for every strip of the round. Not collective.
    PushRound(CoaddJob const& job, Team const& team, compute::Backend& backend,
              plan::Decomposition const& decomposition, std::size_t round,
              CoaddStatistics& statistics);

    /// *Collective*: starts the messages.
    void start();
    /// Returns when all have arrived; afterwards blocks() holds the samples for this rank's strip.
    void wait(CoaddStatistics& statistics);  ///< once is enough
    void wait_if(bool is_needed, CoaddStatistics& statistics);
    [[nodiscard]] std::vector<compute::StripSource> blocks() const;

  private:
    struct Block
    {
        PlacedSource const* input = nullptr;
        int peer = 0;  ///< receiver of an outgoing block, sender of an incoming one
        core::Box box;
        std::vector<float, core::BufferAllocator<float>>
            samples;  ///< value, weight, coverage, noise planes
    };
    void resample(Block& block, CoaddStatistics& statistics);

    CoaddJob const& job_;
    Team const& team_;
    compute::Backend& backend_;
    std::vector<Block> outgoing_;
    std::vector<Block> incoming_;
    std::optional<comm::Exchange> exchange_;
};
}  // namespace sectile::engine
