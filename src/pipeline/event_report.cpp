// SPDX-License-Identifier: BSD-3-Clause
#include "pipeline/event_report.hpp"

#include <nlohmann/json.hpp>

#include "sectile/core/event_count.hpp"

namespace sectile::pipeline
{
void report_events(Context& context)
{
    nlohmann::json counts;
    for (std::size_t i = 0; i < core::event_kinds; ++i) {
        auto const event = static_cast<core::Event>(i);
        counts[core::name_of(event)] =
            comm::all_reduce_sum(context.world, core::events_so_far(event));
    }
    context.report.set("counts", counts.dump());
}
}  // namespace sectile::pipeline
