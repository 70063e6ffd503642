// SPDX-License-Identifier: BSD-3-Clause
#include "measure/sky_model.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <vector>

#include "sectile/core/robust.hpp"

namespace sectile::measure
{
namespace
{
struct Cell
{
    double x, y, value, weight;
};

/// Cells whose level SEP measured (it fills the others from their neighbours), at their centres.
std::vector<Cell> measured_cells(WorkingPlane const& plane, sep_bkg const& background)
{
    constexpr double least_share = 0.5;  // SEP's own
    std::vector<Cell> cells;
    for (int j = 0; j < background.ny; ++j) {
        for (int i = 0; i < background.nx; ++i) {
            int const x0 = i * background.bw;
            int const y0 = j * background.bh;
            int const x1 = std::min(x0 + background.bw, plane.width());
            int const y1 = std::min(y0 + background.bh, plane.height());
            double const share = plane.valid_share(x0, y0, x1, y1);
            if (share >= least_share) {
                cells.push_back({0.5 * (x0 + x1 - 1), 0.5 * (y0 + y1 - 1),
                                 background.back[j * background.nx + i],
                                 share * (x1 - x0) * (y1 - y0)});
            }
        }
    }
    return cells;
}

struct Plane
{
    double level, x, y, slope_x, slope_y;
    [[nodiscard]] double at(Cell const& c) const
    {
        return level + slope_x * (c.x - x) + slope_y * (c.y - y);
    }
};

/// Weighted least squares about the weighted mean position; a slope that the cells do not fix is 0.
Plane least_squares(std::vector<Cell> const& cells, std::vector<double> const& robust)
{
    double w = 0.0;
    double x = 0.0;
    double y = 0.0;
    double v = 0.0;
    for (std::size_t i = 0; i < cells.size(); ++i) {
        double const wi = cells[i].weight * robust[i];
        w += wi;
        x += wi * cells[i].x;
        y += wi * cells[i].y;
        v += wi * cells[i].value;
    }
    Plane plane{v / w, x / w, y / w, 0.0, 0.0};
    double xx = 0.0;
    double xy = 0.0;
    double yy = 0.0;
    double xv = 0.0;
    double yv = 0.0;
    for (std::size_t i = 0; i < cells.size(); ++i) {
        double const wi = cells[i].weight * robust[i];
        double const dx = cells[i].x - plane.x;
        double const dy = cells[i].y - plane.y;
        double const dv = cells[i].value - plane.level;
        xx += wi * dx * dx;
        xy += wi * dx * dy;
        yy += wi * dy * dy;
        xv += wi * dx * dv;
        yv += wi * dy * dv;
    }
    double const determinant = xx * yy - xy * xy;
    if (determinant > 1e-9 * xx * yy && xx > 0.0 && yy > 0.0) {
        plane.slope_x = (xv * yy - yv * xy) / determinant;
        plane.slope_y = (yv * xx - xv * xy) / determinant;
    } else if (xx > 0.0 && xx >= yy) {
        plane.slope_x = xv / xx;
    } else if (yy > 0.0) {
        plane.slope_y = yv / yy;
    }
    return plane;
}

/// Tukey's biweight (Beaton & Tukey 1974), started from plain least squares.
Plane robust_plane(std::vector<Cell> const& cells)
{
    constexpr int rounds = 10;
    std::vector<double> robust(cells.size(), 1.0);
    std::vector<double> sizes(cells.size());
    Plane plane = least_squares(cells, robust);
    for (int round = 0; round < rounds && cells.size() > 3; ++round) {
        for (std::size_t i = 0; i < cells.size(); ++i) {
            sizes[i] = std::abs(cells[i].value - plane.at(cells[i]));
        }
        double const scale = core::sigma_of_mad * core::median_in_place(sizes);
        if (!(scale > 0.0)) {
            break;
        }
        for (std::size_t i = 0; i < cells.size(); ++i) {
            robust[i] = core::tukey_weight(cells[i].value - plane.at(cells[i]), scale);
        }
        plane = least_squares(cells, robust);
    }
    return plane;
}

struct Moments
{
    double squares = 0.0;
    std::int64_t count = 0;

