// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdlib>
#include <filesystem>
#include <optional>
#include <string>

namespace sectile::test
{
/// Folder `name` of the real images, or nothing where they are not installed.
inline std::optional<std::filesystem::path> test_data(std::string const& name)
{
    char const* const root = std::getenv("SECTILE_TEST_DATA");
    if (root == nullptr) {
        return std::nullopt;
    }
    std::filesystem::path const folder = std::filesystem::path(root) / name;
    return std::filesystem::exists(folder) ? std::optional(folder) : std::nullopt;
}
}  // namespace sectile::test
