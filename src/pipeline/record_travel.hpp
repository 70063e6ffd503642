// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <functional>
#include <vector>

#include "sectile/comm/communicator.hpp"
#include "sectile/plan/frame_record.hpp"

namespace sectile::pipeline
{
/// Calls handle(record, rank that had it) on every rank for the records of all ranks, in the order
/// of ranks. *Collective*. Unpacks one rank's records at a time; a single rank packs nothing.
void for_each_record(comm::Communicator const& comm, std::vector<plan::FrameRecord> own,
                     std::function<void(plan::FrameRecord, int)> const& handle);
}  // namespace sectile::pipeline
