// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <functional>
#include <vector>

#include "sectile/comm/communicator.hpp"
#include "sectile/plan/frame_record.hpp"

/// Stars are most of a record. They stay on the rank that measured them until they are needed.
namespace sectile::pipeline
{
/// The records of all ranks, numbered in the order of ranks and of `own`, on every rank; but the
/// stars only of its own. `expected`: of how many records there will be about. *Collective*.
[[nodiscard]] std::vector<plan::FrameRecord> gather_records(comm::Communicator const& comm,
                                                            std::vector<plan::FrameRecord> own,
                                                            std::size_t expected);

/// While one lives, every rank has the stars of all frames; afterwards those that it had.
class SharedStars
{
  public:
    /// *Collective*.
    SharedStars(comm::Communicator const& comm, std::vector<plan::FrameRecord>& frames);
    ~SharedStars();
    SharedStars(SharedStars const&) = delete;
    SharedStars& operator=(SharedStars const&) = delete;

  private:
    std::vector<plan::FrameRecord>& frames_;
    std::vector<std::size_t> lent_;  ///< indices of those that came from another rank
};

/// Brings the stars of every frame from a rank that has them to rank needed_by(index), the same on
/// every rank, unless it has them; -1: nobody needs them. Nothing else moves. *Collective*.
void send_stars(comm::Communicator const& comm, std::vector<plan::FrameRecord>& frames,
                std::function<int(std::size_t)> const& needed_by);
}  // namespace sectile::pipeline
