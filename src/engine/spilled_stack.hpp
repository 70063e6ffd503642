// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <span>

#include "sectile/compute/backend.hpp"
#include "sectile/engine/coadd.hpp"

namespace sectile::engine
{
/// Combines a strip with its stack on disk: every input is read and resampled alone, its samples go
/// into a nameless file in team.scratch, and pieces of the strip are combined from there. Memory:
/// the window and samples of one input, and the samples of a piece. The same bytes as
/// backend.combine() of all windows at once. Throws core::DiskFull when the scratch disk is full,
/// std::bad_alloc, and what reading throws. Not collective.
void combine_on_disk(CoaddJob const& job, Team const& team, compute::Backend& backend,
                     std::span<PlacedSource const* const> inputs, core::Box const& strip,
                     compute::StripOutput const& out, CoaddStatistics& statistics);
}  // namespace sectile::engine
