// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <string>

namespace sectile::sky
{
/// Version of the WCSLIB library that is linked, "7.12".
[[nodiscard]] std::string wcslib_version_text();
}  // namespace sectile::sky
