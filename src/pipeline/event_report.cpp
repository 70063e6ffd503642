// SPDX-License-Identifier: BSD-3-Clause
#include "pipeline/event_report.hpp"

#include <string>

#include <fmt/format.h>

#include "sectile/core/event_count.hpp"

namespace sectile::pipeline
{
void report_events(Context& context)
{
    std::string counts;
    for (std::size_t i = 0; i < core::event_kinds; ++i) {
        auto const event = static_cast<core::Event>(i);
        counts += fmt::format(R"({}"{}":{})", counts.empty() ? "" : ",", core::name_of(event),
                              comm::all_reduce_sum(context.world, core::events_so_far(event)));
    }
    context.report.set("counts", "{" + counts + "}");
}
}  // namespace sectile::pipeline
