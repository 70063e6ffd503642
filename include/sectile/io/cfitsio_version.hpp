// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <string>

namespace sectile::io
{
/// Version of the CFITSIO library that is linked, "4.2.0".
[[nodiscard]] std::string cfitsio_version_text();
}  // namespace sectile::io
