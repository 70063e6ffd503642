// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <limits>
#include <optional>

#include "sectile/image/image.hpp"
#include "sectile/sky/frame_header.hpp"

namespace sectile::ingest
{
/// The pixel value from which on the pixels of a frame count as saturated (METHODS.md, section
/// 3.9): what the header states, else the end of the range of the stored integers, or a lower value
/// that many of the brightest pixels of the frame share. One value for the whole frame.
class SaturationLevel
{
  public:
    explicit SaturationLevel(sky::FrameHeader const& header);

    /// Whether the pixels have a say: the header does not state the level.
    [[nodiscard]] bool needs_pixels() const { return !stated_; }
    /// Looks at a part of the frame; parts do not overlap, their order does not matter.
    void add(image::ImageView<float const> pixels);
    /// NaN: there is none. After add() of all parts, if they are needed.
    [[nodiscard]] double value() const;

  private:
    std::optional<double> stated_;
    double end_of_range_;  ///< NaN for floating point
    float lowest_ = std::numeric_limits<float>::infinity();
    float highest_ = -std::numeric_limits<float>::infinity();
    std::int64_t brightest_ = 0;  ///< pixels of the highest value
};
}  // namespace sectile::ingest
