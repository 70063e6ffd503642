// SPDX-License-Identifier: BSD-3-Clause
#include "plan/tile_outliers.hpp"

#include <algorithm>
#include <map>
#include <utility>

#include "plan/disjoint_sets.hpp"
#include "plan/grid_outline.hpp"
#include "plan/sphere.hpp"

namespace sectile::plan
{
namespace
{
using Members = std::vector<std::size_t>;

std::vector<Cap> caps_of(std::vector<GridInput> const& inputs)
{
    std::vector<Cap> caps;
    caps.reserve(inputs.size());
    for (GridInput const& input : inputs) {
        Cap cap{to_vector(input.center), 0.0};
        for (sky::SkyCoord const& point : input.edge) {
            cap.radius = std::max(cap.radius, separation(cap.center, to_vector(point)));
        }
        caps.push_back(cap);
    }
    return caps;
}

/// Clusters of neighbours, the one with most inputs first, then by smallest index.
std::vector<Members> clusters_of(std::vector<Cap> const& caps)
{
    DisjointSets sets(caps.size());
    for (std::size_t i = 0; i < caps.size(); ++i) {
        for (std::size_t j = i + 1; j < caps.size(); ++j) {
            double const near = 2.0 * (caps[i].radius + caps[j].radius);
            // A chord is never longer than its arc, so this is the angle test without a root.
            if (chord_squared(caps[i].center, caps[j].center) <= near * near) {
                sets.unite(i, j);
            }
        }
    }
    std::map<std::size_t, Members> by_root;
    for (std::size_t i = 0; i < caps.size(); ++i) {
        by_root[sets.find(i)].push_back(i);
    }
    std::vector<Members> clusters;
    for (auto& [root, members] : by_root) {
        clusters.push_back(std::move(members));
    }
    std::stable_sort(clusters.begin(), clusters.end(),
                     [](Members const& a, Members const& b) { return a.size() > b.size(); });
    return clusters;
}

/// Area of the bounding rectangle on the Lambert equal-area plane about the middle of the inputs.
double canvas_area(std::vector<GridInput> const& inputs, Members const& members)
{
    std::vector<GridInput> part;
    for (std::size_t const member : members) {
        part.push_back(inputs[member]);
    }
    std::vector<UnitVector> const points = outline_directions(part);
    sky::SkyCoord const middle = to_sky(enclosing_cap(points).center);
    UnitVector const center = to_vector(middle);
    UnitVector const east{-std::sin(middle.lon.radians()), std::cos(middle.lon.radians()), 0.0};
    UnitVector const north = cross(center, east);
    std::vector<PlanePoint> plane;
    for (UnitVector const& point : points) {
        double const stretch = std::sqrt(2.0 / std::max(1.0 + dot(point, center), 1e-12));
        plane.push_back({stretch * dot(point, east), stretch * dot(point, north)});
    }
    return extent_of(plane, 0.0, false).area();
}
}  // namespace

Outliers find_outliers(std::vector<GridInput> const& inputs)
{
    std::vector<Members> const clusters = clusters_of(caps_of(inputs));
    std::size_t const few = std::max<std::size_t>(1, inputs.size() / 20);
    Outliers outliers;
    std::vector<Members> apart;
    Members mosaic;
    bool const has_mosaic = clusters.size() == 1 || clusters[0].size() > clusters[1].size();
    for (std::size_t i = 0; i < clusters.size(); ++i) {
        bool const far =
            clusters[i].size() <= few && clusters.size() > 1 && !(i == 0 && has_mosaic);
        if (far) {
            apart.push_back(clusters[i]);
            outliers.far_away.insert(outliers.far_away.end(), clusters[i].begin(),
                                     clusters[i].end());
        } else {
            mosaic.insert(mosaic.end(), clusters[i].begin(), clusters[i].end());
        }
    }
    std::sort(outliers.far_away.begin(), outliers.far_away.end());
    if (mosaic.empty()) {
        return outliers;
    }
    double const area = canvas_area(inputs, mosaic);
    for (Members const& cluster : apart) {
        Members with = mosaic;
        with.insert(with.end(), cluster.begin(), cluster.end());
        if (canvas_area(inputs, with) > 2.0 * area) {
            outliers.to_drop.insert(outliers.to_drop.end(), cluster.begin(), cluster.end());
        }
    }
    std::sort(outliers.to_drop.begin(), outliers.to_drop.end());
    return outliers;
}
}  // namespace sectile::plan
