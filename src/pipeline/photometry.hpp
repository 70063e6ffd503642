// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <vector>

#include "pipeline/context.hpp"
#include "pipeline/mosaic_source.hpp"

namespace sectile::pipeline
{
/// Outcome of the photometric match of one plane, for the report.
struct PlaneMatch
{
    std::size_t pairs = 0;
    double rms_before = 0.0;  ///< weighted rms of the pair differences, data units
    double rms_after = 0.0;
    std::vector<double> offsets;
    std::vector<std::size_t> isolated;
};

/// Section 7, offsets: sky levels of all sources on a common lattice of canvas cells (medians,
/// measured by the ranks in turn), robust differences of pairs that share enough cells, one global
/// solution per plane; the offsets are put into sources[i].photometry. *Collective*; the same
/// result on every rank. Sources whose overlap is under `overlap_min` of the smaller footprint are
/// no pair.
[[nodiscard]] std::vector<PlaneMatch> match_offsets(std::vector<MosaicSource>& sources,
                                                    sky::SkyWcs const& grid, double overlap_min,
                                                    comm::Communicator const& comm,
                                                    Context& context);
}  // namespace sectile::pipeline
