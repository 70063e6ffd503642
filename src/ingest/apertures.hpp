// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <vector>

#include "sectile/core/box.hpp"
#include "sectile/image/image.hpp"
#include "sectile/plan/frame_record.hpp"

namespace sectile::ingest
{
/// Fluxes of the stars of a block in the circles of plan::aperture_radius(), from the first that
/// suits the FWHM of the block on (1.3 FWHM or more).
class Apertures
{
  public:
    Apertures(image::ImageView<float const> view, double fwhm);

    [[nodiscard]] int first_step() const { return first_; }

    /// Sets the fluxes of the star at its place in the `circles` smallest of its circles: sums
    /// above the median of a ring around the largest of these; pixels on a rim count with the part
    /// of a 5 x 5 raster that lies inside. NaN where a pixel of the circle is masked or outside the
    /// view.
    void measure(plan::FrameStar& star, int planes, int circles);

  private:
    [[nodiscard]] double ring_level(int plane, double x, double y, double radius);

    image::ImageView<float const> view_;
    int first_ = 0;
    std::vector<float> ring_;
};
}  // namespace sectile::ingest
