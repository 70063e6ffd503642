// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "sectile/solve/star_match.hpp"

namespace sectile::solve
{
using StarPairs = std::vector<std::pair<std::uint32_t, std::uint32_t>>;  ///< (moving, reference)

/// The usable stars of a list in an order that does not depend on how it was given: brightest
/// first, equal ones by y and x.
struct StarList
{
    explicit StarList(std::span<StarPosition const> given);

    [[nodiscard]] std::size_t size() const { return places.size(); }

    std::vector<sky::PixelPos> places;
    std::vector<std::uint32_t> given_index;
    double x_min = 0.0, x_max = 0.0, y_min = 0.0, y_max = 0.0;
};

/// Neighbour search among places, a kd-tree. Not for several threads at once.
class PlaceIndex
{
  public:
    explicit PlaceIndex(std::span<sky::PixelPos const> places);
    PlaceIndex(PlaceIndex const&) = delete;
    PlaceIndex& operator=(PlaceIndex const&) = delete;
    ~PlaceIndex();

    struct Neighbour
    {
        std::uint32_t index = 0;
        double distance_squared = 0.0;
    };
    /// All places within the radius, in an order that depends on the places only.
    [[nodiscard]] std::vector<Neighbour> const& within(sky::PixelPos const& place, double radius);
    /// The `count` nearest places, nearest first (fewer when there are not as many).
    [[nodiscard]] std::vector<Neighbour> const& nearest(sky::PixelPos const& place,
                                                        std::size_t count);

  private:
    struct Tree;
    std::unique_ptr<Tree> tree_;
    std::vector<Neighbour> found_;
};

/// Least-squares similarity (keeping or mirroring the handedness) of moving -> reference. At least
/// two pairs; the identity shape where all moving stars are at one place.
[[nodiscard]] PlaneAffine fit_similarity(StarPairs const& pairs,
                                         std::span<sky::PixelPos const> moving,
                                         std::span<sky::PixelPos const> reference, bool mirrored);

/// Least-squares affine map; a similarity where the stars lie on a line.
[[nodiscard]] PlaneAffine fit_affine(StarPairs const& pairs, std::span<sky::PixelPos const> moving,
                                     std::span<sky::PixelPos const> reference, bool mirrored);

/// What the refinement of one start gave; pairs in the order of the StarLists.
struct Refined
{
    PlaneAffine transform;
    StarPairs pairs;
    double rms = 0.0;
    double radius = 0.0;          ///< within which pairs were looked for at the end
    std::size_t fixed_pairs = 2;  ///< pairs that fix the map: 2 of a similarity, 3 of an affine map
};

/// Pairs mutual nearest neighbours within a radius that shrinks from `radius` to four sigma, and
/// fits them with clipping, until the pairs stay. Only the first `first_moving` and
/// `first_reference` stars take part (reference: those in `index`). Empty pairs when it fails.
[[nodiscard]] Refined refine(StarList const& reference, PlaceIndex& index, StarList const& moving,
                             std::size_t first_moving, PlaneAffine const& start, double radius,
                             std::size_t affine_pairs);

/// From where the map puts a moving star to a reference star, pixels of the reference.
[[nodiscard]] double distance(PlaneAffine const& transform, sky::PixelPos const& moving,
                              sky::PixelPos const& reference);

/// Turns a refinement into the answer: counts the stars in the common area, computes the
/// probability of a chance match among 10^log10_trials starts, and decides.
[[nodiscard]] StarMatch judged(Refined const& refined, StarList const& reference, PlaceIndex& index,
                               StarList const& moving, double log10_trials,
                               MatchAcceptance const& acceptance);

/// log10 of the probability of at least k successes in n trials of probability p.
[[nodiscard]] double log10_binomial_tail(std::size_t k, std::size_t n, double p);
}  // namespace sectile::solve
