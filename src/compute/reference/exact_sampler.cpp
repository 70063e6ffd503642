// SPDX-License-Identifier: BSD-3-Clause
#include "compute/reference/exact_sampler.hpp"

#include <cmath>
#include <optional>

#include "sectile/compute/kernels/interpolation_kern.hpp"
#include "sectile/compute/kernels/noise_kern.hpp"
#include "sectile/compute/kernels/sample_kern.hpp"

namespace sectile::compute
{
namespace
{
struct Cell
{
    std::int64_t x;  ///< floor of the position
    std::int64_t y;
    double fx;
    double fy;
    std::int64_t nearest_x;
    std::int64_t nearest_y;
};

Cell cell_of(SourcePosition const& position)
{
    auto const x = static_cast<std::int64_t>(std::floor(position.x));
    auto const y = static_cast<std::int64_t>(std::floor(position.y));
    double const fx = position.x - static_cast<double>(x);
    double const fy = position.y - static_cast<double>(y);
    return {x, y, fx, fy, x + (fx >= 0.5 ? 1 : 0), y + (fy >= 0.5 ? 1 : 0)};
}

/// Pixel of a plane, nothing where it is masked, outside the frame or outside the window.
std::optional<double> valid_pixel(SourceWindow const& source, int plane, std::int64_t x,
                                  std::int64_t y)
{
    if (!source.frame.contains(x, y) || !source.science.box.contains(x, y)) {
        return {};
    }
    float const value = source.science.at(plane, x, y);
    return std::isfinite(value) ? std::optional<double>(value) : std::nullopt;
}

/// An interpolated value and its variance in units of that which the weight stands for.
struct Interpolated
{
    double value;
    double variance;
};

std::optional<Interpolated> kernel_value(SourceWindow const& source, ResampleKernel kernel,
                                         int plane, Cell const& cell)
{
    if (kernel == ResampleKernel::nearest) {
        auto const pixel = valid_pixel(source, plane, cell.nearest_x, cell.nearest_y);
        return pixel ? std::optional<Interpolated>({*pixel, source.covariance_of(plane).at[0][0]})
                     : std::nullopt;
    }
    int const taps = kernels::kernel_taps(kernel);
    int const before = kernels::taps_before(kernel);
    double weights_x[kernels::max_taps];
    double weights_y[kernels::max_taps];
    kernels::kernel_weights(kernel, cell.fx, weights_x);
    kernels::kernel_weights(kernel, cell.fy, weights_y);
    double sum = 0.0;
    for (int j = 0; j < taps; ++j) {
        for (int k = 0; k < taps; ++k) {
            auto const pixel = valid_pixel(source, plane, cell.x - before + k, cell.y - before + j);
            if (!pixel) {
                return {};
            }
            sum += weights_y[j] * weights_x[k] * *pixel;
        }
    }
    return Interpolated{sum,
                        kernels::sample_variance(source.covariance_of(plane),
                                                 kernels::WeightCorrelation::of(weights_x, taps),
                                                 kernels::WeightCorrelation::of(weights_y, taps))};
}

std::optional<Interpolated> partial_bilinear(SourceWindow const& source, int plane,
                                             Cell const& cell)
{
    if (!valid_pixel(source, plane, cell.nearest_x, cell.nearest_y)) {
        return {};
    }
    double sum = 0.0;
    double weight_sum = 0.0;
    double weights[4] = {};
    for (int j = 0; j < 2; ++j) {
        for (int k = 0; k < 2; ++k) {
            auto const pixel = valid_pixel(source, plane, cell.x + k, cell.y + j);
            if (pixel) {
                double const weight =
                    (k == 0 ? 1.0 - cell.fx : cell.fx) * (j == 0 ? 1.0 - cell.fy : cell.fy);
                sum += weight * *pixel;
                weight_sum += weight;
                weights[2 * j + k] = weight;
            }
        }
    }
    return Interpolated{sum / weight_sum,
                        kernels::cell_variance(source.covariance_of(plane), weights)};
}

/// Bilinear where the four pixels are positive, else the nearest; 0 where that is masked.
double plane_weight(SourceWindow const& source, int plane, Cell const& cell)
{
    auto const& weight = source.weight;
    if (weight.empty()) {
        return 1.0;
    }
    int const c = weight.planes == 1 ? 0 : plane;
    auto const at = [&](std::int64_t x, std::int64_t y) -> double {
        bool const is_inside = weight.box.contains(x, y) && source.frame.contains(x, y);
        double const value = is_inside ? static_cast<double>(weight.at(c, x, y)) : 0.0;
        return value > 0.0 && std::isfinite(value) ? value : 0.0;
    };
    double const corner[4] = {at(cell.x, cell.y), at(cell.x + 1, cell.y), at(cell.x, cell.y + 1),
                              at(cell.x + 1, cell.y + 1)};
    if (corner[0] > 0.0 && corner[1] > 0.0 && corner[2] > 0.0 && corner[3] > 0.0) {
        double const lower = corner[0] + cell.fx * (corner[1] - corner[0]);
        double const upper = corner[2] + cell.fx * (corner[3] - corner[2]);
        return lower + cell.fy * (upper - lower);
    }
    return at(cell.nearest_x, cell.nearest_y);
}

/// Bilinear, 0 where there is no pixel.
double alpha_at(SourceWindow const& source, Cell const& cell)
{
    auto const at = [&](std::int64_t x, std::int64_t y) -> double {
        bool const is_inside = source.alpha.box.contains(x, y) && source.frame.contains(x, y);
        double const alpha = is_inside ? static_cast<double>(source.alpha.at(0, x, y)) : 0.0;
        return alpha > 0.0 && std::isfinite(alpha) ? alpha : 0.0;
    };
    double const lower =
        at(cell.x, cell.y) + cell.fx * (at(cell.x + 1, cell.y) - at(cell.x, cell.y));
    double const upper =
        at(cell.x, cell.y + 1) + cell.fx * (at(cell.x + 1, cell.y + 1) - at(cell.x, cell.y + 1));
    return lower + cell.fy * (upper - lower);
}

double nearest_coverage(SourceWindow const& source, int plane, Cell const& cell)
{
    auto const& coverage = source.coverage;
    if (coverage.empty()) {
        return 1.0;
    }
    if (!coverage.box.contains(cell.nearest_x, cell.nearest_y)) {
        return 0.0;
    }
    double const frames =
        coverage.at(coverage.planes == 1 ? 0 : plane, cell.nearest_x, cell.nearest_y);
    return frames > 0.0 ? frames : 0.0;
}
}  // namespace

Sample exact_sample(SourceWindow const& source, CoaddRecipe const& recipe, int plane,
                    std::int64_t x, std::int64_t y, SourcePosition const& position)
{
    auto const c = static_cast<std::size_t>(plane);
    auto const edges = kernels::FrameEdges::of(source.frame);
    if (!edges.contains(position.x, position.y)) {
        return {};
    }
    Cell const cell = cell_of(position);
    auto value = kernel_value(source, recipe.resample.kernel, plane, cell);
    if (!value && recipe.resample.kernel != ResampleKernel::nearest) {
        value = partial_bilinear(source, plane, cell);
    }
    if (!value) {
        return {};
    }
    kernels::ApplyPhotometry const photometry{source.photometry[c]};
    kernels::Feather const feather{edges, recipe.feather};
    kernels::RadialWeight const radial{edges, recipe.radial};
    double const inverse_variance = plane_weight(source, plane, cell);
    double const corrected =
        photometry(value->value, static_cast<double>(x), static_cast<double>(y), position.area);
    double taper = source.alpha.empty() ? feather(position.x, position.y) : alpha_at(source, cell);
    taper *= recipe.radial.is_flat() ? 1.0 : radial(position.x, position.y);
    double const weight =
        source.weight_scale[c] * inverse_variance * taper / (position.area * position.area);
    Sample const sample{static_cast<float>(corrected), static_cast<float>(weight),
                        static_cast<float>(nearest_coverage(source, plane, cell))};
    if (!std::isfinite(sample.value) || !(sample.weight > 0.0F) || !std::isfinite(sample.weight)) {
        return {};
    }
    double sigma = source.noise_sigma[c];
    if (!(sigma > 0.0)) {
        sigma = source.weight.empty()
                    ? 0.0
                    : std::fabs(source.photometry[c].gain) / std::sqrt(inverse_variance);
    }
    return {sample.value, sample.weight, sample.coverage, static_cast<float>(sigma * position.area),
            static_cast<float>(taper * value->variance)};
}
}  // namespace sectile::compute
