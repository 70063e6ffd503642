// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "pipeline/context.hpp"

namespace sectile::pipeline
{
/// At the end of a run, also of one whose failure all ranks agreed on: notes, warnings, times and
/// results of plans of all ranks come into the report of rank 0, and their lines for the log into
/// its file. What all send together is bounded, however many they are. *Collective*.
void gather_ranks(Context& context, report::LogFile& log);
}  // namespace sectile::pipeline
