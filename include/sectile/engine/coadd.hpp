// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "sectile/comm/communicator.hpp"
#include "sectile/compute/backend.hpp"
#include "sectile/machine/tbb_runner.hpp"
#include "sectile/plan/decomposition.hpp"
#include "sectile/plan/frame_record.hpp"
#include "sectile/plan/parallel_plan.hpp"
#include "sectile/sky/sky_wcs.hpp"
#include "sectile/source/pixel_source.hpp"

namespace sectile::engine
{
enum class SourceKind : std::uint8_t
{
    frame,
    tile
};

/// An input of a coadd: its record, where it falls on the grid, how it counts, and its pixels on
/// demand. Made once from the record (place_sources()); photometry and weights are numbers that are
/// set afterwards. The same on every rank of the team.
struct PlacedSource
{
    core::SourceId id;
    SourceKind kind = SourceKind::frame;
    plan::FrameRecord const* record = nullptr;  ///< outlives it; for weigh_sources() and the like
    std::shared_ptr<source::PixelSource const> pixels;
    sky::WcsDescription const* wcs = nullptr;  ///< outlives it
    core::Box footprint;                       ///< destination pixels it may touch
    int map_spacing = 1;
    std::vector<compute::Photometry> photometry;  ///< one per plane
    std::vector<double> weight_scale;             ///< one per plane; empty: not weighed yet
    std::vector<double> noise_sigma;              ///< one per plane, after photometry
    std::vector<image::NoiseCovariance> noise_covariance;  ///< empty: pixels are independent
    int home = 0;  ///< push route: the rank that holds and resamples it
    double row_spread =
        1.0;  ///< source pixels per destination pixel along the same axis, for the planner
    double cross_spread = 0.0;  ///< and along the other axis: 0 for an upright source
};

/// What is to be coadded: inputs in ascending id, the destination grid and the recipe.
struct CoaddJob
{
    sky::SkyWcs const* grid = nullptr;
    core::Box canvas;
    int planes = 1;
    compute::CoaddRecipe recipe;
    std::vector<PlacedSource> inputs;
    bool rejection_maps = false;  ///< the strips tell what was rejected (StripOutput)
};

using Route = plan::Route;

/// Who does it and how: a communicator (null: this process alone), the backend, the threads and the
/// plan.
struct Team
{
    comm::Communicator comm;
    compute::Backend* backend = nullptr;
    machine::TbbRunner* runner = nullptr;
    compute::Backend* fallback = nullptr;  ///< used when the backend's device fails; may be null
    std::string scratch;  ///< folder for stacks that do not fit into memory; empty: none
};

/// Receives finished strips.
class StripSink
{
  public:
    virtual ~StripSink() = default;
    /// *Collective* over the team, once per round, main thread; `strip` is empty on ranks that have
    /// none.
    virtual void write(core::Box const& strip, compute::StripOutput const& rows) = 0;
};

/// What had to be given up on this rank because memory or the device failed.
struct LadderSteps
{
    int rows_halved = 0;
    int workers_halved = 0;
    int left_device = 0;
    int spilled = 0;
    std::string last_reason;

    [[nodiscard]] int total() const { return rows_halved + workers_halved + left_device + spilled; }
};

/// What a coadd did on this rank, for the report.
struct CoaddStatistics
{
    std::uint64_t samples = 0;  ///< destination pixels x sources asked for
    std::uint64_t windows_read = 0;
    std::uint64_t bytes_read = 0;  ///< of float windows
    std::uint64_t bytes_sent = 0;  ///< to other ranks
    std::uint64_t rounds = 0;
    LadderSteps ladder;
};

/// The coadd engine (METHODS.md, sections 7, 10 and 13): sources -> resample -> (value, weight)
/// spans -> strip owners -> combine -> sink.
///
/// Rounds of strips: in a round every rank makes at most one strip. With `pull` the owner of a
/// strip reads the windows it needs; with `push` the home rank of a source resamples it and sends
/// the samples. Samples of a pixel are combined in ascending source id whatever the route, so that
/// the bytes do not depend on ranks, threads, strips or route. Reading of the next batch and
/// writing of the last strip overlap the computation.
///
/// When memory, the device or the scratch disk fails, the coadd gives up rows, workers, the device
/// and memory for stacks, in this order, and goes on (CoaddStatistics::ladder); the bytes stay the
/// same.
///
/// *Collective* over team.comm; only the calling thread communicates. Throws comm::AgreedFailure on
/// every rank alike, which tells what reading or writing threw where it failed, or that nothing is
/// left to give up; and core::InternalError, on every rank too, when an input was not weighed.
CoaddStatistics coadd(CoaddJob const& job, Team const& team, plan::ParallelPlan const& plan,
                      plan::Decomposition const& decomposition, Route route, StripSink& sink);
}  // namespace sectile::engine
