// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <complex>
#include <cstddef>
#include <span>
#include <vector>

#include "sectile/sky/sky_wcs.hpp"
#include "sectile/solve/star_match.hpp"

namespace sectile::astrometry
{
/// Where the WCS that the frames of a group came with put their stars, against where the stars are
/// among each other. Of each frame only sums are kept.
class OwnPlacement
{
  public:
    /// A frame: its stars on the plane of the group, and by its own WCS. Both of one length;
    /// pairs that are not finite do not count.
    void add(std::span<sky::PixelPos const> places, std::span<sky::PixelPos const> own);

    /// The similarity (turn, scale, shift) from the group's places to those of the frames' own WCS
    /// by least squares, stars weighing the same and frames by Tukey's biweight (Beaton & Tukey
    /// 1974, c = 4.685) of how far they stand off as a whole: errors of single plate solutions
    /// average out, and a frame of another calibration does not draw the group away. Starts from
    /// the medians over the frames. The identity without any frame. Deterministic.
    [[nodiscard]] solve::PlaneAffine fit() const;

  private:
    using Plane = std::complex<double>;

    /// Least-squares sums of the stars of a frame, places relative to their mean.
    struct Frame
    {
        double stars = 0.0;
        Plane place;          ///< mean
        Plane own;            ///< mean
        Plane product = 0.0;  ///< sum of (own - mean) * conj(place - mean)
        double spread = 0.0;  ///< sum of |place - mean|^2
    };
    struct Similarity
    {
        Plane from;        ///< this place
        Plane to;          ///< goes here
        Plane turn = 1.0;  ///< and distances from it are multiplied by this
    };

    [[nodiscard]] Similarity weighted_fit(std::vector<double> const& weights) const;
    [[nodiscard]] std::vector<double> weights_for(Similarity const& fit) const;

    std::vector<Frame> frames_;
};
}  // namespace sectile::astrometry
