// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <limits>
#include <vector>

#include "sectile/image/image.hpp"
#include "sectile/plan/frame_record.hpp"
#include "sectile/sky/frame_header.hpp"

namespace sectile::ingest
{
/// Sky of every plane and extremes of a frame, from its raw pixels.
struct FrameLevels
{
    std::vector<plan::PlaneMeasurement> planes;  ///< of the debayered frame
    double masked_fraction = 0.0;
    double lowest = 0.0;  ///< of the valid pixels
    double highest = 0.0;
};

/// Collects FrameLevels from the parts of a frame, in any order.
///
/// Background, noise and percentiles of every plane come from a lattice of at most about 40,000
/// pixels each, extremes and masks from all pixels. Background: grouped median after up to five
/// clips at 3 robust sigma about the median. Noise: 1.4826 / sqrt(2) times the grouped median of
/// the absolute differences of pixels two columns apart (the same colour of a mosaic, hardly
/// correlated in a resampled image); where half of them or more are 0, the root of half their mean
/// square (METHODS.md, sections 1.5 and 4.1).
class FrameLevelPass
{
  public:
    explicit FrameLevelPass(sky::FrameGeometry const& geometry);

    /// Raw pixels (stored planes) of a part; parts do not overlap.
    void add(image::ImageView<float const> part);
    [[nodiscard]] FrameLevels result() const;

  private:
    struct PlaneSamples
    {
        std::vector<float> values;
        std::vector<float> differences;
    };

    void add_extremes(float const* row, std::int64_t width);
    void add_lattice_row(float const* row, int stored_plane, std::int64_t y, core::Box const& part);

    sky::FrameGeometry geometry_;
    std::int64_t step_ = 2;
    std::vector<PlaneSamples> planes_;
    float lowest_ = std::numeric_limits<float>::infinity();
    float highest_ = -std::numeric_limits<float>::infinity();
    std::int64_t valid_ = 0;
    std::int64_t total_ = 0;
};

/// One pass over the raw pixels of a frame, `rows` rows at a time, which do not change the result.
/// Thread-safe. Throws core::IoError.
[[nodiscard]] FrameLevels measure_levels(sky::FrameHeader const& header, std::int64_t rows);
}  // namespace sectile::ingest
