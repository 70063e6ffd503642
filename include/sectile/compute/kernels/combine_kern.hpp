// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "sectile/compute/kernels/host_device.hpp"
#include "sectile/compute/kernels/rejection_kern.hpp"

namespace sectile::compute::kernels
{
/// Variance of the mean over variance of the median of n equal Gaussian samples: exact to 1e-3 for
/// n <= 10 (integrals of order statistics), then the expansions for odd and even n, which tend to
/// the limit 2/pi.
[[nodiscard]] SECTILE_HOST_DEVICE inline double median_efficiency(int n)
{
    constexpr double table[] = {1.0,    1.0,    1.0,    0.7429, 0.8384, 0.6973,
                                0.7761, 0.6788, 0.7432, 0.6689, 0.7229};
    constexpr double limit = 0.63661977236758134308;
    if (n <= 10) {
        return table[n < 0 ? 0 : n];
    }
    double const inverse = 1.0 / n;
    return n % 2 != 0 ? limit + (0.2732 + 0.160 * inverse) * inverse
                      : limit + (0.9098 - 0.468 * inverse) * inverse;
}

/// The samples of one pixel and plane, in ascending order of their sources.
struct PixelSamples
{
    float const* value;
    float const* weight;    ///< > 0
    float const* coverage;  ///< frames behind each sample; null: 1 each
    int count;
    double noise;      ///< root mean square of the known noise sigmas, 0 when none is known
    double sky = NAN;  ///< level without the light of stars; NaN: not known
};

/// Which of n ascending samples tells the light of stars: high up, where frames of poor seeing have
/// the skirts of stars that others do not show, but below what single outliers reach.
[[nodiscard]] SECTILE_HOST_DEVICE inline int light_rank(int n)
{
    int const skipped = n / 10 > 1 ? n / 10 : 1;
    return n - 1 - skipped > 0 ? n - 1 - skipped : 0;
}

/// Noise of a sample with what frames may differ by in the light of stars: that which `upper` (of
/// light_rank()) has above sky and noise. Rejection by any method cuts at this or further out, so
/// that no star is bitten where seeing differs; sky and nebulae are cut as before.
[[nodiscard]] SECTILE_HOST_DEVICE inline double noise_with_light(double noise, double upper,
                                                                 double sky, double per_light)
{
    double const light = upper - sky - 3.0 * noise;
    return light > 0.0 ? noise + per_light * light : noise;
}

struct CombinedPixel
{
    double value;   ///< NaN when there is no sample
    double weight;  ///< sum over the survivors, for a median times its efficiency
    double coverage;
    double low;  ///< survivors are the samples from low to high
    double high;
};

/// OutputWeight::inverse_variance of a mean from the sums of weight and of weight * excess of its
/// survivors: (sum w)^2 / sum(w^2 variance).
[[nodiscard]] SECTILE_HOST_DEVICE inline double mean_inverse_variance(double weight, double excess)
{
    return excess > 0.0 ? weight * (weight / excess) : 0.0;
}

/// The same of the median of `count` Gaussian samples from the sum of their 1 / sigma. The
/// asymptotic variance of a sample median is count / (2 sum f)^2, where f = 1 / (sqrt(2 pi) sigma)
/// is the density of each at its centre; for few it is taken by the efficiency of equal ones.
[[nodiscard]] SECTILE_HOST_DEVICE inline double median_inverse_variance(int count,
                                                                        double inverse_sigmas)
{
    return count > 0 ? median_efficiency(count) * inverse_sigmas * inverse_sigmas / count : 0.0;
}

/// 1 / sigma of a sample.
[[nodiscard]] SECTILE_HOST_DEVICE inline double inverse_sigma(double weight, double excess)
{
    return excess > 0.0 ? std::sqrt(weight / excess) : 0.0;
}

/// Share of the `samples` of a pixel that lie on one side of its survivors; NaN without samples.
[[nodiscard]] SECTILE_HOST_DEVICE inline float rejected_fraction(int rejected, int samples)
{
    return samples > 0 ? static_cast<float>(rejected) / static_cast<float>(samples) : NAN;
}

/// Combination of the samples of one pixel: rejection on the values, then weighted mean
/// sum(w v) / sum(w) of the survivors in source order, or their plain median. A mean's weight is
/// sum(w), a median's sum(w) * median_efficiency: exact for equal weights. `sorted` holds the
/// values in ascending order, `scratch` 2 * count doubles.
[[nodiscard]] SECTILE_HOST_DEVICE inline CombinedPixel combine_samples(CombineRecipe const& recipe,
                                                                       PixelSamples const& samples,
                                                                       double const* sorted,
                                                                       double* scratch)
{
    if (samples.count == 0) {
        return {NAN, 0.0, 0.0, INFINITY, -INFINITY};
    }
    double const noise = noise_with_light(samples.noise, sorted[light_rank(samples.count)],
                                          samples.sky, recipe.noise_per_light());
    SampleRange const kept = reject(recipe, sorted, samples.count, noise, scratch);
    double const low = sorted[kept.begin];
    double const high = sorted[kept.end - 1];
    double value_sum = 0.0;
    double weight_sum = 0.0;
    double coverage = 0.0;
    for (int i = 0; i < samples.count; ++i) {
        double const value = samples.value[i];
        if (value >= low && value <= high) {
            double const weight = samples.weight[i];
            value_sum += weight * value;
            weight_sum += weight;
            coverage += samples.coverage != nullptr ? samples.coverage[i] : 1.0;
        }
    }
    if (recipe.final_combine == FinalCombine::median) {
        return {median_of(sorted, kept), weight_sum * median_efficiency(kept.count()), coverage,
                low, high};
    }
    return {value_sum / weight_sum, weight_sum, coverage, low, high};
}
}  // namespace sectile::compute::kernels
