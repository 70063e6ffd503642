// SPDX-License-Identifier: BSD-3-Clause
#include "compute/cpu/row_sampler.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "sectile/compute/kernels/interpolation_kern.hpp"
#include "sectile/compute/kernels/noise_kern.hpp"

#include "compute/cpu/lanes.hpp"
#include "compute/map_jacobian.hpp"

namespace sectile::compute
{
namespace
{
double between(double a, double b, float share)
{
    return a + static_cast<double>(share) * (b - a);
}
}  // namespace

/// One plane of the window with checked access: NaN outside window and frame.
struct RowSampler::WindowPlane
{
    float const* data;
    std::ptrdiff_t stride;
    std::int64_t x0;  ///< common part of window and frame, in window pixels
    std::int64_t y0;
    std::int64_t x1;
    std::int64_t y1;

    static WindowPlane of(image::ImageView<float const> const& view, core::Box const& frame,
                          int plane)
    {
        core::Box const valid = view.box.clipped_to(frame).shifted_by(-view.box.x0, -view.box.y0);
        return {view.data + plane * view.plane_stride,
                view.row_stride,
                valid.x0,
                valid.y0,
                valid.x1,
                valid.y1};
    }

    [[nodiscard]] float at(std::int64_t column, std::int64_t row) const
    {
        bool const is_inside = column >= x0 && column < x1 && row >= y0 && row < y1;
        return is_inside ? data[row * stride + column] : std::numeric_limits<float>::quiet_NaN();
    }
};

/// Floor of a position and its nearest pixel, in window pixels.
struct RowSampler::Cell
{
    std::int64_t column;
    std::int64_t row;
    std::int64_t near_column;
    std::int64_t near_row;
};

RowSampler::Cell RowSampler::cell_at(int i) const
{
    double const x = std::floor(coords_.x[i]);
    double const y = std::floor(coords_.y[i]);
    std::int64_t const column = static_cast<std::int64_t>(x) - geometry_.x0;
    std::int64_t const row = static_cast<std::int64_t>(y) - geometry_.y0;
    return {column, row, column + (coords_.x[i] - x >= 0.5 ? 1 : 0),
            row + (coords_.y[i] - y >= 0.5 ? 1 : 0)};
}

RowSampler::RowSampler(RowKernels const& kernels, WeightTable const& table,
                       CoaddRecipe const& recipe, int planes)
    : kernels_(&kernels),
      table_(&table),
      recipe_(recipe),
      planes_(planes),
      taps_(kernels::kernel_taps(recipe.resample.kernel)),
      mended_(static_cast<std::size_t>(planes))
{}

void RowSampler::set_window(SourceWindow const& source)
{
    core::Box const& box = source.science.box;
    geometry_.edges = kernels::FrameEdges::of(source.frame);
    geometry_.x0 = static_cast<std::int32_t>(box.x0);
    geometry_.y0 = static_cast<std::int32_t>(box.y0);
    geometry_.width = static_cast<std::int32_t>(box.width());
    geometry_.height = static_cast<std::int32_t>(box.height());
    geometry_.before = kernels::taps_before(recipe_.resample.kernel);
    geometry_.loaded_x = std::max(taps_, table_->lanes());
    geometry_.loaded_y = taps_;
    geometry_.is_nearest = recipe_.resample.kernel == ResampleKernel::nearest;
}

SampledRange RowSampler::sample(SourceWindow const& source, RowPiece const& piece,
                                RowTarget const& target)
{
    set_window(source);
    source.map->evaluate_row(piece.y, piece.x, piece.x + piece.count, coords_.x, coords_.y);
    PieceExtent const extent = kernels_->locate(coords_, piece.count, geometry_);
    if (extent.first >= extent.last) {
        return {};
    }
    bool const has_area = recipe_.resample.flux_mode == FluxMode::flux;
    if (table_->lanes() > 0) {
        kernels_->find_phases(coords_, extent.first, extent.last);
    }
    bool const has_taper = taper(source, extent);
    if (has_area) {
        map_area_row(*source.map, piece.y, piece.x, piece.x + piece.count, coords_.area);
    }
    interpolate(source, extent, target);
    for (int c = 0; c < planes_; ++c) {
        auto const plane = static_cast<std::size_t>(c);
        if (!source.weight.empty() && (c == 0 || source.weight.planes > 1)) {
            weigh_by_plane(source, c, extent);
        }
        PlaneScaling const scaling{source.photometry[plane],
                                   source.weight_scale[plane],
                                   static_cast<double>(piece.x),
                                   static_cast<double>(piece.y),
                                   source.weight.empty() ? nullptr : plane_weight_,
                                   has_taper,
                                   has_area};
        kernels_->scale(coords_, extent, scaling, target.value[plane], target.weight[plane]);
        if (!target.coverage.empty()) {
            write_coverage(source, c, extent, target.weight[plane], target.coverage[plane]);
        }
        if (!target.sigma.empty()) {
            write_sigma(source, c, extent, target.weight[plane], target.sigma[plane]);
        }
        if (!target.excess.empty()) {
            write_excess(source, c, extent, has_taper, target.weight[plane], target.excess[plane]);
        }
    }
    return {extent.first, extent.last};
}

bool RowSampler::taper(SourceWindow const& source, PieceExtent const& extent)
{
    bool const has_alpha = !source.alpha.empty();
    bool const has_feather = recipe_.feather > 0.0 && !has_alpha;
    if (!has_alpha && !has_feather && recipe_.radial.is_flat()) {
        return false;
    }
    if (has_feather) {
        kernels_->taper(coords_, extent.first, extent.last, {geometry_.edges, recipe_.feather});
    } else {
        std::fill(coords_.taper + extent.first, coords_.taper + extent.last, 1.0);
    }
    if (has_alpha) {
        multiply_alpha(source, extent);
    }
    if (!recipe_.radial.is_flat()) {
        kernels::RadialWeight const radial{geometry_.edges, recipe_.radial};
        for (int i = extent.first; i < extent.last; ++i) {
            coords_.taper[i] *= radial(coords_.x[i], coords_.y[i]);
        }
    }
    return true;
}

void RowSampler::multiply_alpha(SourceWindow const& source, PieceExtent const& extent)
{
    WindowPlane const alpha = WindowPlane::of(source.alpha, source.frame, 0);
    auto const at = [&](std::int64_t column, std::int64_t row) {
        float const value = alpha.at(column, row);
        return value > 0.0F && std::isfinite(value) ? static_cast<double>(value) : 0.0;
    };
    for (int i = extent.first; i < extent.last; ++i) {
        if (state_at(extent, i) == PixelState::outside) {
            coords_.taper[i] = 0.0;
            continue;
        }
        Cell const cell = cell_at(i);
        double const a = at(cell.column, cell.row);
        double const b = at(cell.column + 1, cell.row);
        double const c = at(cell.column, cell.row + 1);
        double const d = at(cell.column + 1, cell.row + 1);
        double const fx = coords_.fx[i];
        double const lower = a + fx * (b - a);
        double const upper = c + fx * (d - c);
        coords_.taper[i] *= lower + static_cast<double>(coords_.fy[i]) * (upper - lower);
    }
}

void RowSampler::correlate_taps(PieceExtent const& extent, int lags)
{
    for (int i = extent.first; i < extent.last; ++i) {
        kernels::WeightCorrelation x{{1.0}};
        kernels::WeightCorrelation y{{1.0}};
        if (table_->lanes() > 0) {
            kernels::WeightCorrelation const* const near_x =
                table_->correlations() + coords_.phase_x[i];
            kernels::WeightCorrelation const* const near_y =
                table_->correlations() + coords_.phase_y[i];
            for (int lag = 0; lag < lags; ++lag) {
                x.at[lag] = between(near_x[0].at[lag], near_x[1].at[lag], coords_.share_x[i]);
                y.at[lag] = between(near_y[0].at[lag], near_y[1].at[lag], coords_.share_y[i]);
            }
        } else if (!geometry_.is_nearest) {
            double const fx[2] = {1.0 - static_cast<double>(coords_.fx[i]), coords_.fx[i]};
            double const fy[2] = {1.0 - static_cast<double>(coords_.fy[i]), coords_.fy[i]};
            x = kernels::WeightCorrelation::of(fx, 2);
            y = kernels::WeightCorrelation::of(fy, 2);
        }
        for (int lag = 0; lag < lags; ++lag) {
            taps_x_[lag][i] = static_cast<float>(x.at[lag]);
            taps_y_[lag][i] = static_cast<float>(y.at[lag]);
        }
    }
}

/// kernels::sample_variance() for a whole piece.
void RowSampler::set_excess(image::NoiseCovariance const& covariance, PieceExtent const& extent,
                            bool has_taper)
{
    if (covariance.is_white()) {
        for (int i = extent.first; i < extent.last; ++i) {
            excess_[i] = taps_x_[0][i] * taps_y_[0][i];
        }
    } else {
        static_assert(image::NoiseCovariance::lags == 3);
        float m[3][3];
        for (int j = 0; j < 3; ++j) {
            for (int k = 0; k < 3; ++k) {
                double const pairs = (j == 0 ? 1.0 : 2.0) * (k == 0 ? 1.0 : 2.0);
                m[j][k] = static_cast<float>(pairs * covariance.at[j][k]);
            }
        }
        for (int i = extent.first; i < extent.last; ++i) {
            float const x0 = taps_x_[0][i];
            float const x1 = taps_x_[1][i];
            float const x2 = taps_x_[2][i];
            excess_[i] = taps_y_[0][i] * (m[0][0] * x0 + m[0][1] * x1 + m[0][2] * x2) +
                         taps_y_[1][i] * (m[1][0] * x0 + m[1][1] * x1 + m[1][2] * x2) +
                         taps_y_[2][i] * (m[2][0] * x0 + m[2][1] * x1 + m[2][2] * x2);
        }
    }
    for (int i = extent.first; has_taper && i < extent.last; ++i) {
        excess_[i] *= static_cast<float>(coords_.taper[i]);
    }
}

void RowSampler::write_excess(SourceWindow const& source, int plane, PieceExtent const& extent,
                              bool has_taper, float const* weight, float* excess)
{
    bool const is_white = source.noise_covariance.empty();
    if (plane == 0) {
        correlate_taps(extent, is_white ? 1 : image::NoiseCovariance::lags);
    }
    if (plane == 0 || !is_white) {
        set_excess(source.covariance_of(plane), extent, has_taper);
    }
    for (int i = extent.first; i < extent.last; ++i) {
        excess[i] = weight[i] > 0.0F ? excess_[i] : 0.0F;
    }
    for (Mended const& mended : mended_[static_cast<std::size_t>(plane)]) {
        int const i = mended.pixel;
        double const value = mended.variance * (has_taper ? coords_.taper[i] : 1.0);
        excess[i] = weight[i] > 0.0F ? static_cast<float>(value) : 0.0F;
    }
}

void RowSampler::prefetch_next_row(SourceWindow const& source, PieceExtent const& extent) const
{
    constexpr int line = 64 / sizeof(float);
    image::GridMap const& map = *source.map;
    bool const is_descending =
        map.nodes_y > 1 && map.y[static_cast<std::size_t>(map.nodes_x)] < map.y.front();
    int const ahead = is_descending ? -1 : geometry_.loaded_y;
    for (int i = extent.first; i < extent.last; i += line) {
        int const row = coords_.row[i] + ahead;
        if (row < 0 || row >= geometry_.height) {
            continue;
        }
        float const* pixel =
            source.science.data + row * source.science.row_stride + coords_.column[i];
        for (int c = 0; c < planes_; ++c) {
            SECTILE_PREFETCH(pixel);
            pixel += source.science.plane_stride;
        }
    }
}

void RowSampler::interpolate(SourceWindow const& source, PieceExtent const& extent,
                             RowTarget const& target)
{
    auto const kernel = static_cast<std::size_t>(recipe_.resample.kernel);
    bool const is_loadable =
        geometry_.width >= geometry_.loaded_x && geometry_.height >= geometry_.loaded_y;
    if (is_loadable) {
        PlaneSet const planes{source.science.data, source.science.row_stride,
                              source.science.plane_stride, planes_, target.value.data()};
        prefetch_next_row(source, extent);
        kernels_->interpolate[kernel](coords_, extent.first, extent.last, planes, table_->rows());
    }
    for (int c = 0; c < planes_; ++c) {
        float* const value = target.value[static_cast<std::size_t>(c)];
        mended_[static_cast<std::size_t>(c)].clear();
        if (!extent.is_plain || kernels_->has_holes(value, extent.first, extent.last)) {
            mend(source, c, extent, value);
        }
    }
}

void RowSampler::mend(SourceWindow const& source, int plane, PieceExtent const& extent,
                      float* value)
{
    WindowPlane const window = WindowPlane::of(source.science, source.frame, plane);
    bool const has_variance = recipe_.output_weight == OutputWeight::inverse_variance;
    for (int i = extent.first; i < extent.last; ++i) {
        PixelState const state = state_at(extent, i);
        if (state == PixelState::edge || (state == PixelState::plain && !std::isfinite(value[i]))) {
            double weights[4] = {};
            value[i] = careful_value(window, i, weights);
            if (has_variance && std::isfinite(value[i]) &&
                std::ranges::any_of(weights, [](double weight) { return weight > 0.0; })) {
                mended_[static_cast<std::size_t>(plane)].push_back(
                    {i, kernels::cell_variance(source.covariance_of(plane), weights)});
            }
        }
    }
}

/// `cell_weights` (4) stay as they are where the sample has the kernel's taps.
float RowSampler::careful_value(WindowPlane const& plane, int i, double* cell_weights) const
{
    Cell const cell = cell_at(i);
    float const nearest = plane.at(cell.near_column, cell.near_row);
    if (geometry_.is_nearest || !std::isfinite(nearest)) {
        return nearest;
    }
    std::int64_t const column = cell.column;
    std::int64_t const row = cell.row;
    // The taps as the fast loop would have loaded them, zeros in the padding that weighs nothing.
    alignas(32) float patch[kernels::max_taps * kernels::max_taps] = {};
    bool is_whole = true;
    for (int j = 0; j < taps_; ++j) {
        for (int k = 0; k < taps_; ++k) {
            float const pixel = plane.at(column - geometry_.before + k, row - geometry_.before + j);
            is_whole = is_whole && std::isfinite(pixel);
            patch[j * geometry_.loaded_x + k] = pixel;
        }
    }
    if (is_whole) {
        auto const kernel = static_cast<std::size_t>(recipe_.resample.kernel);
        return kernels_->interpolate_patch[kernel](patch, table_->rows(), coords_.fx[i],
                                                   coords_.fy[i]);
    }
    float const fx = coords_.fx[i];
    float const fy = coords_.fy[i];
    float sum = 0.0F;
    float weight_sum = 0.0F;
    for (int j = 0; j < 2; ++j) {
        for (int k = 0; k < 2; ++k) {
            float const pixel = plane.at(column + k, row + j);
            if (std::isfinite(pixel)) {
                float const weight = (k == 0 ? 1.0F - fx : fx) * (j == 0 ? 1.0F - fy : fy);
                sum += weight * pixel;
                weight_sum += weight;
                cell_weights[2 * j + k] = weight;
            }
        }
    }
    return sum / weight_sum;
}

void RowSampler::weigh_by_plane(SourceWindow const& source, int plane, PieceExtent const& extent)
{
    WindowPlane const weight =
        WindowPlane::of(source.weight, source.frame, source.weight.planes == 1 ? 0 : plane);
    auto const is_usable = [](float value) { return value > 0.0F && std::isfinite(value); };
    for (int i = extent.first; i < extent.last; ++i) {
        if (state_at(extent, i) == PixelState::outside) {
            plane_weight_[i] = 0.0F;
            continue;
        }
        auto const [column, row, near_column, near_row] = cell_at(i);
        float const a = weight.at(column, row);
        float const b = weight.at(column + 1, row);
        float const c = weight.at(column, row + 1);
        float const d = weight.at(column + 1, row + 1);
        if (is_usable(a) && is_usable(b) && is_usable(c) && is_usable(d)) {
            float const lower = a + coords_.fx[i] * (b - a);
            float const upper = c + coords_.fx[i] * (d - c);
            plane_weight_[i] = lower + coords_.fy[i] * (upper - lower);
        } else {
            float const nearest = weight.at(near_column, near_row);
            plane_weight_[i] = is_usable(nearest) ? nearest : 0.0F;
        }
    }
}

void RowSampler::write_coverage(SourceWindow const& source, int plane, PieceExtent const& extent,
                                float const* weight, float* coverage) const
{
    if (source.coverage.empty()) {
        for (int i = extent.first; i < extent.last; ++i) {
            coverage[i] = weight[i] > 0.0F ? 1.0F : 0.0F;
        }
        return;
    }
    image::ImageView<float const> const& view = source.coverage;
    WindowPlane const frames = WindowPlane::of(view, source.frame, view.planes == 1 ? 0 : plane);
    for (int i = extent.first; i < extent.last; ++i) {
        coverage[i] = 0.0F;
        if (weight[i] > 0.0F) {
            Cell const cell = cell_at(i);
            float const value = frames.at(cell.near_column, cell.near_row);
            coverage[i] = value > 0.0F ? value : 0.0F;
        }
    }
}

void RowSampler::write_sigma(SourceWindow const& source, int plane, PieceExtent const& extent,
                             float const* weight, float* sigma) const
{
    auto const c = static_cast<std::size_t>(plane);
    double const known = source.noise_sigma[c] > 0.0 ? source.noise_sigma[c] : 0.0;
    bool const is_from_plane = known == 0.0 && !source.weight.empty();
    double const gain = std::fabs(source.photometry[c].gain);
    bool const has_area = recipe_.resample.flux_mode == FluxMode::flux;
    for (int i = extent.first; i < extent.last; ++i) {
        double value =
            is_from_plane ? gain / std::sqrt(static_cast<double>(plane_weight_[i])) : known;
        value = has_area ? value * coords_.area[i] : value;
        sigma[i] = weight[i] > 0.0F ? static_cast<float>(value) : 0.0F;
    }
}

SampledRange RowSampler::sample(SampleBlock const& block, RowPiece const& piece,
                                RowTarget const& target)
{
    std::int64_t const at = piece.x - block.box.x0;
    for (int c = 0; c < planes_; ++c) {
        auto const plane = static_cast<std::size_t>(c);
        float const* const value = block.value.row(c, piece.y) + (piece.x - block.value.box.x0);
        float const* const weight = block.weight.row(c, piece.y) + (piece.x - block.weight.box.x0);
        float const* const coverage =
            block.coverage.empty() ? nullptr : block.coverage.row(c, piece.y) + at;
        float const* const excess =
            block.excess.empty() ? nullptr : block.excess.row(c, piece.y) + at;
        float const* const sigma = block.sigma.empty() ? nullptr : block.sigma.row(c, piece.y) + at;
        auto const known = static_cast<float>(block.noise_sigma[plane]);
        for (int i = 0; i < piece.count; ++i) {
            bool const is_present =
                weight[i] > 0.0F && std::isfinite(weight[i]) && std::isfinite(value[i]);
            target.value[plane][i] = is_present ? value[i] : 0.0F;
            target.weight[plane][i] = is_present ? weight[i] : 0.0F;
            if (!target.coverage.empty()) {
                float const frames = coverage != nullptr ? coverage[i] : 1.0F;
                target.coverage[plane][i] = is_present && frames > 0.0F ? frames : 0.0F;
            }
            if (!target.sigma.empty()) {
                target.sigma[plane][i] = is_present ? (sigma != nullptr ? sigma[i] : known) : 0.0F;
            }
            if (!target.excess.empty()) {
                target.excess[plane][i] = is_present && excess != nullptr ? excess[i] : 1.0F;
            }
        }
    }
    return {0, piece.count};
}
}  // namespace sectile::compute