    /// Differences of at most `limit` between pixels `lag` apart of which none is marked.
    void add_row(float const* value, std::uint8_t const* mark, int width, int lag, double limit)
    {
        auto const bound = static_cast<float>(std::min(limit, 1e30));
        double row_squares = 0.0;
        std::int64_t row_count = 0;
#pragma omp simd reduction(+ : row_squares, row_count)
        for (int x = 0; x < width - lag; ++x) {
            float const d = value[x + lag] - value[x];
            bool const use = (mark[x] | mark[x + lag]) == 0 && std::abs(d) <= bound;
            row_squares += use ? static_cast<double>(d) * d : 0.0;
            row_count += use ? 1 : 0;
        }
        squares += row_squares;
        count += row_count;
    }
};

/// `moments(limit)` gives those of differences within the limit; `start` a first sigma, if known.
template <class MomentsWithin>
double clipped_noise(double start, MomentsWithin const& moments)
{
    constexpr double clip = 3.0;
    constexpr double kept_variance = 0.97334;  // of a normal distribution cut at 3 sigma
    constexpr int most_rounds = 30;
    constexpr double settled = 1e-4;
    constexpr std::int64_t least_count = 64;
    double sigma = start > 0.0 ? start * std::sqrt(2.0) : INFINITY;
    for (int round = 0; round < most_rounds; ++round) {
        Moments const m = moments(clip * sigma);
        if (m.count < least_count) {
            return unknown;
        }
        double const next = std::sqrt(m.squares / static_cast<double>(m.count) /
                                      (std::isinf(sigma) ? 1.0 : kept_variance));
        bool const done = std::abs(next - sigma) <= settled * next;
        sigma = next;
        if (done || sigma == 0.0) {
            break;
        }
    }
    return sigma / std::sqrt(2.0);
}

constexpr int lag = 4;  ///< beyond what a debayering or an interpolation shares between pixels

/// Clipped mean of the unmarked pixels in a cell, or NaN when less than a share of them is
/// unmarked.
double clear_mean(WorkingPlane const& plane, int x0, int y0, int x1, int y1, double limit)
{
    constexpr double least_share = 0.15;
    double sum = 0.0;
    std::int64_t count = 0;
    for (int y = y0; y < y1; ++y) {
        for (int x = x0; x < x1; ++x) {
            float const value = plane.row(y)[x];
            bool const use = plane.mark(y)[x] == sky_pixel && std::abs(value) <= limit;
            sum += use ? value : 0.0;
            count += use ? 1 : 0;
        }
    }
    auto const area = static_cast<double>(x1 - x0) * (y1 - y0);
    return static_cast<double>(count) >= least_share * area ? sum / static_cast<double>(count)
                                                            : unknown;
}

/// Level at the centre and gradient of the plane through at least one cell.
SkyModel sky_through(std::vector<Cell> const& cells, WorkingPlane const& plane)
{
    SkyModel sky;
    Plane const fit = robust_plane(cells);
    sky.level = fit.at({0.5 * (plane.width() - 1), 0.5 * (plane.height() - 1), 0.0, 0.0});
    sky.gradient_x = fit.slope_x;
    sky.gradient_y = fit.slope_y;
    return sky;
}
}  // namespace

int mesh_for(int length, int width, int height, int wanted)
{
    constexpr int smallest = 16;
    int const third = (std::min(width, height) + 2) / 3;
    int const side = std::max(smallest, std::min(wanted, third));
    int const cells = std::max(1, (length + side / 2) / side);
    return (length + cells - 1) / cells;
}

SkyModel fit_sky(WorkingPlane const& plane, sep_bkg const& background)
{
    std::vector<Cell> const cells = measured_cells(plane, background);
    return cells.empty() ? SkyModel{} : sky_through(cells, plane);
}

double noise_of(WorkingPlane const& plane, double start)
{
    return clipped_noise(start, [&](double limit) {
        Moments all;
        for (int y = 0; y < plane.height(); ++y) {
            all.add_row(plane.row(y), plane.mark(y), plane.width(), lag, limit);
        }
        return all;
    });
}

double filtered_noise_of(WorkingPlane const& plane, std::vector<float> const& kernel, int side)
{
    int const half = side / 2;
    int const step = plane.height() < 256 ? 1 : 5;
    std::size_t const rows =
        static_cast<std::size_t>(plane.height() - 2 * half) / static_cast<std::size_t>(step) + 1;
    image::Image<float> filtered({0, 0, plane.width(), static_cast<std::int64_t>(rows)}, 1);
    int count = 0;
    for (int y = half; y < plane.height() - half; y += step, ++count) {
        float* const to = filtered.view().row(0, count);
        auto weights = kernel.begin();
        for (int dy = -half; dy <= half; ++dy) {
            for (int dx = -half; dx <= half; ++dx) {
                float const weight = *weights++;
                float const* const from = plane.row(y + dy) + dx;
                for (int x = half; x < plane.width() - half; ++x) {
                    to[x] += weight * from[x];
                }
            }
        }
    }
    return clipped_noise(unknown, [&](double limit) {
        Moments all;
        for (int i = 0; i < count; ++i) {
            all.add_row(filtered.view().row(0, i) + half, plane.mark(half + i * step) + half,
                        plane.width() - 2 * half, lag + side, limit);
        }
        return all;
    });
}

SkyModel leftover_sky(WorkingPlane const& plane, sep_bkg const& background, double noise_sigma)
{
    constexpr double clip = 3.0;
    std::vector<Cell> cells;
    for (int j = 0; j < background.ny; ++j) {
        for (int i = 0; i < background.nx; ++i) {
            int const x0 = i * background.bw;
            int const y0 = j * background.bh;
            int const x1 = std::min(x0 + background.bw, plane.width());
            int const y1 = std::min(y0 + background.bh, plane.height());
            double const mean = clear_mean(plane, x0, y0, x1, y1, clip * noise_sigma);
            if (std::isfinite(mean)) {
                cells.push_back({0.5 * (x0 + x1 - 1), 0.5 * (y0 + y1 - 1), mean,
                                 static_cast<double>(x1 - x0) * (y1 - y0)});
            }
        }
    }
    if (cells.empty()) {
        SkyModel none;
        none.level = none.gradient_x = none.gradient_y = 0.0;
        return none;
    }
    return sky_through(cells, plane);
}
}  // namespace sectile::measure
