// SPDX-License-Identifier: BSD-3-Clause
#include "sectile/tile/tile_noise.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>

#include "sectile/core/robust.hpp"
#include "sectile/plan/recorded_noise.hpp"
#include "sectile/source/tile_source.hpp"

namespace sectile::tile
{
namespace
{
constexpr int lags = image::NoiseCovariance::lags;
constexpr std::int64_t most_bands = 8;
constexpr std::int64_t band_rows = 4;  ///< and those a lag below
constexpr std::int64_t wanted_pairs = 16'000;
constexpr std::size_t least_pairs = 200;

/// Differences of the pixels of one plane, by lag.
class LagDifferences
{
  public:
    LagDifferences(int plane, std::int64_t step) : plane_(plane), step_(step) {}

    void add(source::SourcePixels const& band, core::Box const& box)
    {
        auto const science = band.science.view();
        auto const weight = band.weight.view();
        int const weight_plane = weight.planes == 1 ? 0 : plane_;
        auto const add_pair = [&](std::int64_t x, std::int64_t y, int dx, int dy) {
            if (x + dx < box.x0 || x + dx >= box.x1) {
                return;
            }
            double const v = 1.0 / static_cast<double>(weight.at(weight_plane, x, y)) +
                             1.0 / static_cast<double>(weight.at(weight_plane, x + dx, y + dy));
            double const difference = science.at(plane_, x, y) - science.at(plane_, x + dx, y + dy);
            double const scaled = std::abs(difference) / std::sqrt(0.5 * v);
            if (std::isfinite(scaled)) {
                at_[index(std::abs(dx), dy)].push_back(static_cast<float>(scaled));
            }
        };
        for (std::int64_t y = box.y0; y < std::min(box.y0 + band_rows, box.y1); ++y) {
            for (std::int64_t x = box.x0; x < box.x1; x += step_) {
                for (int dy = 0; dy < lags && y + dy < box.y1; ++dy) {
                    for (int dx = dy == 0 ? 1 : 1 - lags; dx < lags; ++dx) {
                        add_pair(x, y, dx, dy);
                    }
                }
            }
        }
    }

    [[nodiscard]] image::NoiseCovariance covariance()
    {
        image::NoiseCovariance result;
        for (int dy = 0; dy < lags; ++dy) {
            for (int dx = dy == 0 ? 1 : 0; dx < lags; ++dx) {
                std::vector<float>& pairs = at_[index(dx, dy)];
                result.at[dy][dx] = 1.0;
                if (pairs.size() >= least_pairs) {
                    double const scatter = core::sigma_of_mad * core::median_in_place(pairs);
                    result.at[dy][dx] = std::max(-1.0, 1.0 - 0.5 * scatter * scatter);
                }
            }
        }
        return result;
    }

  private:
    static std::size_t index(int dx, int dy) { return static_cast<std::size_t>(dy * lags + dx); }

    int plane_;
    std::int64_t step_;
    std::array<std::vector<float>, static_cast<std::size_t>(lags) * lags> at_;
};
}  // namespace

std::optional<std::vector<image::NoiseCovariance>> measure_tile_noise(
    source::PixelSource const& tile)
{
    if (!tile.has_weight()) {
        return std::nullopt;
    }
    core::Box const bounds = tile.bounds();
    std::int64_t const bands = std::clamp<std::int64_t>(bounds.height() / band_rows, 1, most_bands);
    std::int64_t const step =
        std::max<std::int64_t>(1, bounds.width() * bands * band_rows / wanted_pairs);
    std::vector<LagDifferences> planes;
    for (int plane = 0; plane < tile.planes(); ++plane) {
        planes.emplace_back(plane, step);
    }
    for (std::int64_t band = 0; band < bands; ++band) {
        std::int64_t const y0 = bounds.y0 + bounds.height() * band / bands;
        core::Box const box{bounds.x0, y0, bounds.x1,
                            std::min(y0 + band_rows + lags - 1, bounds.y1)};
        source::SourcePixels const pixels = tile.read(box);
        for (LagDifferences& plane : planes) {
            plane.add(pixels, box);
        }
    }
    std::vector<image::NoiseCovariance> covariances;
    for (LagDifferences& plane : planes) {
        covariances.push_back(plane.covariance());
    }
    return covariances;
}

void record_tile_noise(sky::FrameHeader const& tile, std::vector<plan::PlaneMeasurement>& planes)
{
    auto const noise = measure_tile_noise(*source::make_tile_source(tile));
    for (std::size_t c = 0; noise && c < std::min(noise->size(), planes.size()); ++c) {
        plan::record_noise((*noise)[c], planes[c]);
    }
}
}  // namespace sectile::tile
