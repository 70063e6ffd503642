// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "pipeline/context.hpp"

namespace sectile::pipeline
{
/// Puts the events of all ranks (core/event_count.hpp), summed, into the report: "counts".
/// *Collective*.
void report_events(Context& context);
}  // namespace sectile::pipeline
