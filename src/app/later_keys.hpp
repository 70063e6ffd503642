// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <string>

namespace sectile::app
{
/// Whether a key belongs to a feature that is not there yet (METHODS.md, section 19). Asked only
/// for keys that are in no option table.
[[nodiscard]] bool is_later_key(std::string const& key);
}  // namespace sectile::app
