// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "sectile/plan/frame_record.hpp"

namespace sectile::astrometry
{
/// Stars of a frame and of the catalogue of its group that are the same.
using StarPairs = std::vector<std::pair<std::uint32_t, std::uint32_t>>;

/// Sets scale and scale_error of all planes of the frames of a group (METHODS.md, section 6.3):
/// fluxes in one circle on the sky for all, three FWHM of the softest frame wide or more, corrected
/// for what lies beyond by how they grow; gains of each plane by solve::solve_gains; what headers
/// say as a prior; one scale for all planes where they agree; 1 where nothing speaks against it.
/// The reference has scale 1, exactly. `pairs`: by frame; empty where a frame is not tied.
void set_scales(std::vector<plan::FrameRecord>& frames, std::size_t reference,
                std::vector<StarPairs> const& pairs);
}  // namespace sectile::astrometry
