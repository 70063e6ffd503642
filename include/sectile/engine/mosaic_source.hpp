// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <vector>

#include "sectile/compute/source_window.hpp"
#include "sectile/plan/frame_record.hpp"
#include "sectile/sky/frame_header.hpp"

namespace sectile::engine
{
/// An input of a coadd before it is placed on a grid: a raw frame or a master tile. The same on
/// every rank.
struct MosaicSource
{
    enum class Kind : std::uint8_t
    {
        frame,
        tile
    };
    Kind kind = Kind::frame;
    sky::FrameHeader header;
    std::vector<plan::PlaneMeasurement> planes;
    std::vector<compute::Photometry> photometry;  ///< one per plane
    double fwhm = plan::unmeasured;               ///< of a frame's stars, pixels
    int home = 0;  ///< rank that made it or stands for it (push route)
};

/// A record as a source without photometric correction.
[[nodiscard]] MosaicSource source_of(plan::FrameRecord const& record, MosaicSource::Kind kind);

/// The accepted ones among `frames`, as sources without photometric correction.
[[nodiscard]] std::vector<MosaicSource> sources_of(std::vector<plan::FrameRecord> const& frames,
                                                   MosaicSource::Kind kind);

}  // namespace sectile::engine
