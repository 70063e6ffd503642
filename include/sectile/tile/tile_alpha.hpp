// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "sectile/image/image.hpp"
#include "sectile/sky/frame_header.hpp"

namespace sectile::tile
{
/// How much a tile's pixels count in a mosaic, beyond their inverse variance.
struct AlphaRecipe
{
    /// Pixels over which alpha rises from an edge of the data to 1, as cos^2; 0: no taper.
    double feather = 0.0;
    /// Where fewer than this share of the tile's highest coverage lies, alpha falls as cos^2 with
    /// the coverage (the thin corners that field rotation leaves); 0: nowhere.
    double min_coverage = 0.0;
};

/// Rows of the tile's coverage: fills `rows`, whose box says which.
using CoverageReader = std::function<void(image::ImageView<float> rows)>;
/// Takes finished rows of alpha, one plane, in ascending order.
using AlphaWriter = std::function<void(image::ImageView<float const> rows)>;

/// Alpha of a tile of `width` x `height` pixels whose coverage has `planes` planes:
///
///     alpha = sin^2(pi/2 min(1, (d - 1/2) / feather)) * sin^2(pi/2 min(1, c / (min_coverage * C)))
///
/// d: Euclidean distance from the pixel's centre to that of the nearest pixel without data in some
/// plane (all pixels beyond the tile are without data); pixels that lack only some planes have
/// d = 1. c: coverage, the largest of the planes; C: its maximum over the tile. Every pixel with
/// data in any plane gets more than 0, all others 0: alpha weighs tiles against each other and
/// loses no pixel.
///
/// The distance is exact, by the separable transform of Meijster, Roerdink & Hesselink (2000,
/// Mathematical Morphology and its Applications 18, 331) in whole numbers, limited to the feather:
/// rows are streamed with that many rows of look-ahead. Holds blocks of `rows_per_block` rows and
/// five bytes per pixel of the look-ahead; the result does not depend on the blocks. The coverage
/// is read once, and once more before when min_coverage is in use.
void make_tile_alpha(std::int64_t width, std::int64_t height, int planes, AlphaRecipe const& recipe,
                     std::int64_t rows_per_block, CoverageReader const& read,
                     AlphaWriter const& write);

/// Writes the alpha of a finished tile from its coverage, both where the header of the tile names
/// them. Throws core::IoError.
void write_tile_alpha(sky::FrameHeader const& tile, AlphaRecipe const& recipe,
                      std::int64_t rows_per_block);
}  // namespace sectile::tile
