// SPDX-License-Identifier: BSD-3-Clause
#include "sectile/solve/plane_fit.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <vector>

#include "sectile/core/error.hpp"
#include "sectile/core/robust.hpp"

namespace sectile::solve
{
namespace
{
constexpr int iterations = 20;
/// Fewer points than this fix a level, not a slope.
constexpr std::size_t least_points_for_slopes = 8;

/// Weighted first and second moments of the points about their weighted mean.
struct Moments
{
    double weight = 0.0, x = 0.0, y = 0.0, value = 0.0;
    double xx = 0.0, xy = 0.0, yy = 0.0, xv = 0.0, yv = 0.0;

    Moments(std::span<PlanePoint const> points, std::vector<double> const& weights)
    {
        for (std::size_t i = 0; i < points.size(); ++i) {
            weight += weights[i];
            x += weights[i] * points[i].x;
            y += weights[i] * points[i].y;
            value += weights[i] * points[i].value;
        }
        x /= weight;
        y /= weight;
        value /= weight;
        for (std::size_t i = 0; i < points.size(); ++i) {
            double const dx = points[i].x - x;
            double const dy = points[i].y - y;
            double const dv = points[i].value - value;
            xx += weights[i] * dx * dx;
            xy += weights[i] * dx * dy;
            yy += weights[i] * dy * dy;
            xv += weights[i] * dx * dv;
            yv += weights[i] * dy * dv;
        }
    }
};

/// Slopes of the weighted plane; both 0 with infinite variance factors if the points do not fix
/// both.
void solve_slopes(Moments const& m, bool wanted, PlaneFit& fit, double& x_variance,
                  double& y_variance)
{
    constexpr double infinite = std::numeric_limits<double>::infinity();
    double const determinant = m.xx * m.yy - m.xy * m.xy;
    x_variance = infinite;
    y_variance = infinite;
    fit.slope_x = 0.0;
    fit.slope_y = 0.0;
    if (!wanted || !(determinant > 1e-9 * (m.xx + m.yy) * (m.xx + m.yy))) {
        return;
    }
    fit.slope_x = (m.yy * m.xv - m.xy * m.yv) / determinant;
    fit.slope_y = (m.xx * m.yv - m.xy * m.xv) / determinant;
    x_variance = m.yy / determinant;
    y_variance = m.xx / determinant;
}
}  // namespace

PlaneFit fit_plane(std::span<PlanePoint const> points)
{
    core::require(!points.empty(), "a plane is fitted to points");
    std::vector<double> values;
    for (PlanePoint const& point : points) {
        values.push_back(point.value);
    }
    PlaneFit fit;
    fit.level = core::median_in_place(values);
    bool const slopes = points.size() >= least_points_for_slopes;
    double scale = 0.0;
    std::vector<double> weights(points.size(), 1.0);
    std::vector<double> residuals(points.size());
    for (int iteration = 0; iteration < iterations; ++iteration) {
        for (std::size_t i = 0; i < points.size(); ++i) {
            residuals[i] = std::abs(points[i].value - fit.at(points[i].x, points[i].y));
        }
        std::vector<double> distances = residuals;
        scale = core::sigma_of_mad * core::median_in_place(distances);
        for (std::size_t i = 0; i < points.size(); ++i) {
            weights[i] = core::tukey_weight(residuals[i], scale);
        }
        Moments const moments(points, weights);
        double x_variance = 0.0;
        double y_variance = 0.0;
        solve_slopes(moments, slopes, fit, x_variance, y_variance);
        fit.level = moments.value;
        fit.x_ref = moments.x;
        fit.y_ref = moments.y;
        fit.level_sigma = scale / std::sqrt(moments.weight);
        fit.slope_x_sigma = std::isfinite(x_variance) ? scale * std::sqrt(x_variance) : x_variance;
        fit.slope_y_sigma = std::isfinite(y_variance) ? scale * std::sqrt(y_variance) : y_variance;
    }
    return fit;
}
}  // namespace sectile::solve
