// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <string>

#include "sectile/sky/frame_header.hpp"

namespace sectile::source
{
/// Frames with the same name come from one detector read in one way: instrument, shape, colour
/// pattern and folder (two cameras may bear one name).
[[nodiscard]] std::string camera_of(sky::FrameHeader const& header);
}  // namespace sectile::source
