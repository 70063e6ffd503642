// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdlib>
#include <filesystem>
#include <optional>
#include <string>

namespace sectile::test
{
/// Folder of the real images: SECTILE_TEST_DATA, else ../shared/data beside the repository.
inline std::filesystem::path test_data()
{
    char const* const named = std::getenv("SECTILE_TEST_DATA");
    return named != nullptr ? named : "../shared/data";
}

/// Its folder `name`, or nothing where it is not installed.
inline std::optional<std::filesystem::path> test_data(std::string const& name)
{
    std::filesystem::path const folder = test_data() / name;
    return std::filesystem::exists(folder) ? std::optional(folder) : std::nullopt;
}
}  // namespace sectile::test
