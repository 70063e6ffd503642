// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "sectile/sky/frame_header.hpp"

namespace sectile::plan
{
/// What headers say of the flux of one frame against that of another, before any star is looked at.
struct FluxPrior
{
    double log_ratio = 0.0;  ///< natural logarithm of the factor that brings the frame to the other
    double sigma = 0.0;      ///< of it; infinite where the headers say nothing
    bool is_calibrated = false;  ///< both are in a unit of surface brightness or of flux
};

/// From FLXSCALE, else photometric zero points, else exposure times (METHODS.md, section 6.3):
/// counts go with the exposure, rates and calibrated units do not. Clouds, and gains of cameras
/// that the headers do not tell, are the uncertainty. Pure.
[[nodiscard]] FluxPrior flux_prior(sky::FrameHeader const& frame,
                                   sky::FrameHeader const& reference);
}  // namespace sectile::plan
