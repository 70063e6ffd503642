// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cmath>

#include "sectile/compute/kernels/host_device.hpp"
#include "sectile/compute/recipe.hpp"

/// Rejection of outliers among the samples of one pixel. All methods cut at thresholds on the two
/// sides of the samples, so they work on the samples in ascending order and what survives is a
/// range of it. Everything is double; nothing allocates. `noise` is the noise of a sample as the
/// sources know it (root mean square of their sigmas), 0 when unknown: no scale estimated from few
/// samples is taken to be smaller, which is what makes one outlier among three stand out without
/// clean samples being lost. No method goes below two survivors.
namespace sectile::compute::kernels
{
/// Half-open range of survivors in the ascending samples.
struct SampleRange
{
    int begin;
    int end;

    [[nodiscard]] SECTILE_HOST_DEVICE int count() const { return end - begin; }
};

/// Median of the samples of a range that holds at least one.
[[nodiscard]] SECTILE_HOST_DEVICE inline double median_of(double const* sorted, SampleRange range)
{
    int const middle = range.begin + range.count() / 2;
    return range.count() % 2 != 0 ? sorted[middle] : 0.5 * (sorted[middle - 1] + sorted[middle]);
}

/// Median of |sorted[i] - centre| over a range, where centre lies within the range's values: the
/// distances ascend from the middle outwards on both sides and are merged up to the middle rank.
[[nodiscard]] SECTILE_HOST_DEVICE inline double median_distance(double const* sorted,
                                                                SampleRange range, double centre)
{
    int const n = range.count();
    int right = range.begin + n / 2;
    int left = right - 1;
    double previous = 0.0;
    double current = 0.0;
    for (int rank = 0; rank <= n / 2; ++rank) {
        double const below = left >= range.begin ? centre - sorted[left] : INFINITY;
        double const above = right < range.end ? sorted[right] - centre : INFINITY;
        previous = current;
        if (below < above) {
            current = below;
            --left;
        } else {
            current = above;
            ++right;
        }
    }
    return n % 2 != 0 ? current : 0.5 * (previous + current);
}

/// Mean of |sorted[i] - centre|, added in ascending order.
[[nodiscard]] SECTILE_HOST_DEVICE inline double mean_distance(double const* sorted,
                                                              SampleRange range, double centre)
{
    double sum = 0.0;
    for (int i = range.begin; i < range.end; ++i) {
        sum += std::fabs(sorted[i] - centre);
    }
    return sum / range.count();
}

/// Robust sigma about the median: 1.4826 MAD (Gaussian consistency), and where more than half of
/// the samples are equal, so that the MAD is 0, 1.2533 times the mean distance (Iglewicz & Hoaglin
/// 1993).
[[nodiscard]] SECTILE_HOST_DEVICE inline double robust_scale(double const* sorted,
                                                             SampleRange range, double median)
{
    double const mad = median_distance(sorted, range, median);
    return mad > 0.0 ? 1.4826 * mad : 1.2533 * mean_distance(sorted, range, median);
}

/// Drops samples outside [low, high] from both ends; keeps the range when fewer than two would
/// stay.
[[nodiscard]] SECTILE_HOST_DEVICE inline SampleRange cut_range(double const* sorted,
                                                               SampleRange range, double low,
                                                               double high)
{
    SampleRange kept = range;
    while (kept.begin < kept.end && sorted[kept.begin] < low) {
        ++kept.begin;
    }
    while (kept.end > kept.begin && sorted[kept.end - 1] > high) {
        --kept.end;
    }
    return kept.count() < 2 ? range : kept;
}

/// Clips about the median at kappa times scale(sorted, range, median), until nothing more is
/// rejected. Each pass removes at least one sample or is the last.
template <class Scale>
[[nodiscard]] SECTILE_HOST_DEVICE inline SampleRange clip_until_stable(double const* sorted,
                                                                       int count, double kappa_low,
                                                                       double kappa_high,
                                                                       Scale const& scale_of)
{
    SampleRange range{0, count};
    while (range.count() > 2) {
        double const median = median_of(sorted, range);
        double const scale = scale_of(sorted, range, median);
        SampleRange const kept =
            cut_range(sorted, range, median - kappa_low * scale, median + kappa_high * scale);
        if (kept.count() == range.count()) {
            break;
        }
        range = kept;
    }
    return range;
}

/// Iterated clipping about the median at kappa robust sigmas (robust_scale, at least `noise`),
/// until nothing more is rejected.
struct KappaSigma
{
    double kappa_low;
    double kappa_high;

