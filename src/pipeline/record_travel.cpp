// SPDX-License-Identifier: BSD-3-Clause
#include "pipeline/record_travel.hpp"

#include <utility>

namespace sectile::pipeline
{
void for_each_record(comm::Communicator const& comm, std::vector<plan::FrameRecord> own,
                     std::function<void(plan::FrameRecord, int)> const& handle)
{
    auto const hand_over = [&](std::vector<plan::FrameRecord> records, int rank) {
        for (plan::FrameRecord& record : records) {
            handle(std::move(record), rank);
        }
    };
    if (comm.size() == 1) {
        hand_over(std::move(own), 0);
        return;
    }
    std::vector<std::byte> packed = plan::pack(own);
    own = {};
    for (int rank = 0; rank < comm.size(); ++rank) {
        std::vector<std::byte> part;
        if (rank == comm.rank()) {
            part = std::exchange(packed, {});
        }
        comm::broadcast(comm, part, rank);
        hand_over(plan::unpack(part), rank);
    }
}
}  // namespace sectile::pipeline
