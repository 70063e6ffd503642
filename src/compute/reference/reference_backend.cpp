// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "sectile/compute/backend.hpp"
#include "sectile/compute/kernels/combine_kern.hpp"

#include "compute/map_jacobian.hpp"
#include "compute/reference/exact_sampler.hpp"

namespace sectile::compute
{
namespace
{
Sample sample_at(SourceWindow const& source, CoaddRecipe const& recipe, int plane, std::int64_t x,
                 std::int64_t y)
{
    core::Box const reach = source.footprint.clipped_to(source.map->domain);
    if (!reach.contains(x, y)) {
        return {};
    }
    SourcePosition position{0.0, 0.0, 1.0};
    source.map->evaluate_row(y, x, x + 1, &position.x, &position.y);
    if (recipe.resample.flux_mode == FluxMode::flux) {
        map_area_row(*source.map, y, x, x + 1, &position.area);
    }
    return exact_sample(source, recipe, plane, x, y, position);
}

Sample sample_at(SampleBlock const& block, CoaddRecipe const& /*recipe*/, int plane, std::int64_t x,
                 std::int64_t y)
{
    if (!block.box.contains(x, y)) {
        return {};
    }
    Sample sample{block.value.at(plane, x, y), block.weight.at(plane, x, y), 1.0F,
                  static_cast<float>(block.noise_sigma[static_cast<std::size_t>(plane)])};
    if (!block.coverage.empty()) {
        float const frames = block.coverage.at(plane, x, y);
        sample.coverage = frames > 0.0F ? frames : 0.0F;
    }
    if (!block.sigma.empty()) {
        sample.sigma = block.sigma.at(plane, x, y);
    }
    if (!block.excess.empty()) {
        sample.excess = block.excess.at(plane, x, y);
    }
    bool const is_usable =
        sample.weight > 0.0F && std::isfinite(sample.weight) && std::isfinite(sample.value);
    return is_usable ? sample : Sample{};
}

Sample sample_of(StripSource const& source, CoaddRecipe const& recipe, int plane, std::int64_t x,
                 std::int64_t y)
{
    return std::visit([&](auto const& s) { return sample_at(s, recipe, plane, x, y); }, source);
}

template <class Function>
void for_each_pixel(core::Box const& box, int planes, Function const& function)
{
    for (int plane = 0; plane < planes; ++plane) {
        for (std::int64_t y = box.y0; y < box.y1; ++y) {
            for (std::int64_t x = box.x0; x < box.x1; ++x) {
                function(plane, x, y);
            }
        }
    }
}

std::uint32_t whole_frames(double frames)
{
    return static_cast<std::uint32_t>(frames);
}

class ReferenceBackend final : public Backend
{
  public:
    [[nodiscard]] std::string name() const override { return "reference"; }

    void resample(SourceWindow const& source, CoaddRecipe const& recipe,
                  SampleOutput const& out) override
    {
        for_each_pixel(out.value.box, out.value.planes, [&](int c, std::int64_t x, std::int64_t y) {
            Sample const sample = sample_at(source, recipe, c, x, y);
            out.value.at(c, x, y) = sample.value;
            out.weight.at(c, x, y) = sample.weight;
            if (!out.coverage.empty()) {
                out.coverage.at(c, x, y) = sample.coverage;
            }
            if (!out.sigma.empty()) {
                out.sigma.at(c, x, y) = sample.sigma;
            }
            if (!out.excess.empty()) {
                out.excess.at(c, x, y) = sample.weight > 0.0F ? sample.excess : 0.0F;
            }
        });
    }

    void accumulate(std::span<StripSource const> sources, CoaddRecipe const& recipe,
                    StripSums& sums) override
    {
        auto const value = sums.value.view();
        auto const weight = sums.weight.view();
        auto const coverage = sums.coverage.view();
        for_each_pixel(value.box, value.planes, [&](int c, std::int64_t x, std::int64_t y) {
            for (StripSource const& source : sources) {
                Sample const sample = sample_of(source, recipe, c, x, y);
                double const w = sample.weight;
                value.at(c, x, y) += w * static_cast<double>(sample.value);
                weight.at(c, x, y) += w;
                coverage.at(c, x, y) += whole_frames(sample.coverage);
                if (!sums.excess.empty()) {
                    sums.excess.view().at(c, x, y) += w * static_cast<double>(sample.excess);
                }
            }
        });
    }

    void finish(StripSums const& sums, StripOutput const& out) override
    {
        for_each_pixel(
            out.science.box, out.science.planes, [&](int c, std::int64_t x, std::int64_t y) {
                double const weight = sums.weight.view().at(c, x, y);
                double const value = sums.value.view().at(c, x, y);
                out.science.at(c, x, y) = weight > 0.0 ? static_cast<float>(value / weight) : NAN;
                out.weight.at(c, x, y) = static_cast<float>(
                    sums.excess.empty()
                        ? weight
                        : kernels::mean_inverse_variance(weight, sums.excess.view().at(c, x, y)));
                out.coverage.at(c, x, y) = sums.coverage.view().at(c, x, y);
                if (out.wants_rejected()) {
                    float const none = kernels::rejected_fraction(0, weight > 0.0 ? 1 : 0);
                    out.rejected_low.at(c, x, y) = none;
                    out.rejected_high.at(c, x, y) = none;
                }
            });
    }

