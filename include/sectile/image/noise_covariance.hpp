// SPDX-License-Identifier: BSD-3-Clause
#pragma once

namespace sectile::image
{
/// Covariance of the noise of two pixels of a source, averaged over the pixels, in units of the
/// variance that the source's weight stands for; for lags of 0, 1 and 2 pixels on each axis, the
/// same for both signs. What was interpolated before (debayered frames, tiles) has noise that
/// neighbours share; what comes straight from a detector has not.
struct NoiseCovariance
{
    static constexpr int lags = 3;

    /// [lag in y][lag in x]; as it stands: independent pixels.
    double at[lags][lags] = {{1.0, 0.0, 0.0}, {0.0, 0.0, 0.0}, {0.0, 0.0, 0.0}};

    [[nodiscard]] bool is_white() const { return *this == NoiseCovariance{}; }
    friend bool operator==(NoiseCovariance const&, NoiseCovariance const&) = default;
};
}  // namespace sectile::image
