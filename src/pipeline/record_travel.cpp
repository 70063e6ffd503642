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
    int rank = 0;
    for (auto& part : comm::all_gather(comm, plan::pack(own))) {
        hand_over(plan::unpack(part), rank++);
        part = {};
    }
}
}  // namespace sectile::pipeline
