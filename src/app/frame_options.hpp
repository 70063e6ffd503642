// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "sectile/pipeline/run_config.hpp"

#include "app/table_builder.hpp"

namespace sectile::app
{
/// Options of P1 that name what belongs to frames: master frames, weight maps and masks.
void add_frame_partners(TableBuilder<pipeline::RunConfig>& table);
}  // namespace sectile::app
