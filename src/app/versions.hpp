// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <string>

namespace sectile::app
{
/// Text of `sectile --version`: the program, the libraries it runs with, and the CUDA build.
[[nodiscard]] std::string version_text();
}  // namespace sectile::app
