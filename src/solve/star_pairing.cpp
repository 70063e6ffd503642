// SPDX-License-Identifier: BSD-3-Clause
#include "solve/star_pairing.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <tuple>

#include <nanoflann.hpp>

#include "sectile/core/robust.hpp"

namespace sectile::solve
{
namespace
{
constexpr double clip = 3.5;            ///< sigma per axis; loses 0.2 % of good pairs
constexpr double least_sigma = 0.02;    ///< px: below this clipping would sort rounding errors
constexpr double least_radius = 1.0;    ///< px
constexpr double largest_radius = 2.0;  ///< px, at the end: 4 sigma of the largest rms accepted
constexpr double shrink = 0.7;          ///< of the radius per pass
constexpr int most_passes = 40;

struct Cloud
{
    std::span<sky::PixelPos const> places;

    [[nodiscard]] std::size_t kdtree_get_point_count() const { return places.size(); }
    [[nodiscard]] double kdtree_get_pt(std::size_t index, std::size_t axis) const
    {
        return axis == 0 ? places[index].x : places[index].y;
    }
    template <class Bounds>
    bool kdtree_get_bbox(Bounds& /*bounds*/) const
    {
        return false;
    }
};

struct Means
{
    double x = 0.0, y = 0.0, u = 0.0, v = 0.0;  ///< moving (x, y), reference (u, v)

