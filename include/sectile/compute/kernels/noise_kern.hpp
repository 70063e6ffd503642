// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "sectile/compute/kernels/host_device.hpp"
#include "sectile/image/noise_covariance.hpp"

/// The variance of an interpolated sample from the covariance of its pixels' noise, by the law of
/// propagation: sum over all pairs of taps of w_i w_j cov(i - j).
namespace sectile::compute::kernels
{
/// Autocorrelation of the weights of a kernel on one axis: entry d is the sum of w_k w_(k+d).
struct WeightCorrelation
{
    double at[image::NoiseCovariance::lags];

    [[nodiscard]] SECTILE_HOST_DEVICE static WeightCorrelation of(double const* weights, int taps)
    {
        WeightCorrelation result{};
        for (int lag = 0; lag < image::NoiseCovariance::lags; ++lag) {
            for (int k = 0; k + lag < taps; ++k) {
                result.at[lag] += weights[k] * weights[k + lag];
            }
        }
        return result;
    }
};

/// Variance of the sample of a separable kernel with these autocorrelations.
[[nodiscard]] SECTILE_HOST_DEVICE inline double sample_variance(
    image::NoiseCovariance const& covariance, WeightCorrelation const& x,
    WeightCorrelation const& y)
{
    double sum = 0.0;
    for (int j = 0; j < image::NoiseCovariance::lags; ++j) {
        double along = covariance.at[j][0] * x.at[0];
        for (int i = 1; i < image::NoiseCovariance::lags; ++i) {
            along += 2.0 * covariance.at[j][i] * x.at[i];
        }
        sum += (j == 0 ? 1.0 : 2.0) * y.at[j] * along;
    }
    return sum;
}

/// Variance of the weighted mean of a cell of 2x2 pixels; weights[2 * row + column], not
/// normalised, 0 for pixels that do not count.
[[nodiscard]] SECTILE_HOST_DEVICE inline double cell_variance(
    image::NoiseCovariance const& covariance, double const* weights)
{
    double sum = 0.0;
    double total = 0.0;
    for (int a = 0; a < 4; ++a) {
        total += weights[a];
        for (int b = 0; b < 4; ++b) {
            int const columns = a % 2 == b % 2 ? 0 : 1;
            int const rows = a / 2 == b / 2 ? 0 : 1;
            sum += weights[a] * weights[b] * covariance.at[rows][columns];
        }
    }
    return sum / (total * total);
}
}  // namespace sectile::compute::kernels