    [[nodiscard]] SECTILE_HOST_DEVICE SampleRange operator()(double const* sorted, int count,
                                                             double noise) const
    {
        auto const scale_of = [noise](double const* samples, SampleRange range, double median) {
            double const spread = robust_scale(samples, range, median);
            return spread > noise ? spread : noise;
        };
        return clip_until_stable(sorted, count, kappa_low, kappa_high, scale_of);
    }
};

/// Winsorized sigma clipping as PixInsight and Siril publish it: sigma is estimated from samples
/// pulled in to median +- 1.5 sigma, times 1.134, until it is stable; original samples beyond kappa
/// sigma are removed; all of it is repeated until no sample is rejected.
///
/// The estimate is Algorithm A of ISO 13528:2015 annex C.3 (Analytical Methods Committee 1989,
/// Analyst 114, 1693), from which the 1.5 and the 1.134 come, with the median as its centre: it
/// starts at the robust scale, and every iteration pulls in the quantile-winsorized samples afresh,
/// so that sigma can grow back. Quantile limits: the floor(limit * n) outermost samples of a side
/// take the value of the next.
struct WinsorizedSigma
{
    static constexpr double reach = 1.5;
    static constexpr double correction = 1.134;
    static constexpr double tolerance = 0.0005;  ///< relative change of sigma that counts as stable
    static constexpr int max_iterations = 20;

    double kappa_low;
    double kappa_high;
    double winsor_low;
    double winsor_high;

    [[nodiscard]] SECTILE_HOST_DEVICE SampleRange operator()(double const* sorted, int count,
                                                             double noise) const
    {
        auto const scale_of = [this, noise](double const* samples, SampleRange range,
                                            double median) {
            return winsorized_scale(samples, range, median, noise);
        };
        return clip_until_stable(sorted, count, kappa_low, kappa_high, scale_of);
    }

    [[nodiscard]] SECTILE_HOST_DEVICE double winsorized_scale(double const* sorted,
                                                              SampleRange range, double median,
                                                              double noise) const
    {
        int const n = range.count();
        int const middle = (n - 1) / 2;
        int const cut_low = static_cast<int>(winsor_low * n);
        int const cut_high = static_cast<int>(winsor_high * n);
        double const lowest = sorted[range.begin + (cut_low < middle ? cut_low : middle)];
        double const highest = sorted[range.end - 1 - (cut_high < middle ? cut_high : middle)];
        double const spread = robust_scale(sorted, range, median);
        double sigma = spread > noise ? spread : noise;
        for (int iteration = 0; iteration < max_iterations; ++iteration) {
            double const from = median - reach * sigma;
            double const to = median + reach * sigma;
            double const low = from > lowest ? from : lowest;
            double const high = to < highest ? to : highest;
            double const estimate = correction * clamped_deviation(sorted, range, low, high);
            double const next = estimate > noise ? estimate : noise;
            double const change = std::fabs(next - sigma);
            bool const is_stable = change <= tolerance * sigma;
            sigma = next;
            if (is_stable) {
                break;
            }
        }
        return sigma;
    }

    /// Standard deviation of the samples clamped to [low, high]. Divided by n, not n - 1: with n -
    /// 1 a single outlier among three samples drags sigma up until it covers the outlier itself.
    [[nodiscard]] SECTILE_HOST_DEVICE static double clamped_deviation(double const* sorted,
                                                                      SampleRange range, double low,
                                                                      double high)
    {
        double sum = 0.0;
        for (int i = range.begin; i < range.end; ++i) {
            double const raised = sorted[i] < low ? low : sorted[i];
            sum += raised > high ? high : raised;
        }
        double const mean = sum / range.count();
        double squares = 0.0;
        for (int i = range.begin; i < range.end; ++i) {
            double const raised = sorted[i] < low ? low : sorted[i];
            double const distance = (raised > high ? high : raised) - mean;
            squares += distance * distance;
        }
        return std::sqrt(squares / range.count());
    }
};

/// Linear fit clipping (PixInsight): a straight line through the ranked samples, fitted by least
/// absolute deviations (a least-squares line would follow the outlier at the end of the ranking,
/// where its leverage is largest); samples at the two ends that lie beyond kappa mean absolute
/// deviations (at least `noise`) outside the line are removed, and all of it is repeated until none
/// is.
///
/// The line is found by Wesolowsky's descent (1981, Comm. Statistics B 10, 479): the best line
/// through a sample has the weighted median of the slopes to the others, weights the distances in
/// rank; the sample that gave the slope is the next pivot, until the sum of deviations stops
/// falling. `scratch` holds 2 * count doubles.
struct LinearFitClip
{
    static constexpr int max_iterations = 50;

    double kappa_low;
    double kappa_high;

    struct Line
    {
        double at_pivot;
        double slope;
        int pivot;
        double mean_deviation;

        [[nodiscard]] SECTILE_HOST_DEVICE double operator()(int rank) const
        {
            return at_pivot + slope * (rank - pivot);
        }
    };

