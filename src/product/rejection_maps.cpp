// SPDX-License-Identifier: BSD-3-Clause
#include "sectile/product/rejection_maps.hpp"

#include <filesystem>
#include <optional>
#include <regex>
#include <system_error>
#include <utility>

#include <fmt/format.h>

#include "sectile/core/error.hpp"
#include "sectile/core/log.hpp"

namespace sectile::product
{
namespace
{
namespace fs = std::filesystem;

/// The tile a map, finished or left half-written by a run that was killed, belongs to; nothing for
/// other files.
std::optional<unsigned long> tile_of(std::string const& name)
{
    static std::regex const pattern(R"(\.?tile_([0-9]{5,9})\.(low|high)\.fits(\.part)?)");
    std::smatch match;
    if (!std::regex_match(name, match, pattern)) {
        return std::nullopt;
    }
    return std::stoul(match[1].str());
}
}  // namespace

std::string rejection_folder(std::string const& output)
{
    return (fs::path(output) / "rejection").string();
}

RejectionMapNames rejection_map_names(std::string const& output, core::GroupId group)
{
    std::string const stem = fmt::format("{}/tile_{:05}", rejection_folder(output), group.value);
    return {stem + low_map_ending, stem + high_map_ending};
}

void make_rejection_folder(std::string const& output)
{
    std::string const folder = rejection_folder(output);
    std::error_code error;
    fs::create_directories(folder, error);
    if (error || !fs::is_directory(folder)) {
        throw core::IoError(core::sentence(
            "the folder " + folder + " cannot be made",
            error ? error.message() : "a file of this name is in its place", "check --output"));
    }
}

void remove_other_maps(std::string const& output, std::size_t tiles)
{
    fs::path const folder = rejection_folder(output);
    std::error_code ignored;
    std::vector<fs::path> others;
    for (auto const& entry : fs::directory_iterator(folder, ignored)) {
        auto const tile = tile_of(entry.path().filename().string());
        if (tile && *tile >= tiles) {
            others.push_back(entry.path());
        }
    }
    for (fs::path const& other : others) {
        fs::remove(other, ignored);
    }
    if (!others.empty()) {
        core::log_world(core::LogLevel::info,
                        fmt::format("{} rejection maps of an earlier run were removed from {}",
                                    others.size(), folder.string()));
        // Only an empty folder goes.
        fs::remove(folder, ignored);
    }
}
}  // namespace sectile::product
