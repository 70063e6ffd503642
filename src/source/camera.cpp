// SPDX-License-Identifier: BSD-3-Clause
#include "sectile/source/camera.hpp"

#include <filesystem>

#include <fmt/format.h>

namespace sectile::source
{
std::string camera_of(sky::FrameHeader const& header)
{
    sky::FrameGeometry const& geometry = header.geometry;
    bool const is_halved = geometry.stored_width > 0;
    return fmt::format("{} {}x{} {} in {}", header.facts.instrument,
                       is_halved ? geometry.stored_width : geometry.width,
                       is_halved ? geometry.stored_height : geometry.height,
                       static_cast<int>(geometry.bayer),
                       std::filesystem::path(header.path).parent_path().string());
}
}  // namespace sectile::source