    [[nodiscard]] SECTILE_HOST_DEVICE SampleRange operator()(double const* sorted, int count,
                                                             double noise, double* scratch) const
    {
        SampleRange range{0, count};
        while (range.count() > 2) {
            Line const line = fit(sorted, range, scratch);
            double const scale = line.mean_deviation > noise ? line.mean_deviation : noise;
            SampleRange kept = range;
            while (kept.begin < kept.end &&
                   line(kept.begin) - sorted[kept.begin] > kappa_low * scale) {
                ++kept.begin;
            }
            while (kept.end > kept.begin &&
                   sorted[kept.end - 1] - line(kept.end - 1) > kappa_high * scale) {
                --kept.end;
            }
            if (kept.count() < 2 || kept.count() == range.count()) {
                break;
            }
            range = kept;
        }
        return range;
    }

    [[nodiscard]] SECTILE_HOST_DEVICE static Line fit(double const* sorted, SampleRange range,
                                                      double* scratch)
    {
        Line best{};
        best.mean_deviation = INFINITY;
        int pivot = range.begin + range.count() / 2;
        for (int iteration = 0; iteration < max_iterations; ++iteration) {
            int next = pivot;
            Line line{sorted[pivot], 0.0, pivot, 0.0};
            line.slope = median_slope(sorted, range, pivot, scratch, next);
            for (int i = range.begin; i < range.end; ++i) {
                line.mean_deviation += std::fabs(sorted[i] - line(i));
            }
            line.mean_deviation /= range.count();
            if (!(line.mean_deviation < best.mean_deviation)) {
                break;
            }
            best = line;
            pivot = next;
        }
        return best;
    }

    /// Weighted median of the slopes from `pivot` to the other ranks; `partner` gets the rank that
    /// gave it.
    [[nodiscard]] SECTILE_HOST_DEVICE static double median_slope(double const* sorted,
                                                                 SampleRange range, int pivot,
                                                                 double* scratch, int& partner)
    {
        double* const slope = scratch;
        double* const rank = scratch + range.count();
        int n = 0;
        double total = 0.0;
        for (int i = range.begin; i < range.end; ++i) {
            if (i != pivot) {
                slope[n] = (sorted[i] - sorted[pivot]) / (i - pivot);
                rank[n] = i;
                total += std::fabs(static_cast<double>(i - pivot));
                ++n;
            }
        }
        sort_pairs(slope, rank, n);
        double passed = 0.0;
        int k = 0;
        for (; k < n - 1; ++k) {
            passed += std::fabs(rank[k] - pivot);
            if (2.0 * passed >= total) {
                break;
            }
        }
        partner = static_cast<int>(rank[k]);
        return slope[k];
    }

    /// Heap sort by slope, ties by rank: in place, n log n, the same order everywhere.
    SECTILE_HOST_DEVICE static void sort_pairs(double* slope, double* rank, int n)
    {
        for (int start = n / 2 - 1; start >= 0; --start) {
            sift_down(slope, rank, start, n);
        }
        for (int end = n - 1; end > 0; --end) {
            exchange(slope, rank, 0, end);
            sift_down(slope, rank, 0, end);
        }
    }

    [[nodiscard]] SECTILE_HOST_DEVICE static bool is_before(double const* slope, double const* rank,
                                                            int a, int b)
    {
        return slope[a] < slope[b] || (slope[a] == slope[b] && rank[a] < rank[b]);
    }

    SECTILE_HOST_DEVICE static void exchange(double* slope, double* rank, int a, int b)
    {
        double const s = slope[a];
        double const r = rank[a];
        slope[a] = slope[b];
        rank[a] = rank[b];
        slope[b] = s;
        rank[b] = r;
    }

    SECTILE_HOST_DEVICE static void sift_down(double* slope, double* rank, int root, int end)
    {
        while (2 * root + 1 < end) {
            int child = 2 * root + 1;
            if (child + 1 < end && is_before(slope, rank, child, child + 1)) {
                ++child;
            }
            if (!is_before(slope, rank, root, child)) {
                return;
            }
            exchange(slope, rank, root, child);
            root = child;
        }
    }
};

/// Survivors by the method and limits of a recipe. `sorted` ascending; `scratch` 2 * count doubles.
[[nodiscard]] SECTILE_HOST_DEVICE inline SampleRange reject(CombineRecipe const& recipe,
                                                            double const* sorted, int count,
                                                            double noise, double* scratch)
{
    switch (recipe.rejection) {
        case Rejection::kappa_sigma:
            return KappaSigma{recipe.kappa_low, recipe.kappa_high}(sorted, count, noise);
        case Rejection::winsorized_sigma_clip:
            return WinsorizedSigma{recipe.kappa_low, recipe.kappa_high, recipe.winsor_low,
                                   recipe.winsor_high}(sorted, count, noise);
        case Rejection::linear_fit_clip:
            return LinearFitClip{recipe.kappa_low, recipe.kappa_high}(sorted, count, noise,
                                                                      scratch);
        case Rejection::none:
            break;
    }
    return {0, count};
}
}  // namespace sectile::compute::kernels