    Means(StarPairs const& pairs, std::span<sky::PixelPos const> moving,
          std::span<sky::PixelPos const> reference)
    {
        for (auto const& [m, r] : pairs) {
            x += moving[m].x;
            y += moving[m].y;
            u += reference[r].x;
            v += reference[r].y;
        }
        auto const n = static_cast<double>(pairs.size());
        x /= n;
        y /= n;
        u /= n;
        v /= n;
    }
    /// The map with this matrix that takes mean to mean.
    [[nodiscard]] PlaneAffine with(double xx, double xy, double yx, double yy) const
    {
        return {xx, xy, u - xx * x - xy * y, yx, yy, v - yx * x - yy * y};
    }
};

/// Mutual nearest neighbours, ascending in the moving star.
StarPairs mutual_pairs(StarList const& reference, PlaceIndex& index, StarList const& moving,
                       std::size_t first_moving, PlaneAffine const& transform, double radius)
{
    constexpr double infinite = std::numeric_limits<double>::infinity();
    constexpr std::uint32_t none = std::numeric_limits<std::uint32_t>::max();
    std::vector<std::uint32_t> owner(reference.size(), none);
    std::vector<double> owner_distance(reference.size(), infinite);
    std::vector<std::uint32_t> choice(first_moving, none);
    for (std::uint32_t m = 0; m < first_moving; ++m) {
        double best = infinite;
        for (auto const& [r, d] : index.within(transform.apply(moving.places[m]), radius)) {
            if (std::tie(d, r) < std::tie(best, choice[m])) {
                best = d;
                choice[m] = r;
            }
            if (d < owner_distance[r]) {
                owner_distance[r] = d;
                owner[r] = m;
            }
        }
    }
    StarPairs pairs;
    for (std::uint32_t m = 0; m < first_moving; ++m) {
        if (choice[m] != none && owner[choice[m]] == m) {
            pairs.emplace_back(m, choice[m]);
        }
    }
    return pairs;
}

/// Fits the pairs and drops outliers until none is left; returns sigma per axis.
double fit_clipped(StarPairs& pairs, StarList const& reference, StarList const& moving,
                   bool mirrored, std::size_t affine_pairs, PlaneAffine& transform)
{
    double sigma = 0.0;
    for (int pass = 0; pass < 10; ++pass) {
        bool const affine = pairs.size() >= affine_pairs;
        transform = affine ? fit_affine(pairs, moving.places, reference.places, mirrored)
                           : fit_similarity(pairs, moving.places, reference.places, mirrored);
        std::vector<double> distances;
        distances.reserve(pairs.size());
        for (auto const& [m, r] : pairs) {
            distances.push_back(distance(transform, moving.places[m], reference.places[r]));
        }
        // The fit has taken up part of the scatter: 4 or 6 of 2 n degrees of freedom.
        auto const n = static_cast<double>(pairs.size());
        double const freedom = std::max(1.0 - (affine ? 3.0 : 2.0) / n, 0.2);
        std::vector<double> sorted = distances;
        sigma = std::max(core::median_in_place(sorted) / core::rayleigh_median / std::sqrt(freedom),
                         least_sigma);
        StarPairs kept;
        for (std::size_t i = 0; i < pairs.size(); ++i) {
            if (distances[i] <= clip * sigma) {
                kept.push_back(pairs[i]);
            }
        }
        if (kept.size() == pairs.size() || kept.size() < 3) {
            break;
        }
        pairs = std::move(kept);
    }
    return sigma;
}
}  // namespace

StarList::StarList(std::span<StarPosition const> given)
{
    for (std::uint32_t i = 0; i < given.size(); ++i) {
        if (std::isfinite(given[i].x) && std::isfinite(given[i].y) &&
            std::isfinite(given[i].flux)) {
            given_index.push_back(i);
        }
    }
    std::stable_sort(given_index.begin(), given_index.end(),
                     [&given](std::uint32_t a, std::uint32_t b) {
                         return std::tuple(-given[a].flux, given[a].y, given[a].x) <
                                std::tuple(-given[b].flux, given[b].y, given[b].x);
                     });
    for (std::uint32_t const i : given_index) {
        places.push_back({given[i].x, given[i].y});
    }
    if (places.empty()) {
        return;
    }
    x_min = x_max = places.front().x;
    y_min = y_max = places.front().y;
    for (sky::PixelPos const& place : places) {
        x_min = std::min(x_min, place.x);
        x_max = std::max(x_max, place.x);
        y_min = std::min(y_min, place.y);
        y_max = std::max(y_max, place.y);
    }
}

struct PlaceIndex::Tree
{
    using Index = nanoflann::KDTreeSingleIndexAdaptor<nanoflann::L2_Simple_Adaptor<double, Cloud>,
                                                      Cloud, 2, std::uint32_t>;
    explicit Tree(std::span<sky::PixelPos const> places)
        : cloud{places}, index(2, cloud, nanoflann::KDTreeSingleIndexAdaptorParams())
    {
        index.buildIndex();
    }
    Cloud cloud;
    Index index;
    std::vector<std::pair<std::uint32_t, double>> found;
    std::vector<std::uint32_t> near_index;
    std::vector<double> near_distance;
};

double distance(PlaneAffine const& transform, sky::PixelPos const& moving,
                sky::PixelPos const& reference)
{
    sky::PixelPos const place = transform.apply(moving);
    return std::hypot(place.x - reference.x, place.y - reference.y);
}

PlaceIndex::PlaceIndex(std::span<sky::PixelPos const> places)
    : tree_(places.empty() ? nullptr : std::make_unique<Tree>(places))
{}
PlaceIndex::~PlaceIndex() = default;

std::vector<PlaceIndex::Neighbour> const& PlaceIndex::within(sky::PixelPos const& place,
                                                             double radius)
{
    found_.clear();
    if (tree_ != nullptr && std::isfinite(place.x) && std::isfinite(place.y)) {
        std::array const query{place.x, place.y};
        nanoflann::SearchParams params;
        params.sorted = false;
        tree_->index.radiusSearch(query.data(), radius * radius, tree_->found, params);
        for (auto const& [index, squared] : tree_->found) {
            found_.push_back({index, squared});
        }
    }
    return found_;
}

std::vector<PlaceIndex::Neighbour> const& PlaceIndex::nearest(sky::PixelPos const& place,
                                                              std::size_t count)
{
    found_.clear();
    if (tree_ != nullptr && std::isfinite(place.x) && std::isfinite(place.y)) {
        std::array const query{place.x, place.y};
        tree_->near_index.resize(count);
        tree_->near_distance.resize(count);
        std::size_t const found = tree_->index.knnSearch(
            query.data(), count, tree_->near_index.data(), tree_->near_distance.data());
        for (std::size_t i = 0; i < found; ++i) {
            found_.push_back({tree_->near_index[i], tree_->near_distance[i]});
        }
    }
    return found_;
}

PlaneAffine fit_similarity(StarPairs const& pairs, std::span<sky::PixelPos const> moving,
                           std::span<sky::PixelPos const> reference, bool mirrored)
{
    Means const mean(pairs, moving, reference);
    // Mirrored: the same with y of the moving star turned round.
    double const turn = mirrored ? -1.0 : 1.0;
    double along = 0.0;
    double across = 0.0;
    double square = 0.0;
    for (auto const& [m, r] : pairs) {
        double const x = moving[m].x - mean.x;
        double const y = turn * (moving[m].y - mean.y);
        double const u = reference[r].x - mean.u;
        double const v = reference[r].y - mean.v;
        along += x * u + y * v;
        across += x * v - y * u;
        square += x * x + y * y;
    }
    if (!(square > 0.0)) {
        return mean.with(1.0, 0.0, 0.0, turn);
    }
    double const a = along / square;
    double const b = across / square;
    return mean.with(a, -b * turn, b, a * turn);
}

PlaneAffine fit_affine(StarPairs const& pairs, std::span<sky::PixelPos const> moving,
                       std::span<sky::PixelPos const> reference, bool mirrored)
{
    Means const mean(pairs, moving, reference);
    double xx = 0.0, xy = 0.0, yy = 0.0, xu = 0.0, yu = 0.0, xv = 0.0, yv = 0.0;
    for (auto const& [m, r] : pairs) {
        double const x = moving[m].x - mean.x;
        double const y = moving[m].y - mean.y;
        double const u = reference[r].x - mean.u;
        double const v = reference[r].y - mean.v;
        xx += x * x;
        xy += x * y;
        yy += y * y;
        xu += x * u;
        yu += y * u;
        xv += x * v;
        yv += y * v;
    }
    double const determinant = xx * yy - xy * xy;
    // A band of stars a hundred times longer than wide says nothing about the scale across it.
    if (!(determinant > 1e-4 * (xx + yy) * (xx + yy))) {
        return fit_similarity(pairs, moving, reference, mirrored);
    }
    return mean.with((xu * yy - yu * xy) / determinant, (yu * xx - xu * xy) / determinant,
                     (xv * yy - yv * xy) / determinant, (yv * xx - xv * xy) / determinant);
}

Refined refine(StarList const& reference, PlaceIndex& index, StarList const& moving,
               std::size_t first_moving, PlaneAffine const& start, double radius,
               std::size_t affine_pairs)
{
    bool const mirrored = start.determinant() < 0.0;
    Refined refined;
    refined.transform = start;
    refined.radius = radius;
    StarPairs before;
    bool settled = false;
    for (int pass = 0; pass < most_passes; ++pass) {
        refined.pairs =
            mutual_pairs(reference, index, moving, first_moving, refined.transform, refined.radius);
        if (refined.pairs.size() < 3) {
            refined.pairs.clear();
            return refined;
        }
        StarPairs const found = refined.pairs;
        double const sigma = fit_clipped(refined.pairs, reference, moving, mirrored, affine_pairs,
                                         refined.transform);
        if (settled && found == before) {
            break;
        }
        before = found;
        // Wrong pairs in a crowd keep sigma large: the radius shrinks whatever sigma says.
        double const goal = std::clamp(4.0 * sigma, least_radius, largest_radius);
        if (!settled) {
            settled = shrink * refined.radius <= goal;
            refined.radius = settled ? goal : shrink * refined.radius;
        }
    }
    double sum = 0.0;
    for (auto const& [m, r] : refined.pairs) {
        double const d = distance(refined.transform, moving.places[m], reference.places[r]);
        sum += d * d;
    }
    refined.rms = std::sqrt(sum / static_cast<double>(refined.pairs.size()));
    refined.fixed_pairs = refined.pairs.size() >= affine_pairs ? 3 : 2;
    return refined;
}
}  // namespace sectile::solve
