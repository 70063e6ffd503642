// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <string>

#include "sectile/core/ids.hpp"

/// Rejection maps (METHODS.md, section 15.5) are products: two files per master tile in
/// OUTPUT/rejection, on the grid of the tile, that stay when the tile itself is removed.
namespace sectile::product
{
/// How the names of the two maps of a tile end.
inline constexpr char const* low_map_ending = ".low.fits";
inline constexpr char const* high_map_ending = ".high.fits";

/// Folder of the maps in an output directory.
[[nodiscard]] std::string rejection_folder(std::string const& output);

/// The two maps of one master tile.
struct RejectionMapNames
{
    std::string low;
    std::string high;
};

/// tile_NNNNN.low.fits and .high.fits of a group's master tile.
[[nodiscard]] RejectionMapNames rejection_map_names(std::string const& output, core::GroupId group);

/// Rank 0, before the tiles of a run that makes maps: makes the folder. Throws core::IoError.
void make_rejection_folder(std::string const& output);

/// Rank 0, at the end of a good run that made maps of `tiles` master tiles: removes the maps of an
/// earlier run that do not belong to this one, which would be taken for its own. Says so in the
/// log.
void remove_other_maps(std::string const& output, std::size_t tiles);

/// Checks all maps of an output directory: checksums, the two maps of a tile of one size, fractions
/// from 0 to 1 that leave a survivor, empty in the same pixels. Returns a line for the user, empty
/// where there are no maps. Throws core::IoError with the first thing that is wrong.
[[nodiscard]] std::string verify_rejection_maps(std::string const& output);
}  // namespace sectile::product
