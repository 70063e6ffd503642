// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "sectile/pipeline/run_config.hpp"

#include "app/table_builder.hpp"

namespace sectile::app
{
/// Options of P1: colours, hot pixels, quality, registration, master frames, weight maps, masks.
void add_frame_preparation(TableBuilder<pipeline::RunConfig>& table);

/// Options of the external programs that find a WCS, in sections of their own.
void add_solvers(TableBuilder<pipeline::RunConfig>& table);
}  // namespace sectile::app
