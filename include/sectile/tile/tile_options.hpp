// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>

#include "sectile/compute/recipe.hpp"
#include "sectile/engine/placed_source.hpp"

namespace sectile::tile
{
/// How frames of a group are brought to one level.
enum class Normalize : std::uint8_t
{
    none,
    sky_mean,
    linear_fit
};

/// How frames or tiles are weighted, matched and combined in one kind of coadd.
struct StackOptions
{
    Normalize normalize = Normalize::linear_fit;
    engine::Weighting weighting = engine::Weighting::noise_variance;
    compute::CombineRecipe combine{.rejection = compute::Rejection::winsorized_sigma_clip};
    bool rejection_maps = false;  ///< what rejection removed is a product too
};

/// Weight that falls toward the corners of each frame (apply_radial_weight).
struct RadialWeightOptions
{
    bool apply = false;
    double fraction = 0.8;  ///< radial_feather_fraction, of half the diagonal
    double power = 2.0;     ///< radial_shape_power, of the cosine
};

/// Less weight in the mosaic for the thin corners of a tile, which few frames cover. Harmless where
/// nothing else lies: the weight stays positive and no pixel is lost.
struct AltazOptions
{
    bool cleanup = true;         ///< altaz_cleanup_enabled
    double min_coverage = 0.15;  ///< altaz_min_coverage, of the tile's maximum
};
}  // namespace sectile::tile
