// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <span>

#include "sectile/core/box.hpp"
#include "sectile/plan/decomposition.hpp"

namespace sectile::plan
{
/// What travels between ranks in one coadd: a message is the samples of one source for one strip.
struct Traffic
{
    std::int64_t messages = 0;
    std::int64_t bytes = 0;
    std::int64_t messages_between_nodes = 0;
    std::int64_t bytes_between_nodes = 0;
};

/// Where the samples of a source come from and where they fall.
struct SentFootprint
{
    core::Box footprint;  ///< destination pixels
    int home = 0;         ///< rank that sends them
};

/// Messages of the push route for a decomposition whose strips are `rows` x `columns`; `floats` per
/// pixel of a source. Pure.
[[nodiscard]] Traffic push_traffic(std::span<SentFootprint const> sources,
                                   Decomposition const& decomposition, std::int64_t rows,
                                   std::int64_t columns, int ranks_per_node, int floats);
}  // namespace sectile::plan
