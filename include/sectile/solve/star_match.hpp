// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "sectile/sky/sky_wcs.hpp"

namespace sectile::solve
{
/// A detected star: position in 0-based pixels, flux in any unit (only its order counts).
struct StarPosition
{
    double x = 0.0;
    double y = 0.0;
    double flux = 0.0;
};

/// Affine map of the plane: x' = xx x + xy y + x0, y' = yx x + yy y + y0.
struct PlaneAffine
{
    double xx = 1.0, xy = 0.0, x0 = 0.0;
    double yx = 0.0, yy = 1.0, y0 = 0.0;

    [[nodiscard]] sky::PixelPos apply(sky::PixelPos const& p) const
    {
        return {xx * p.x + xy * p.y + x0, yx * p.x + yy * p.y + y0};
    }
    [[nodiscard]] double determinant() const { return xx * yy - xy * yx; }
    /// The map back. Throws core::InputError when there is none: singular or not finite.
    [[nodiscard]] PlaneAffine inverse() const;
    /// First `inner`, then this.
    [[nodiscard]] PlaneAffine compose(PlaneAffine const& inner) const;
    /// Geometric mean scale, |determinant|^(1/2).
    [[nodiscard]] double scale() const;
    /// Larger over smaller singular value: 1 for rotation, scale and mirror; infinite if singular.
    [[nodiscard]] double anisotropy() const;
};

/// Result of a registration. `transform` and `pairs` are the best attempt where it was refused.
struct StarMatch
{
    PlaneAffine transform;  ///< moving -> reference
    /// Indices (moving, reference) into the lists as given, ascending, each star at most once.
    std::vector<std::pair<std::uint32_t, std::uint32_t>> pairs;
    double rms = 0.0;  ///< root mean square distance of the pairs, reference px, 2-D per star
    bool accepted = false;
    std::string reason;  ///< why it was refused; empty when accepted
    /// log10 of the probability that unrelated lists give as many pairs somewhere in the search.
    double log10_false_alarm = 0.0;
    std::size_t overlap_stars = 0;  ///< stars of the poorer list inside the common area
};

/// When a registration is believed. The pairs must be at least
///   max(min(least_pairs, 0.6 n), least_fraction n, 4),
/// n being the stars of the poorer list inside the common area: with ten stars or more that is
/// `least_pairs`, while a list of five stars can match at all.
struct MatchAcceptance
{
    double max_rms = 0.5;  ///< px; or what the median of the brighter half says
    std::size_t least_pairs = 6;
    double least_fraction = 0.2;
    double log10_false_alarm = -6.0;
    double max_anisotropy = 1.05;  ///< no camera shears: more is a chance fit
};

struct NearOptions
{
    double search_radius = 20.0;  ///< px: error of the guess at the middle of the common area
    double max_rotation = 0.6;    ///< degrees: error of its rotation
    std::size_t vote_stars =
        2000;  ///< brightest of each list that vote; time grows with its square
    std::size_t affine_pairs = 20;  ///< as many pairs allow an affine map; fewer a similarity
    MatchAcceptance acceptance = {};
};

struct PatternOptions
{
    double min_scale = 0.8;  ///< reference px per moving px
    double max_scale = 1.25;
    bool allow_mirror = false;
    std::size_t pattern_stars = 80;  ///< brightest of each list in the first attempt
    std::size_t affine_pairs = 20;
    MatchAcceptance acceptance = {};
};

/// Registration with a guess (of the WCS): a histogram of the shifts of all near pairs, for a row
/// of rotations about the guess, gives the start; mutual nearest neighbours within a shrinking
/// radius and a sigma-clipped fit of a similarity or affine map give the result. Stars with a
/// position or flux that is not finite are passed over. Pure and deterministic; the order of stars
/// of equal flux does not matter.
[[nodiscard]] StarMatch match_near(std::span<StarPosition const> reference,
                                   std::span<StarPosition const> moving, PlaneAffine const& guess,
                                   NearOptions const& options = {});

/// Registration without a guess: any shift and rotation, scale inside the limits, mirrored only
/// when allowed. Triangles of neighbours among the bright stars of both lists with equal ratios of
/// sides (Groth 1986, AJ 91, 1244) each propose a similarity; where proposals agree, the map is
/// verified against all stars as in match_near. More stars are taken when the first attempt finds
/// nothing. Pure and deterministic; the order of stars of equal flux does not matter.
[[nodiscard]] StarMatch match_pattern(std::span<StarPosition const> reference,
                                      std::span<StarPosition const> moving,
                                      PatternOptions const& options = {});
}  // namespace sectile::solve
