// SPDX-License-Identifier: BSD-3-Clause
#include "sectile/sky/wcslib_version.hpp"

#include <wcslib/wcs.h>

namespace sectile::sky
{
std::string wcslib_version_text()
{
    return wcslib_version(nullptr);
}
}  // namespace sectile::sky
