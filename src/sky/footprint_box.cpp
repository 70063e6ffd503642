// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <vector>

#include "sectile/sky/make_grid_map.hpp"

namespace sectile::sky
{
namespace
{
/// A rectangle of source pixels in continuous coordinates.
struct Patch
{
    double x0, y0, x1, y1;
};

/// Extent of positions in destination pixels.
struct Extent
{
    double x0 = std::numeric_limits<double>::infinity();
    double y0 = std::numeric_limits<double>::infinity();
    double x1 = -std::numeric_limits<double>::infinity();
    double y1 = -std::numeric_limits<double>::infinity();

    void add(PixelPos const& p, PixelPos const& grown)
    {
        x0 = std::min(x0, p.x - grown.x);
        y0 = std::min(y0, p.y - grown.y);
        x1 = std::max(x1, p.x + grown.x);
        y1 = std::max(y1, p.y + grown.y);
    }
    [[nodiscard]] double size() const { return std::max(x1 - x0, y1 - y0); }
};

bool finite(PixelPos const& p)
{
    return std::isfinite(p.x) && std::isfinite(p.y);
}

/// Finds the extent by dividing the source into patches until each maps almost linearly or is
/// small.
class FootprintSearch
{
  public:
    FootprintSearch(SkyWcs const& destination, SkyWcs const& source)
        : destination_(destination), source_(source)
    {
        double const ratio = source.pixel_scale().radians() / destination.pixel_scale().radians();
        // A scale of no meaning must not poison the box; the patches then end at their own size.
        scale_ = std::isfinite(ratio) ? ratio : 1.0;
    }

    void add(Patch const& patch, int depth)
    {
        std::array<PixelPos, 9> const mapped = map(patch);
        auto const valid = std::count_if(mapped.begin(), mapped.end(), finite);
        double const side = std::max(patch.x1 - patch.x0, patch.y1 - patch.y0);
        if (valid == 9 && depth >= min_depth) {
            double const bend = bend_of(mapped);
            Extent local;
            for (PixelPos const& p : mapped) {
                local.add(p, {});
            }
            if (bend <= std::max(1.0, max_bend * local.size())) {
                take(mapped, {bend, bend});
                return;
            }
        }
        if (depth >= max_depth || side <= smallest_side ||
            (valid == 0 && depth >= min_depth_of_nothing)) {
            take(mapped, gap_of(mapped, side * scale_));
            return;
        }
        double const xm = 0.5 * (patch.x0 + patch.x1);
        double const ym = 0.5 * (patch.y0 + patch.y1);
        add({patch.x0, patch.y0, xm, ym}, depth + 1);
        add({xm, patch.y0, patch.x1, ym}, depth + 1);
        add({patch.x0, ym, xm, patch.y1}, depth + 1);
        add({xm, ym, patch.x1, patch.y1}, depth + 1);
    }
    [[nodiscard]] Extent const& extent() const { return extent_; }

  private:
    static constexpr int min_depth = 1;
    static constexpr int min_depth_of_nothing = 4;
    static constexpr int max_depth = 9;
    static constexpr double smallest_side = 8.0;  ///< source pixels
    static constexpr double max_bend = 0.02;      ///< of the extent of a patch

    /// The 3 x 3 lattice of the patch, borders included, row by row.
    [[nodiscard]] std::array<PixelPos, 9> map(Patch const& patch) const
    {
        std::array<PixelPos, 9> pixels;
        std::array<SkyCoord, 9> sky;
        for (std::size_t i = 0; i < 9; ++i) {
            double const fx = 0.5 * static_cast<double>(i % 3);
            std::size_t const row = i / 3;
            double const fy = 0.5 * static_cast<double>(row);
            pixels[i] = {patch.x0 + fx * (patch.x1 - patch.x0),
                         patch.y0 + fy * (patch.y1 - patch.y0)};
        }
        source_.pixel_to_sky(pixels, sky);
        destination_.sky_to_pixel(sky, pixels);
        return pixels;
    }

    /// Largest distance of a midpoint from the middle of its neighbours: how far the true outline
    /// of the patch can lie outside of its samples.
    static double bend_of(std::array<PixelPos, 9> const& p)
    {
        constexpr std::array<std::array<std::size_t, 3>, 8> lines{{{0, 1, 2},
                                                                   {3, 4, 5},
                                                                   {6, 7, 8},
                                                                   {0, 3, 6},
                                                                   {1, 4, 7},
                                                                   {2, 5, 8},
                                                                   {0, 4, 8},
                                                                   {2, 4, 6}}};
        double bend = 0.0;
        for (auto const& [a, b, c] : lines) {
            bend = std::max({bend, std::fabs(p[b].x - 0.5 * (p[a].x + p[c].x)),
                             std::fabs(p[b].y - 0.5 * (p[a].y + p[c].y))});
        }
        return bend;
    }
    /// How far a patch that is torn by the seam or holds a pole may reach beyond its samples: twice
    /// the usual distance of neighbours (the median, which the torn pairs do not move), and no less
    /// than `least`.
    static PixelPos gap_of(std::array<PixelPos, 9> const& p, double least)
    {
        std::vector<double> across;
        std::vector<double> along;
        auto const compare = [&](std::size_t a, std::size_t b) {
            if (finite(p[a]) && finite(p[b])) {
                across.push_back(std::fabs(p[a].x - p[b].x));
                along.push_back(std::fabs(p[a].y - p[b].y));
            }
        };
        for (std::size_t i = 0; i < 3; ++i) {
            for (std::size_t j = 0; j < 2; ++j) {
                compare(3 * i + j, 3 * i + j + 1);
                compare(3 * j + i, 3 * j + i + 3);
            }
        }
        auto const median = [](std::vector<double>& values) {
            auto const middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
            std::nth_element(values.begin(), middle, values.end());
            return values.empty() ? 0.0 : *middle;
        };
        return {std::max(least, 2.0 * median(across)), std::max(least, 2.0 * median(along))};
    }
    void take(std::array<PixelPos, 9> const& mapped, PixelPos const& grown)
    {
        for (PixelPos const& p : mapped) {
            if (finite(p)) {
                extent_.add(p, grown);
            }
        }
    }

    SkyWcs const& destination_;
    SkyWcs const& source_;
    double scale_ = 1.0;
    Extent extent_;
};
}  // namespace

core::Box footprint_box(SkyWcs const& destination, core::Box const& canvas, SkyWcs const& source,
                        int margin)
{
    FootprintSearch search(destination, source);
    search.add({-0.5, -0.5, static_cast<double>(source.width()) - 0.5,
                static_cast<double>(source.height()) - 0.5},
               0);
    Extent const& extent = search.extent();
    if (!(extent.x0 <= extent.x1)) {
        return {};
    }
    // Positions far away are cut so that they stay representable; the canvas is nearer.
    auto const cut = [](double value) {
        return static_cast<std::int64_t>(std::clamp(value, -1e15, 1e15));
    };
    core::Box const touched{cut(std::floor(extent.x0 + 0.5)), cut(std::floor(extent.y0 + 0.5)),
                            cut(std::floor(extent.x1 + 0.5)) + 1,
                            cut(std::floor(extent.y1 + 0.5)) + 1};
    return touched.grown_by(margin).clipped_to(canvas);
}
}  // namespace sectile::sky
