// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <string>

namespace sectile::app
{
/// Whether a key is an option of the specification that this version does not offer yet. Asked only
/// for keys that are in no option table.
[[nodiscard]] bool is_later_key(std::string const& key);
}  // namespace sectile::app
