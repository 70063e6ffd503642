// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace sectile::report
{
/// "0-3,7", after some hundred characters " and 12 more". `ranks` ascend.
[[nodiscard]] std::string rank_list(std::vector<int> const& ranks);

/// Text as it travels and is kept: whole up to some hundred bytes, else cut.
[[nodiscard]] std::string shortened(std::string_view text);
}  // namespace sectile::report
