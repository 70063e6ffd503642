// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <functional>
#include <vector>

#include "sectile/comm/communicator.hpp"
#include "sectile/plan/frame_record.hpp"

namespace sectile::pipeline
{
/// Calls handle(record, rank that had it) on every rank for the records of all ranks, in the order
/// of ranks. *Collective*. The packed records of one rank are held at a time: with thousands of
/// frames each copy of the list counts. A single rank packs nothing.
void for_each_record(comm::Communicator const& comm, std::vector<plan::FrameRecord> own,
                     std::function<void(plan::FrameRecord, int)> const& handle);
}  // namespace sectile::pipeline
