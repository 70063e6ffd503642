// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "sectile/plan/canvas_grid.hpp"

#include "plan/grid_cards.hpp"
#include "plan/sphere.hpp"

/// Outlines of the inputs in the plane of a candidate grid. Private to the layer.
namespace sectile::plan
{
/// Points in pixels of the grid that has north up, east left and its origin at CRVAL.
using PlanePoint = std::array<double, 2>;

/// Rectangle in such a plane.
struct PlaneExtent
{
    double x_min = 0.0;
    double x_max = 0.0;
    double y_min = 0.0;
    double y_max = 0.0;
    [[nodiscard]] double area() const { return (x_max - x_min) * (y_max - y_min); }
};

/// Centres and outlines of all inputs as directions.
[[nodiscard]] std::vector<UnitVector> outline_directions(std::vector<GridInput> const& inputs);

/// Outlines of the inputs projected by a north-up grid of this projection, reference and scale.
/// Outlines are refined by great-circle midpoints; in whole-sky projections those that cross the
/// seam opposite the reference, or hold a pole, get the points on the seam and at the pole. Throws
/// core::ConfigError when the projection cannot show a point.
[[nodiscard]] std::vector<PlanePoint> project_outlines(std::vector<GridInput> const& inputs,
                                                       GridPlacement const& north_up);

/// Extent after turning the axes to position angle `angle` (radians, x axis flipped when mirrored).
[[nodiscard]] PlaneExtent extent_of(std::vector<PlanePoint> const& points, double angle,
                                    bool mirrored);

/// Position angle in [-45, 45] degrees (radians) of the rectangle of least area around the points:
/// one of its sides lies on the convex hull (Freeman & Shapira 1975). 0 unless turning helps.
[[nodiscard]] double angle_of_least_area(std::vector<PlanePoint> const& points);
}  // namespace sectile::plan
