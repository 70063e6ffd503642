// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <memory>
#include <span>
#include <string>
#include <tuple>
#include <vector>

#include "sectile/comm/communicator.hpp"
#include "sectile/engine/coadd.hpp"
#include "sectile/machine/crew.hpp"

namespace sectile::photometry
{
/// How sources are brought to one level.
enum class PhotometricMatch : std::uint8_t
{
    off,
    offset,
    plane
};

/// What is matched: offsets alone or offsets and gradients; sources whose overlap is under
/// `overlap_min` of the cells of the smaller one are no pair.
struct MatchOptions
{
    PhotometricMatch method = PhotometricMatch::plane;
    double overlap_min = 0.05;
    bool wants_sky = false;     ///< of PlaneMatch
    std::string progress = {};  ///< name shown while the levels are measured; empty: silent
};

/// Outcome of the photometric match of one plane of colour, the same on every rank.
struct PlaneMatch
{
    std::size_t pairs = 0;
    double rms_before = 0.0;  ///< weighted rms of the pair differences at mid-overlap, data units
    double rms_after = 0.0;
    std::vector<std::size_t> isolated;
    std::vector<compute::Photometry> corrections;  ///< one per source
    std::vector<float> sky;                        ///< cells of what they have in common, if wanted
};
inline auto fields(PlaneMatch& match)
{
    return std::tie(match.pairs, match.rms_before, match.rms_after, match.isolated,
                    match.corrections, match.sky);
}

/// How the levels of the job's sources are measured by `rank` of `ranks`: piece by piece, by the
/// workers of a rank. Pure. Throws core::ConfigError where the memory does not do.
[[nodiscard]] plan::ParallelPlan plan_match(engine::CoaddJob const& job, int ranks, int rank,
                                            plan::Capabilities const& node,
                                            plan::ParallelOptions const& options);

/// METHODS.md, section 11: sky levels of all sources on a common lattice of canvas cells (medians,
/// measured by the ranks in turn), robust planes through the differences of pairs that share enough
/// cells, then one global solution per plane of colour: first the slopes (method plane), each axis
/// for itself, then the offsets that remain. Gauge: the mean offset and the mean slope of every
/// connected component are 0. Gains that the sources have are kept and applied to their levels;
/// the other corrections replace those of job.inputs[i].photometry, and nothing else of the job
/// changes; its recipe does not matter. `plan`: of plan_match(). *Collective*; the same corrections
/// on every rank.
std::vector<PlaneMatch> match_photometry(engine::CoaddJob& job, MatchOptions const& options,
                                         plan::ParallelPlan const& plan,
                                         comm::Communicator const& comm, machine::Crew& crew);

/// The sky that was found (MatchOptions::wants_sky) on the canvas of the job, lower by `offset` of
/// each plane; null where there is none. Pure.
[[nodiscard]] std::shared_ptr<compute::SkyLattice const> matched_sky(
    engine::CoaddJob const& job, std::vector<PlaneMatch> const& matches,
    std::span<double const> offset);
}  // namespace sectile::photometry
