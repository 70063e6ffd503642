// SPDX-License-Identifier: BSD-3-Clause
#include "compute/cpu/pixel_stack.hpp"

#include <algorithm>
#include <cmath>

#include "sectile/compute/kernels/combine_kern.hpp"

namespace sectile::compute
{
namespace
{
/// Bytes of the samples of a piece; about half of a second-level cache.
constexpr std::size_t target_bytes = 512 * 1024;
constexpr int least_width = 16;
constexpr std::size_t sample_bytes = 3 * sizeof(float);

/// Ascending order; short runs, which are the rule, by insertion.
void sort_ascending(double* first, int count)
{
    constexpr int insertion_limit = 32;
    if (count > insertion_limit) {
        std::sort(first, first + count);
        return;
    }
    for (int i = 1; i < count; ++i) {
        double const value = first[i];
        int k = i;
        for (; k > 0 && first[k - 1] > value; --k) {
            first[k] = first[k - 1];
        }
        first[k] = value;
    }
}
}  // namespace

PixelStack::PixelStack(int planes) : planes_(planes), target_(planes)
{
    target_.coverage.resize(static_cast<std::size_t>(planes));
    target_.sigma.resize(static_cast<std::size_t>(planes));
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
    auto const width = static_cast<std::size_t>(width_for(planes, depth));
    auto const c = static_cast<std::size_t>(planes);
    std::size_t const per_pixel = sizeof(float) + sizeof(double) + sizeof(std::int32_t);
    return width * c * (depth * sample_bytes + per_pixel) +
           depth * (sample_bytes + 3 * sizeof(double));
}

void PixelStack::start(std::size_t depth, int width)
{
    depth_ = depth;
    width_ = width;
    stride_ = static_cast<std::size_t>(width);
    count_ = 0;
    auto const planes = static_cast<std::size_t>(planes_);
    std::size_t const samples = planes * depth * stride_;
    if (value_.size() < samples) {
        value_.resize(samples);
        weight_.resize(samples);
        coverage_.resize(samples);
    }
    if (pixel_value_.size() < depth) {
        pixel_value_.resize(depth);
        pixel_weight_.resize(depth);
        pixel_coverage_.resize(depth);
        sorted_.resize(depth);
        scratch_.resize(2 * depth);
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
        std::fill(weight + range.last, weight - offset_ + width_, 0.0F);
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

int PixelStack::gather(int plane, int pixel)
{
    std::size_t at = row_at(plane, 0) + static_cast<std::size_t>(pixel);
    std::size_t n = 0;
    for (std::size_t source = 0; source < count_; ++source, at += stride_) {
        pixel_value_[n] = value_[at];
        pixel_weight_[n] = weight_[at];
        pixel_coverage_[n] = coverage_[at];
        sorted_[n] = value_[at];
        n += weight_[at] > 0.0F ? 1 : 0;
    }
    return static_cast<int>(n);
}

void PixelStack::combine(CombineRecipe const& recipe, int plane, CombinedRow const& out)
{
    auto const noise_at = static_cast<std::size_t>(plane) * stride_;
    for (int i = 0; i < width_; ++i) {
        int const n = gather(plane, i);
        sort_ascending(sorted_.data(), n);
        std::size_t const k = noise_at + static_cast<std::size_t>(i);
        double const noise =
            noise_count_[k] > 0 ? std::sqrt(noise_square_[k] / noise_count_[k]) : 0.0;
        kernels::CombinedPixel const pixel = kernels::combine_samples(
            recipe, {pixel_value_.data(), pixel_weight_.data(), pixel_coverage_.data(), n, noise},
            sorted_.data(), scratch_.data());
        out.science[i] = static_cast<float>(pixel.value);
        out.weight[i] = static_cast<float>(pixel.weight);
        out.coverage[i] = static_cast<std::uint32_t>(pixel.coverage + 0.5);
    }
}
}  // namespace sectile::compute
