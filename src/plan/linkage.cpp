// SPDX-License-Identifier: BSD-3-Clause
#include "plan/linkage.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>
#include <map>
#include <memory>

#include <nanoflann.hpp>

#include "plan/disjoint_sets.hpp"

namespace sectile::plan
{
namespace
{
using CellKey = std::array<std::int64_t, 3>;

/// The points of one cell as nanoflann wants to see them.
struct CellCloud
{
    std::span<UnitVector const> points;
    Members members;

    [[nodiscard]] std::size_t kdtree_get_point_count() const { return members.size(); }
    [[nodiscard]] double kdtree_get_pt(std::size_t index, std::size_t axis) const
    {
        UnitVector const& point = points[members[index]];
        return axis == 0 ? point.x : (axis == 1 ? point.y : point.z);
    }
    template <class Bounds>
    bool kdtree_get_bbox(Bounds& /*bounds*/) const
    {
        return false;
    }
};

using CellTree =
    nanoflann::KDTreeSingleIndexAdaptor<nanoflann::L2_Simple_Adaptor<double, CellCloud>, CellCloud,
                                        3>;

struct Cell
{
    CellCloud cloud;
    std::unique_ptr<CellTree> tree;  ///< built when first asked

    [[nodiscard]] double nearest_chord_squared(UnitVector const& point)
    {
        if (!tree) {
            tree =
                std::make_unique<CellTree>(3, cloud, nanoflann::KDTreeSingleIndexAdaptorParams());
            tree->buildIndex();
        }
        std::array const query{point.x, point.y, point.z};
        std::uint32_t index = 0;
        double distance = std::numeric_limits<double>::infinity();
        tree->knnSearch(query.data(), 1, &index, &distance);
        return distance;
    }
};

/// Whether some point of one cell lies within the chord of some point of the other.
bool touch(Cell& a, Cell& b, double limit)
{
    Cell& small = a.cloud.members.size() <= b.cloud.members.size() ? a : b;
    Cell& large = &small == &a ? b : a;
    return std::any_of(small.cloud.members.begin(), small.cloud.members.end(),
                       [&](std::size_t member) {
                           return large.nearest_chord_squared(small.cloud.points[member]) <= limit;
                       });
}

std::vector<Members> collect(DisjointSets& sets, std::size_t count)
{
    std::map<std::size_t, Members> by_root;
    for (std::size_t i = 0; i < count; ++i) {
        by_root[sets.find(i)].push_back(i);
    }
    std::vector<Members> clusters;
    clusters.reserve(by_root.size());
    for (auto& [root, members] : by_root) {
        clusters.push_back(std::move(members));
    }
    return clusters;
}

void join_neighbours(std::map<CellKey, Cell>& cells, DisjointSets& sets, double limit)
{
    for (auto& [key, cell] : cells) {
        for (std::int64_t dx = 0; dx <= 2; ++dx) {
            for (std::int64_t dy = -2; dy <= 2; ++dy) {
                for (std::int64_t dz = -2; dz <= 2; ++dz) {
                    CellKey const other{key[0] + dx, key[1] + dy, key[2] + dz};
                    if (other <= key) {
                        continue;
                    }
                    auto const found = cells.find(other);
                    if (found == cells.end()) {
                        continue;
                    }
                    std::size_t const a = cell.cloud.members.front();
                    std::size_t const b = found->second.cloud.members.front();
                    if (sets.find(a) != sets.find(b) && touch(cell, found->second, limit)) {
                        sets.unite(a, b);
                    }
                }
            }
        }
    }
}

std::vector<UnitVector> starting_centers(std::span<UnitVector const> points, Members const& members,
                                         std::size_t clusters)
{
    std::vector<UnitVector> own(members.size());
    std::transform(members.begin(), members.end(), own.begin(),
                   [&](std::size_t member) { return points[member]; });
    FarthestPair const pair = farthest_pair(own);
    std::vector<UnitVector> centers{own[pair.first], own[pair.second]};
    std::vector<double> nearest(own.size());
    for (std::size_t i = 0; i < own.size(); ++i) {
        nearest[i] = std::min(chord_squared(own[i], centers[0]), chord_squared(own[i], centers[1]));
    }
    while (centers.size() < clusters) {
        auto const farthest = std::max_element(nearest.begin(), nearest.end());
        if (*farthest <= 0.0) {
            break;
        }
        centers.push_back(own[static_cast<std::size_t>(farthest - nearest.begin())]);
        for (std::size_t i = 0; i < own.size(); ++i) {
            nearest[i] = std::min(nearest[i], chord_squared(own[i], centers.back()));
        }
    }
    return centers;
}

std::vector<std::size_t> assigned(std::span<UnitVector const> points, Members const& members,
                                  std::vector<UnitVector> const& centers)
{
    std::vector<std::size_t> cluster_of(members.size(), 0);
    for (std::size_t i = 0; i < members.size(); ++i) {
        double best = std::numeric_limits<double>::infinity();
        for (std::size_t c = 0; c < centers.size(); ++c) {
            double const distance = chord_squared(points[members[i]], centers[c]);
            if (distance < best) {
                best = distance;
                cluster_of[i] = c;
            }
        }
    }
    return cluster_of;
}

void move_centers(std::span<UnitVector const> points, Members const& members,
                  std::vector<std::size_t> const& cluster_of, std::vector<UnitVector>& centers)
{
    std::vector<UnitVector> sums(centers.size());
    for (std::size_t i = 0; i < members.size(); ++i) {
        sums[cluster_of[i]] = sums[cluster_of[i]] + points[members[i]];
    }
    for (std::size_t c = 0; c < centers.size(); ++c) {
        double const length = norm(sums[c]);
        if (length > 0.0) {
            centers[c] = (1.0 / length) * sums[c];
        }
    }
}

std::vector<Members> parts_of(Members const& members, std::vector<std::size_t> const& cluster_of,
                              std::size_t clusters)
{
    std::vector<Members> parts(clusters);
    for (std::size_t i = 0; i < members.size(); ++i) {
        parts[cluster_of[i]].push_back(members[i]);
    }
    std::erase_if(parts, [](Members const& part) { return part.empty(); });
    std::sort(parts.begin(), parts.end());
    return parts;
}
}  // namespace

std::vector<Members> link_points(std::span<UnitVector const> points, double threshold)
{
    double const limit = chord_squared(threshold);
    // A cube whose diagonal is below the chord; the cut at 1e-9 keeps the cell numbers in range.
    double const side = std::max(0.999 * std::sqrt(limit / 3.0), 1e-9);
    bool const cell_is_cluster = side * side * 3.0 <= limit;
    std::map<CellKey, Cell> cells;
    for (std::size_t i = 0; i < points.size(); ++i) {
        auto const bin = [&](double value) {
            return static_cast<std::int64_t>(std::floor(value / side));
        };
        Cell& cell = cells[{bin(points[i].x), bin(points[i].y), bin(points[i].z)}];
        cell.cloud.points = points;
        cell.cloud.members.push_back(i);
    }
    DisjointSets sets(points.size());
    for (auto const& [key, cell] : cells) {
        for (std::size_t const member : cell.cloud.members) {
            std::size_t const first = cell.cloud.members.front();
            if (cell_is_cluster || chord_squared(points[first], points[member]) <= limit) {
                sets.unite(first, member);
            }
        }
    }
    join_neighbours(cells, sets, limit);
    return collect(sets, points.size());
}

std::vector<Members> split_by_k_means(std::span<UnitVector const> points, Members const& members,
                                      std::size_t clusters)
{
    constexpr int most_rounds = 100;
    if (members.size() < 2 || clusters < 2) {
        return {members};
    }
    std::vector<UnitVector> centers = starting_centers(points, members, clusters);
    std::vector<std::size_t> const first = assigned(points, members, centers);
    std::vector<std::size_t> cluster_of = first;
    for (int round = 0; round < most_rounds; ++round) {
        move_centers(points, members, cluster_of, centers);
        std::vector<std::size_t> const next = assigned(points, members, centers);
        if (next == cluster_of) {
            break;
        }
        cluster_of = next;
    }
    std::vector<Members> parts = parts_of(members, cluster_of, centers.size());
    return parts.size() > 1 ? parts : parts_of(members, first, centers.size());
}
}  // namespace sectile::plan
