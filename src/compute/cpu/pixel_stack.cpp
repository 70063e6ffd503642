// SPDX-License-Identifier: BSD-3-Clause
#include "compute/cpu/pixel_stack.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "sectile/compute/kernels/combine_kern.hpp"

namespace sectile::compute
{
namespace
{
/// Bytes of the samples of a piece; about half of a second-level cache.
constexpr std::size_t target_bytes = 512 * 1024;
constexpr int least_width = 16;
constexpr std::size_t sample_bytes = 4 * sizeof(float);

/// Room for whole groups, and a cache line more, so that the rows of a column do not all fall into
/// the same few sets of the cache.
std::size_t stride_for(int width)
{
    constexpr std::size_t line = 64 / sizeof(float);
    return (static_cast<std::size_t>(width) + line - 1) / line * line + line;
}
}  // namespace

PixelStack::PixelStack(RowKernels const& kernels, int planes, OutputWeight output_weight)
    : kernels_(&kernels), planes_(planes), target_(planes)
{
    target_.coverage.resize(static_cast<std::size_t>(planes));
    target_.sigma.resize(static_cast<std::size_t>(planes));
    if (output_weight == OutputWeight::inverse_variance) {
        target_.excess.resize(static_cast<std::size_t>(planes));
    }
}

int PixelStack::width_for(int planes, std::size_t depth)
{
    std::size_t const per_pixel =
        static_cast<std::size_t>(planes) * std::max<std::size_t>(depth, 1) * sample_bytes;
    auto const fitting =
        static_cast<int>(std::min<std::size_t>(target_bytes / per_pixel, piece_width));
    return std::max(fitting / least_width * least_width, least_width);
}

std::size_t PixelStack::bytes(int planes, std::size_t depth)
{
    std::size_t const stride = stride_for(width_for(planes, depth));
    auto const c = static_cast<std::size_t>(planes);
    std::size_t const per_pixel = sizeof(float) + sizeof(double) + sizeof(std::int32_t);
    return stride * c * (depth * sample_bytes + per_pixel) +
           depth * (group_width * (sizeof(float) + sizeof(double)) + 3 * sizeof(double));
}

void PixelStack::start(std::size_t depth, int width)
{
    depth_ = depth;
    width_ = width;
    stride_ = stride_for(width);
    count_ = 0;
    auto const planes = static_cast<std::size_t>(planes_);
    std::size_t const samples = planes * depth * stride_;
    if (value_.size() < samples) {
        value_.resize(samples);
        weight_.resize(samples);
        coverage_.resize(samples);
        excess_.resize(target_.excess.empty() ? 0 : samples);
    }
    if (column_.size() < 3 * depth) {
        sorted_float_.resize(depth * group_width);
        sorted_.resize(depth * group_width);
        column_.resize(3 * depth);
    }
    sigma_.resize(planes * stride_);
    noise_square_.assign(planes * stride_, 0.0);
    noise_count_.assign(planes * stride_, 0);
}

RowTarget const& PixelStack::next(int offset)
{
    offset_ = offset;
    for (int c = 0; c < planes_; ++c) {
        auto const plane = static_cast<std::size_t>(c);
        std::size_t const at = row_at(c, count_) + static_cast<std::size_t>(offset);
        target_.value[plane] = value_.data() + at;
        target_.weight[plane] = weight_.data() + at;
        target_.coverage[plane] = coverage_.data() + at;
        target_.sigma[plane] = sigma_.data() + plane * stride_ + offset;
        if (!target_.excess.empty()) {
            target_.excess[plane] = excess_.data() + at;
        }
    }
    return target_;
}

void PixelStack::push(SampledRange const& range)
{
    if (range.first >= range.last) {
        return;
    }
    for (int c = 0; c < planes_; ++c) {
        auto const plane = static_cast<std::size_t>(c);
        float* const weight = target_.weight[plane];
        std::fill(weight - offset_, weight + range.first, 0.0F);
        std::fill(weight + range.last, weight - offset_ + static_cast<std::ptrdiff_t>(stride_),
                  0.0F);
        float const* const sigma = target_.sigma[plane];
        double* const square = noise_square_.data() + plane * stride_ + offset_;
        std::int32_t* const known = noise_count_.data() + plane * stride_ + offset_;
        for (int i = range.first; i < range.last; ++i) {
            bool const is_known = sigma[i] > 0.0F;
            double const value = is_known ? static_cast<double>(sigma[i]) : 0.0;
            square[i] += value * value;
            known[i] += is_known ? 1 : 0;
        }
    }
    ++count_;
}

/// Calls `take(pixel of the group, index of the sample, whether it survived)` in source order.
template <class Take>
void PixelStack::for_each_sample(std::size_t at, double const* low, double const* high,
                                 Take const& take) const
{
    for (std::size_t s = 0; s < count_; ++s) {
        std::size_t const row = at + s * stride_;
        for (std::size_t i = 0; i < group_width; ++i) {
            double const value = value_[row + i];
            take(i, row + i, (weight_[row + i] > 0.0F) & (value >= low[i]) & (value <= high[i]));
        }
    }
}

void PixelStack::weigh_means(std::size_t at, double const* low, double const* high,
                             double* weight) const
{
    double plain[group_width] = {};
    double excess[group_width] = {};
    for_each_sample(at, low, high, [&](std::size_t i, std::size_t sample, bool is_kept) {
        double const w = weight_[sample];
        plain[i] += is_kept ? w : 0.0;
        excess[i] += is_kept ? w * static_cast<double>(excess_[sample]) : 0.0;
    });
    for (int i = 0; i < group_width; ++i) {
        weight[i] = kernels::mean_inverse_variance(plain[i], excess[i]);
    }
}

void PixelStack::weigh_medians(std::size_t at, double const* low, double const* high,
                               double* weight) const
{
    double inverse_sigmas[group_width] = {};
    int count[group_width] = {};
    for_each_sample(at, low, high, [&](std::size_t i, std::size_t sample, bool is_kept) {
        inverse_sigmas[i] +=
            is_kept ? kernels::inverse_sigma(weight_[sample], excess_[sample]) : 0.0;
        count[i] += is_kept ? 1 : 0;
    });
    for (int i = 0; i < group_width; ++i) {
        weight[i] = kernels::median_inverse_variance(count[i], inverse_sigmas[i]);
    }
}

void PixelStack::find_rejected(std::size_t at, double const* low, double const* high, int count,
                               float* rejected_low, float* rejected_high) const
{
    int samples[group_width] = {};
    int below[group_width] = {};
    int above[group_width] = {};
    for_each_sample(at, low, high, [&](std::size_t i, std::size_t sample, bool /*is_kept*/) {
        double const value = value_[sample];
        bool const is_sample = weight_[sample] > 0.0F;
        samples[i] += is_sample ? 1 : 0;
        below[i] += (is_sample & (value < low[i])) ? 1 : 0;
        above[i] += (is_sample & (value > high[i])) ? 1 : 0;
    });
    for (int i = 0; i < count; ++i) {
        rejected_low[i] = kernels::rejected_fraction(below[i], samples[i]);
        rejected_high[i] = kernels::rejected_fraction(above[i], samples[i]);
    }
}

void PixelStack::combine(CoaddRecipe const& coadd, int plane, RowPiece const& piece,
                         CombinedRow const& out)
{
    if (count_ == 0) {
        std::fill_n(out.science, width_, std::numeric_limits<float>::quiet_NaN());
        std::fill_n(out.weight, width_, 0.0F);
        std::fill_n(out.coverage, width_, 0U);
        if (out.rejected_low != nullptr) {
            std::fill_n(out.rejected_low, width_, std::numeric_limits<float>::quiet_NaN());
            std::fill_n(out.rejected_high, width_, std::numeric_limits<float>::quiet_NaN());
        }
        return;
    }
    CombineRecipe const& recipe = coadd.combine;
    auto const noise_at = static_cast<std::size_t>(plane) * stride_;
    for (int first = 0; first < width_; first += group_width) {
        double noise[group_width];
        double sky[group_width];
        for (int i = 0; i < group_width; ++i) {
            std::size_t const k = noise_at + static_cast<std::size_t>(first + i);
            noise[i] = noise_count_[k] > 0 ? std::sqrt(noise_square_[k] / noise_count_[k]) : 0.0;
            sky[i] = coadd.sky != nullptr ? coadd.sky->at(plane, piece.x + first + i, piece.y)
                                          : std::numeric_limits<double>::quiet_NaN();
        }
        double science[group_width];
        double weight[group_width];
        double coverage[group_width];
        double low[group_width];
        double high[group_width];
        std::size_t const at = row_at(plane, 0) + static_cast<std::size_t>(first);
        kernels_->combine_group({recipe, value_.data() + at, weight_.data() + at,
                                 coverage_.data() + at, stride_, static_cast<int>(count_), noise,
                                 sky, sorted_float_.data(), sorted_.data(), column_.data(), science,
                                 weight, coverage, low, high});
        if (!target_.excess.empty()) {
            recipe.final_combine == FinalCombine::median ? weigh_medians(at, low, high, weight)
                                                         : weigh_means(at, low, high, weight);
        }
        int const count = std::min(group_width, width_ - first);
        for (int i = 0; i < count; ++i) {
            out.science[first + i] = static_cast<float>(science[i]);
            out.weight[first + i] = static_cast<float>(weight[i]);
            out.coverage[first + i] = static_cast<std::uint32_t>(coverage[i]);
        }
        if (out.rejected_low != nullptr) {
            find_rejected(at, low, high, count, out.rejected_low + first,
                          out.rejected_high + first);
        }
    }
}
}  // namespace sectile::compute
