// SPDX-License-Identifier: BSD-3-Clause
#pragma once

namespace sectile::simulate
{
/// The light of a star on the detector: an elliptical Gaussian or, with wings, a Moffat (1969)
/// profile (1 + q^2)^-beta. A fixed share of the light (below 5e-4 for beta of 2.5 or more) lies
/// beyond reach() and is not shown.
class StarProfile
{
  public:
    /// FWHM along both axes, pixels; `angle` of the longer one from +x to +y, radians; `beta` above
    /// 1, or 0 for a Gaussian.
    StarProfile(double longer, double shorter, double angle, double beta);

    /// Share of the light in the pixel whose centre lies (dx, dy) from the star.
    [[nodiscard]] double share(double dx, double dy) const;
    /// Distance from the star beyond which there is nothing, pixels.
    [[nodiscard]] double reach() const { return reach_; }

  private:
    [[nodiscard]] double brightness(double dx, double dy) const;

    double cosine_;
    double sine_;
    double along_;   ///< 1 / scale length of the longer axis
    double across_;  ///< of the shorter one
    double beta_;
    double peak_;  ///< light per square pixel in the middle
    double near_;  ///< within this distance a pixel is sampled finely
    double reach_;
};
}  // namespace sectile::simulate
