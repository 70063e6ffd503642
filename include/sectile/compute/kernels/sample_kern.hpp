// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cmath>

#include "sectile/compute/kernels/host_device.hpp"
#include "sectile/compute/kernels/trigonometry_kern.hpp"
#include "sectile/compute/source_window.hpp"

namespace sectile::compute::kernels
{
/// Outer edges of a source image as source coordinates: pixel centres are whole numbers.
struct FrameEdges
{
    double left;
    double right;
    double bottom;
    double top;

    [[nodiscard]] static FrameEdges of(core::Box const& frame)
    {
        return {static_cast<double>(frame.x0) - 0.5, static_cast<double>(frame.x1) - 0.5,
                static_cast<double>(frame.y0) - 0.5, static_cast<double>(frame.y1) - 0.5};
    }
    /// False for NaN.
    [[nodiscard]] SECTILE_HOST_DEVICE bool contains(double x, double y) const
    {
        return x >= left && x < right && y >= bottom && y < top;
    }
};

/// Photometric correction of one interpolated value, in double. With flux conservation the result
/// is multiplied by `area`, the area of the destination pixel in source pixels, so that the offset
/// is in the units of the source's pixels.
struct ApplyPhotometry
{
    Photometry photometry;

    [[nodiscard]] SECTILE_HOST_DEVICE double operator()(double value, double x, double y,
                                                        double area) const
    {
        double const sky = photometry.offset + photometry.slope_x * (x - photometry.x_ref) +
                           photometry.slope_y * (y - photometry.y_ref);
        return (photometry.gain * value + sky) * area;
    }
};

/// Taper of the weight toward the frame's edge: cos^2(pi/2 (1 - d/width)) = sin^2(pi/2 d/width) for
/// a distance d < width from the nearest edge, 1 further inside. Analytic: it does not depend on
/// the window.
struct Feather
{
    FrameEdges edges;
    double width;  ///< source pixels; 0: no taper

    [[nodiscard]] SECTILE_HOST_DEVICE double operator()(double x, double y) const
    {
        double const dx = x - edges.left < edges.right - x ? x - edges.left : edges.right - x;
        double const dy = y - edges.bottom < edges.top - y ? y - edges.bottom : edges.top - y;
        double const distance = dx < dy ? dx : dy;
        double const share = distance < width ? distance / width : 1.0;
        double const sine = sin_pi_reduced(0.5 * share);
        return width > 0.0 ? sine * sine : 1.0;
    }
};

/// RadialTaper of the recipe at a source position. Power 2, the default, is free of library
/// functions.
struct RadialWeight
{
    FrameEdges edges;
    RadialTaper taper;

    [[nodiscard]] SECTILE_HOST_DEVICE double operator()(double x, double y) const
    {
        double const half_width = 0.5 * (edges.right - edges.left);
        double const half_height = 0.5 * (edges.top - edges.bottom);
        double const dx = x - edges.left - half_width;
        double const dy = y - edges.bottom - half_height;
        double const radius =
            std::sqrt((dx * dx + dy * dy) / (half_width * half_width + half_height * half_height));
        if (!(radius > taper.fraction)) {
            return 1.0;
        }
        double const left = (1.0 - radius) / (1.0 - taper.fraction);
        double const cosine = sin_pi_reduced(0.5 * (left > 0.0 ? left : 0.0));
        return taper.power == 2.0 ? cosine * cosine : std::pow(cosine, taper.power);
    }
};
}  // namespace sectile::compute::kernels
