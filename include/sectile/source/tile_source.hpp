// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <memory>
#include <string>

#include "sectile/source/pixel_source.hpp"

namespace sectile::source
{
/// A tile on disk is several FITS files, so that all planes stream at once: NAME.fits (science),
/// NAME.weight.fits (inverse variance), NAME.coverage.fits (frames) and, one plane, NAME.alpha.fits
/// (factor of the weight in a mosaic, see tile/tile_alpha.hpp). The partner names are those SWarp
/// uses for weights.
struct TileFiles
{
    std::string science;
    std::string weight;
    std::string coverage;
    std::string alpha;
};
[[nodiscard]] TileFiles tile_files(std::string const& science_path);

/// Looks for the partner files of a tile and puts what their headers say into its header; a file
/// that is not there is no partner. Throws core::InputError when one cannot be used. Thread-safe.
void find_tile_partners(sky::FrameHeader& tile);

/// A master tile with the partners that its header names; a missing one means 1 everywhere. Opens
/// nothing before read().
[[nodiscard]] std::shared_ptr<PixelSource const> make_tile_source(sky::FrameHeader header);
}  // namespace sectile::source
