// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <filesystem>
#include <string>

#include "sectile/plan/frame_record.hpp"

namespace sectile::astrometry
{
/// Of a frame, without its folder: what messages call it.
[[nodiscard]] inline std::string file_name(plan::FrameRecord const& frame)
{
    return std::filesystem::path(frame.header.path).filename().string();
}
}  // namespace sectile::astrometry
