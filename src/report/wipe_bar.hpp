// SPDX-License-Identifier: BSD-3-Clause
#pragma once

namespace sectile::report
{
/// Wipes the bar that make_progress() gave this process, if one is drawn. Before any other line on
/// the terminal. Thread-safe.
void wipe_bar();
}  // namespace sectile::report
