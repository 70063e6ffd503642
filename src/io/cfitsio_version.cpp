// SPDX-License-Identifier: BSD-3-Clause
#include "sectile/io/cfitsio_version.hpp"

#include <cmath>

#include <fitsio.h>

namespace sectile::io
{
std::string cfitsio_version_text()
{
    float version = 0.0F;
    // major + minor / 100 + micro / 10000 (fits_get_version)
    ffvers(&version);
    long const number = std::lround(static_cast<double>(version) * 10000.0);
    return std::to_string(number / 10000) + "." + std::to_string(number / 100 % 100) + "." +
           std::to_string(number % 100);
}
}  // namespace sectile::io
