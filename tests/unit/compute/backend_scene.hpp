// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <memory>
#include <vector>

#include "scene.hpp"

/// The scene that backends are compared on.
namespace sectile::compute::testing
{
inline constexpr core::Box canvas{-20, -15, 320, 57};

/// Sky with stars about as sharp as seeing makes them: a sum of waves that kernels can follow.
inline double wavy_sky(int plane, double x, double y)
{
    return 1000.0 + 100.0 * plane +
           200.0 * std::sin(0.9 * x + 0.3 * y) * std::cos(0.7 * y - 0.2 * x);
}

struct SceneOptions
{
    int planes = 1;
    double hole_share = 0.0;
    bool has_weight = false;
    bool has_coverage = false;
    bool has_photometry = false;
    int count = 4;
};

/// Sources with rotated, scaled and shifted maps over the canvas, edges inside it.
inline std::vector<std::unique_ptr<SourceImage>> make_sources(SceneOptions const& options)
{
    std::vector<std::unique_ptr<SourceImage>> sources;
    for (int s = 0; s < options.count; ++s) {
        auto const id = static_cast<std::uint32_t>(s);
        core::Box const frame{0, 0, 230 + 7 * s, 150 - 5 * s};
        Affine const affine =
            Affine::rotation(-4.0 + 5.3 * s, 0.9 + 0.05 * s, 3.3 - 9.1 * s, 20.7 + 3.0 * s);
        auto source = std::make_unique<SourceImage>(
            core::SourceId{id}, frame, options.planes, make_map(affine, canvas, 16),
            [&](int c, std::int64_t x, std::int64_t y) {
                auto const seed = pixel_seed(id, 0, x, y);
                bool const is_hole = uniform(seed) < options.hole_share;
                return is_hole ? NAN
                               : wavy_sky(c, static_cast<double>(x), static_cast<double>(y)) +
                                     gaussian(seed);
            });
        for (int c = 0; c < options.planes; ++c) {
            auto const plane = static_cast<std::size_t>(c);
            if (options.has_photometry) {
                source->photometry[plane] = {1.1 - 0.1 * s, 5.0 * c - s, 0.01 * s,
                                             -0.02,         150.0,       50.0};
            }
            source->weight_scale[plane] = 0.5 + 0.25 * s + 0.1 * c;
            source->noise_sigma[plane] = options.has_weight ? 0.0 : 10.0;
        }
        if (options.has_weight) {
            source->set_weight([&](int, std::int64_t x, std::int64_t y) {
                auto const seed = pixel_seed(id + 100, 0, x, y);
                return uniform(seed) < 0.01 ? 0.0 : 0.01 * (1.0 + uniform(seed + 1));
            });
        }
        if (options.has_coverage) {
            source->set_coverage([&](int, std::int64_t x, std::int64_t y) {
                return 1.0 + static_cast<double>((x / 16 + y / 16 + s) % 5);
            });
        }
        sources.push_back(std::move(source));
    }
    return sources;
}

inline CoaddRecipe recipe_of(ResampleKernel kernel)
{
    CoaddRecipe recipe;
    recipe.resample.kernel = kernel;
    return recipe;
}

inline CoaddRecipe robust_recipe(Rejection rejection, FinalCombine final_combine)
{
    CoaddRecipe recipe = recipe_of(ResampleKernel::lanczos3);
    recipe.combine.rejection = rejection;
    recipe.combine.final_combine = final_combine;
    recipe.feather = 12.0;
    return recipe;
}
}  // namespace sectile::compute::testing
