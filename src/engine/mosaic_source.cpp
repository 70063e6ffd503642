// SPDX-License-Identifier: BSD-3-Clause
#include "sectile/engine/mosaic_source.hpp"

namespace sectile::engine
{
MosaicSource source_of(plan::FrameRecord const& record, MosaicSource::Kind kind)
{
    MosaicSource source;
    source.kind = kind;
    source.header = record.header;
    source.planes = record.planes;
    source.fwhm = record.quality.fwhm;
    source.photometry.resize(static_cast<std::size_t>(record.header.geometry.planes));
    return source;
}

std::vector<MosaicSource> sources_of(std::vector<plan::FrameRecord> const& frames,
                                     MosaicSource::Kind kind)
{
    std::vector<MosaicSource> sources;
    for (plan::FrameRecord const& frame : frames) {
        if (frame.verdict.accepted()) {
            sources.push_back(source_of(frame, kind));
        }
    }
    return sources;
}
}  // namespace sectile::engine
