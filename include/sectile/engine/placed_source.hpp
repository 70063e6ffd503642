// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <vector>

#include "sectile/comm/communicator.hpp"
#include "sectile/engine/coadd.hpp"
#include "sectile/source/preparations.hpp"

namespace sectile::engine
{
/// How the sources of a coadd are weighted.
enum class Weighting : std::uint8_t
{
    none,
    noise_variance,
    noise_fwhm  ///< that times (f / fwhm)^2, see sharpness_factors()
};

/// Where a source falls on a grid. Plain numbers: travels between ranks.
struct Placement
{
    core::Box footprint;
    std::int64_t spacing = 1;   ///< of its coordinate map
    double row_spread = 1.0;    ///< source pixels per destination pixel along the same axis
    double cross_spread = 0.0;  ///< and along the other axis
};
void travels_as_bytes(Placement const&);

/// All but the map spacing, which costs most. Neither system may be in use by another thread.
[[nodiscard]] Placement place_on_grid(sky::SkyWcs const& grid, sky::SkyWcs const& source);

/// What the weights of a coadd of frames can say with a weighting.
[[nodiscard]] compute::OutputWeight output_weight(Weighting weighting);

/// The accepted ones, in their order; pointers into `frames`.
[[nodiscard]] std::vector<plan::FrameRecord const*> accepted_records(
    std::vector<plan::FrameRecord> const& frames);

/// Where the sources fall on the grid. Each is placed once, by one of the ranks of `comm`.
/// *Collective*; the same on every rank.
[[nodiscard]] std::vector<Placement> find_placements(
    comm::Communicator const& comm, machine::TbbRunner& runner,
    std::vector<plan::FrameRecord const*> const& records, sky::SkyWcs const& grid);

/// Inputs for the engine, ascending ids in the order of `records`, without photometric correction
/// and not weighed yet. The homes go round `ranks`. Keeps the pointers. Weighting::none leaves of
/// the weight maps of frames what they mask. What neighbouring pixels share of their noise is that
/// of debayering in frames, and in tiles as it was measured.
[[nodiscard]] std::vector<PlacedSource> placed_sources(
    std::vector<plan::FrameRecord const*> const& records, SourceKind kind,
    std::vector<Placement> const& placements, int ranks, Weighting weighting,
    source::Preparations const& preparations);

/// Factors of the sources' weights for their sharpness: (f / fwhm)^2 with noise_fwhm, f the least
/// fwhm that is known; a source without one counts as the median. Otherwise 1.
[[nodiscard]] std::vector<double> sharpness_factors(std::vector<PlacedSource> const& sources,
                                                    Weighting weighting);

/// Sets weight_scale and noise_sigma of sources whose photometry is settled, from what their
/// records measured. `weighting` of frames (that they were placed with): noise_variance is
/// w = 1 / sigma^2, sigma the noise after photometry, and noise_fwhm is that times the sharpness
/// factor, which is at most 1, so that the weights of the result are at most inverse variances.
/// Tiles are weighted by their weight planes.
void weigh_sources(std::vector<PlacedSource>& sources, Weighting weighting);
}  // namespace sectile::engine
