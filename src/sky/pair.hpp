// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <array>

namespace sectile::sky
{
/// Two coordinates in the order of the pixel axes.
using Pair = std::array<double, 2>;
}  // namespace sectile::sky
