// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <array>

#include "sectile/plan/frame_record.hpp"

namespace sectile::test
{
/// A star with these fluxes (of up to three planes) in circles of any size.
inline plan::FrameStar star_with(double x, double y, std::array<float, 3> const& flux)
{
    plan::FrameStar star{static_cast<float>(x), static_cast<float>(y), {}, 0};
    star.flux.fill(flux);
    return star;
}
}  // namespace sectile::test
