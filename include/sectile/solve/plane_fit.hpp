// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <span>

namespace sectile::solve
{
/// A value measured at a place.
struct PlanePoint
{
    double x = 0.0;
    double y = 0.0;
    double value = 0.0;
};

/// value(x, y) = level + slope_x * (x - x_ref) + slope_y * (y - y_ref), with standard errors. The
/// reference is the weighted mean position, where level and slopes are uncorrelated.
struct PlaneFit
{
    double level = 0.0;
    double slope_x = 0.0;
    double slope_y = 0.0;
    double x_ref = 0.0;
    double y_ref = 0.0;
    double level_sigma = 0.0;
    double slope_x_sigma = 0.0;  ///< infinite when the points do not fix the slopes
    double slope_y_sigma = 0.0;

    [[nodiscard]] double at(double x, double y) const
    {
        return level + slope_x * (x - x_ref) + slope_y * (y - y_ref);
    }
};

/// Robust plane through scattered points: least squares reweighted by Tukey's biweight (Beaton &
/// Tukey 1974, c = 4.685) with the scale from the median absolute residual, starting from the
/// median level without slope. Fewer than 8 points, and points on a line or at one place, fix the
/// level only: both slopes are 0 with infinite errors. At least one point. Pure, deterministic.
[[nodiscard]] PlaneFit fit_plane(std::span<PlanePoint const> points);
}  // namespace sectile::solve