    void combine(std::span<StripSource const> sources, CoaddRecipe const& recipe,
                 StripOutput const& out) override
    {
        if (recipe.combine.is_running_mean()) {
            StripSums sums(out.science.box, out.science.planes, recipe.output_weight);
            accumulate(sources, recipe, sums);
            finish(sums, out);
            return;
        }
        for_each_pixel(
            out.science.box, out.science.planes, [&](int c, std::int64_t x, std::int64_t y) {
                kernels::CombinedPixel const pixel = combine_pixel(sources, recipe, c, x, y);
                out.science.at(c, x, y) = static_cast<float>(pixel.value);
                out.weight.at(c, x, y) = static_cast<float>(pixel.weight);
                out.coverage.at(c, x, y) = whole_frames(pixel.coverage);
                if (out.wants_rejected()) {
                    out.rejected_low.at(c, x, y) =
                        fraction_of([&](double value) { return value < pixel.low; });
                    out.rejected_high.at(c, x, y) =
                        fraction_of([&](double value) { return value > pixel.high; });
                }
            });
    }

    [[nodiscard]] std::size_t scratch_bytes(int /*planes*/, std::size_t depth) const override
    {
        return depth * (4 * sizeof(float) + 3 * sizeof(double));
    }

  private:
    kernels::CombinedPixel combine_pixel(std::span<StripSource const> sources,
                                         CoaddRecipe const& recipe, int plane, std::int64_t x,
                                         std::int64_t y)
    {
        value_.clear();
        weight_.clear();
        coverage_.clear();
        excess_.clear();
        double noise_squares = 0.0;
        int noise_count = 0;
        for (StripSource const& source : sources) {
            Sample const sample = sample_of(source, recipe, plane, x, y);
            if (sample.weight > 0.0F) {
                value_.push_back(sample.value);
                weight_.push_back(sample.weight);
                coverage_.push_back(sample.coverage);
                excess_.push_back(sample.excess);
                if (sample.sigma > 0.0F) {
                    double const sigma = sample.sigma;
                    noise_squares += sigma * sigma;
                    ++noise_count;
                }
            }
        }
        sorted_.assign(value_.begin(), value_.end());
        std::sort(sorted_.begin(), sorted_.end());
        scratch_.resize(2 * value_.size());
        double const noise = noise_count > 0 ? std::sqrt(noise_squares / noise_count) : 0.0;
        kernels::CombinedPixel pixel = kernels::combine_samples(
            recipe.combine,
            {value_.data(), weight_.data(), coverage_.data(), static_cast<int>(value_.size()),
             noise, recipe.sky != nullptr ? recipe.sky->at(plane, x, y) : NAN},
            sorted_.data(), scratch_.data());
        if (recipe.output_weight == OutputWeight::inverse_variance) {
            pixel.weight = inverse_variance_of(pixel, recipe.combine.final_combine);
        }
        return pixel;
    }

    /// Of the samples of the pixel that was combined last.
    template <class Condition>
    [[nodiscard]] float fraction_of(Condition const& condition) const
    {
        auto const count = std::count_if(value_.begin(), value_.end(), condition);
        return kernels::rejected_fraction(static_cast<int>(count), static_cast<int>(value_.size()));
    }

    [[nodiscard]] double inverse_variance_of(kernels::CombinedPixel const& pixel,
                                             FinalCombine combine) const
    {
        double weight = 0.0;
        double excess = 0.0;
        double inverse_sigmas = 0.0;
        int count = 0;
        for (std::size_t i = 0; i < value_.size(); ++i) {
            double const value = value_[i];
            if (value >= pixel.low && value <= pixel.high) {
                double const w = weight_[i];
                weight += w;
                excess += w * static_cast<double>(excess_[i]);
                inverse_sigmas += kernels::inverse_sigma(w, excess_[i]);
                ++count;
            }
        }
        return combine == FinalCombine::median
                   ? kernels::median_inverse_variance(count, inverse_sigmas)
                   : kernels::mean_inverse_variance(weight, excess);
    }

    std::vector<float> value_;
    std::vector<float> weight_;
    std::vector<float> coverage_;
    std::vector<float> excess_;
    std::vector<double> sorted_;
    std::vector<double> scratch_;
};
}  // namespace

std::unique_ptr<Backend> make_reference_backend()
{
    return std::make_unique<ReferenceBackend>();
}
}  // namespace sectile::compute
