// SPDX-License-Identifier: BSD-3-Clause
#include "sectile/pipeline/planned_phases.hpp"

#include <algorithm>
#include <utility>

#include "sectile/core/error.hpp"
#include "sectile/photometry/match_levels.hpp"
#include "sectile/product/pictures.hpp"

#include "pipeline/coadd_jobs.hpp"
#include "pipeline/phase.hpp"

namespace sectile::pipeline
{
namespace
{
using engine::CoaddExecution;
using engine::CoaddJob;
using engine::Route;

/// Science, weight, coverage and, if made, rejection maps of one plane of a destination pixel; its
/// alpha is one byte more.
std::int64_t product_bytes(std::int64_t width, std::int64_t height, int planes, bool rejection_maps)
{
    return width * height * (planes * (12 + (rejection_maps ? 8 : 0)) + 1);
}

CoaddFacts facts_of(CoaddExecution const& execution, CoaddJob const& job, Route route,
                    int ranks_per_node)
{
    plan::JobSize const& size = execution.size;
    plan::Decomposition const& decomposition = execution.decomposition;
    CoaddFacts facts;
    facts.width = size.width;
    facts.height = size.height;
    facts.sources = size.sources;
    facts.depth = size.depth;
    facts.ranks = size.ranks;
    facts.idle_ranks = static_cast<int>(
        std::ranges::count_if(decomposition.bands, [](core::Box const& b) { return b.empty(); }));
    facts.rounds = static_cast<std::int64_t>(decomposition.rounds.size());
    facts.imbalance = decomposition.imbalance;
    facts.bytes_written = product_bytes(size.width, size.height, size.planes, size.rejection_maps);
    facts.bytes_read =
        std::max<std::int64_t>(0, execution.plan.predicted_io_bytes - facts.bytes_written);
    facts.route = route;
    if (route == Route::push && size.ranks > 1) {
        std::vector<plan::SentFootprint> sent;
        for (engine::PlacedSource const& input : job.inputs) {
            sent.push_back({input.footprint, input.home});
        }
        facts.traffic =
            plan::push_traffic(sent, decomposition, execution.plan.rows_per_chunk,
                               std::max<std::int64_t>(1, execution.plan.columns_per_chunk),
                               ranks_per_node, size.sample_planes);
    }
    return facts;
}

/// Makes the plan of all phases; holds what its steps share.
class Planner
{
  public:
    Planner(plan::MosaicPlan const& mosaic, RunConfig const& config, PlanningSeat const& seat,
            machine::Crew& crew, source::Preparations const& preparations)
        : mosaic_(mosaic), config_(config), seat_(seat), crew_(crew), preparations_(preparations)
    {}

    /// Where everything falls: what costs time, and needs the other ranks.
    void place();
    /// All plans, from the places. Pure.
    void plan();
    /// Throws for the phase that needs most of the least memory that each can do with.
    void refuse_hungriest();
    /// Brings the strips of ranks that work together to one size.
    void agree();

    [[nodiscard]] LocalPlan take() { return std::move(local_); }

  private:
    [[nodiscard]] bool makes_tiles() const { return config_.makes_tiles(); }
    [[nodiscard]] bool matches(std::size_t sources) const
    {
        return config_.photometric_match != photometry::PhotometricMatch::off && sources >= 2;
    }
    /// Whether the frames of a tile are matched by their levels.
    [[nodiscard]] bool matches_frames(std::size_t frames) const
    {
        return config_.stacking.normalize != tile::Normalize::none && frames >= 2 &&
               config_.photometric_match == photometry::PhotometricMatch::plane;
    }
    /// Index of the team of this rank; of a plan for all, of the team that makes the group.
    [[nodiscard]] bool is_mine(std::size_t group) const
    {
        return seat_.comm.is_null() || makers_[group] == local_.teams.team_of(seat_.comm.rank());
    }
    [[nodiscard]] CanvasSources canvas_sources() const;
    [[nodiscard]] engine::CoaddSeat seat_of(int ranks, int rank) const
    {
        return {ranks, rank, seat_.machine.rank};
    }
    /// As the sources will be weighed; frames that were not measured count as if they had been.
    void weigh(CoaddJob& job) const;

    /// Remembers the job that can do with least, if it needs most of those asked so far.
    void ask_least(plan::PlanKind kind, plan::JobSize const& size);
    plan::ParallelPlan match_plan(CoaddJob const& job, int ranks, int rank);
    CoaddExecution coadd_plan(plan::PlanKind kind, CoaddJob const& job, Route route, int ranks,
                              int rank);
    void plan_tiles();
    void plan_tile(std::size_t group, PlannedPhase& phase);
    void plan_canvas();
    void plan_finish();

    plan::MosaicPlan const& mosaic_;
    RunConfig const& config_;
    PlanningSeat seat_;
    machine::Crew& crew_;
    source::Preparations const& preparations_;
    std::vector<int> makers_;  ///< of the tiles
    LocalPlan local_;
    bool asks_least_ = false;  ///< nothing is planned; the least memory is asked for instead
    std::int64_t least_ = 0;
    plan::PlanKind hungriest_ = plan::PlanKind::finish;
};

CanvasSources Planner::canvas_sources() const
{
    if (!makes_tiles()) {
        return sources_of_input(mosaic_, config_);
    }
    CanvasSources sources;
    sources.kind = engine::SourceKind::tile;
    sources.homes = makers_;
    for (PlannedTile const& tile : local_.tiles) {
        sources.records.push_back(&tile.record);
    }
    return sources;
}

void Planner::place()
{
    machine::PlannedMachine const& machine = seat_.machine;
    if (makes_tiles()) {
        local_.teams = plan::make_tile_teams(mosaic_.groups, machine.ranks);
        makers_ = local_.teams.makers();
        bool const is_alone = seat_.comm.is_null() || local_.teams.teams == seat_.comm.size();
        local_.team = is_alone ? comm::Communicator{}
                               : seat_.comm.split(local_.teams.team_of(seat_.comm.rank()));
        local_.tiles.resize(mosaic_.groups.size());
        comm::agree(seat_.comm, "the grids of the tiles", [&] {
            crew_.runner().for_each(local_.tiles.size(), [&](std::size_t i, int /*worker*/) {
                local_.tiles[i].record = tile_to_make(
                    mosaic_.groups[i], frames_of(mosaic_.groups[i], mosaic_.frames), config_);
            });
        });
        comm::agree(seat_.comm, "placing the frames on their tiles", [&] {
            for (std::size_t i = 0; i < local_.tiles.size(); ++i) {
                if (is_mine(i)) {
                    auto const frames = frames_of(mosaic_.groups[i], mosaic_.frames);
                    local_.tiles[i].placements = engine::find_placements(
                        local_.team, crew_.runner(), engine::accepted_records(frames),
                        sky::SkyWcs(local_.tiles[i].record.header.wcs));
                }
            }
        });
    }
    CanvasSources const sources = canvas_sources();
    local_.canvas_placements = engine::find_placements(seat_.comm, crew_.runner(), sources.records,
                                                       sky::SkyWcs(mosaic_.grid.wcs));
    // Raw frames are read where they are needed; tiles lie on one node's disk or in its cache, so
    // that with several nodes their samples travel instead.
    bool const travels = sources.kind == engine::SourceKind::tile && machine.nodes > 1;
    // The phases come on top of the places too.
    seat_.machine.rank.resident = crew_.node_now().resident;
    local_.tile_route = config_.route.value_or(Route::pull);
    local_.canvas_route = config_.route.value_or(travels ? Route::push : Route::pull);
}

void Planner::weigh(CoaddJob& job) const
{
    engine::weigh_sources(job.inputs, config_.stacking.weighting);
    for (engine::PlacedSource& input : job.inputs) {
        if (input.record->planes.empty() && !input.pixels->has_weight()) {
            input.noise_sigma.assign(input.noise_sigma.size(), 1.0);
        }
    }
}

plan::ParallelPlan Planner::match_plan(CoaddJob const& job, int ranks, int rank)
{
    if (asks_least_) {
        return {};  // never more than the coadd of the same sources
    }
    return photometry::plan_match(job, ranks, rank, seat_.machine.rank, config_.parallel);
}

void Planner::ask_least(plan::PlanKind kind, plan::JobSize const& size)
{
    if (std::int64_t const least = plan::least_bytes(kind, size); least > least_) {
        least_ = least;
        hungriest_ = kind;
    }
}

CoaddExecution Planner::coadd_plan(plan::PlanKind kind, CoaddJob const& job, Route route, int ranks,
                                   int rank)
{
    if (!asks_least_) {
        return engine::plan_coadd(kind, job, route, seat_of(ranks, rank), crew_.backend(),
                                  config_.parallel);
    }
    ask_least(kind, engine::coadd_size(kind, job, ranks, rank, crew_.backend(), route));
    return {};
}

void Planner::plan_tile(std::size_t group, PlannedPhase& phase)
{
    PlannedTile& tile = local_.tiles[group];
    auto const frames = frames_of(mosaic_.groups[group], mosaic_.frames);
    sky::SkyWcs const grid(tile.record.header.wcs);
    int const ranks = local_.teams.ranks_of(makers_[group]);
    int const rank = seat_.comm.is_null() && seat_.rank < 0 ? -1 : local_.team.rank();
    CoaddJob job = tile_job(frames, tile.placements, grid, ranks, config_, preparations_);
    if (matches_frames(frames.size())) {
        tile.match = match_plan(job, ranks, rank);
    }
    weigh(job);
    CoaddExecution const execution =
        coadd_plan(plan::PlanKind::master_tiles, job, local_.tile_route, ranks, rank);
    if (asks_least_) {
        return;
    }
    tile.parallel = execution.plan;
    if (!phase.coadd || phase.parallel.predicted_peak_bytes < tile.parallel.predicted_peak_bytes) {
        phase.parallel = tile.parallel;
        phase.coadd = facts_of(execution, job, local_.tile_route, seat_.machine.ranks_per_node);
    }
}

void Planner::plan_tiles()
{
    PlannedPhase phase{std::string(phases::master_tiles.name), {}, {}, TilesFacts{}};
    TilesFacts& facts = *phase.tiles;
    facts.teams = local_.teams.teams;
    facts.ranks_per_team = local_.teams.ranks_of(0);
    facts.most_tiles = static_cast<std::int64_t>(local_.teams.most_tiles());
    facts.imbalance = local_.teams.imbalance(mosaic_.groups);
    for (std::size_t i = 0; i < local_.tiles.size(); ++i) {
        sky::FrameGeometry const& size = local_.tiles[i].record.header.geometry;
        facts.bytes_written +=
            product_bytes(size.width, size.height, size.planes, config_.stacking.rejection_maps);
        if (is_mine(i)) {
            plan_tile(i, phase);
        }
    }
    if (phase.coadd) {
        std::size_t frames = 0;
        for (plan::Group const& group : mosaic_.groups) {
            frames += group.frames.size();
        }
        facts.bytes_read = phase.coadd->bytes_read * static_cast<std::int64_t>(frames) /
                           std::max<std::int64_t>(1, phase.coadd->sources);
    }
    if (!asks_least_) {
        local_.phases.push_back(std::move(phase));
    }
}

void Planner::plan_canvas()
{
    CanvasSources const sources = canvas_sources();
    bool const tiles = sources.kind == engine::SourceKind::tile;
    sky::SkyWcs const grid(mosaic_.grid.wcs);
    int const ranks = seat_.machine.ranks;
    CoaddJob job =
        canvas_job(sources, local_.canvas_placements, grid, mosaic_, ranks, config_, preparations_);
    Phase const& match = tiles ? phases::match_tiles : phases::match_frames;
    if (matches(job.inputs.size())) {
        plan::ParallelPlan const plan = match_plan(job, ranks, seat_.rank);
        if (!asks_least_) {
            local_.phases.push_back({std::string(match.name), plan, {}, {}});
        }
    }
    weigh(job);
    Phase const& phase = tiles ? phases::assemble : phases::mosaic_first;
    CoaddExecution const execution =
        coadd_plan(*phase.kind, job, local_.canvas_route, ranks, seat_.rank);
    if (!asks_least_) {
        local_.phases.push_back(
            {std::string(phase.name),
             execution.plan,
             facts_of(execution, job, local_.canvas_route, seat_.machine.ranks_per_node),
             {}});
    }
}

/// Rank 0 alone; nothing makes it smaller.
void Planner::plan_finish()
{
    plan::JobSize size;
    size.width = mosaic_.grid.width();
    size.height = mosaic_.grid.height();
    size.planes = mosaic_.planes;
    // The heap, and MPI, give back late what small buffers of the phases before have left.
    constexpr std::int64_t left_by_heap = std::int64_t{6} << 20;
    constexpr std::int64_t left_by_mpi = std::int64_t{2} << 20;
    std::int64_t const residue = left_by_heap + (seat_.machine.ranks > 1 ? left_by_mpi : 0);
    size.held_bytes = residue + product::finish_bytes(size.width, size.height, size.planes);
    if (asks_least_) {
        ask_least(plan::PlanKind::finish, size);
        return;
    }
    local_.phases.push_back({std::string(phases::finish.name),
                             plan::make_parallel_plan(plan::PlanKind::finish, size,
                                                      seat_.machine.rank, config_.parallel),
                             {},
                             {}});
}

void Planner::plan()
{
    if (makes_tiles()) {
        plan_tiles();
    }
    plan_canvas();
    plan_finish();
}

void Planner::refuse_hungriest()
{
    asks_least_ = true;
    plan();
    plan::require_memory(hungriest_, least_, seat_.machine.rank, config_.parallel);
}

void Planner::agree()
{
    auto const least = [](comm::Communicator const& ranks, plan::ParallelPlan& plan) {
        plan.rows_per_chunk = -comm::all_reduce_max(ranks, -plan.rows_per_chunk);
        plan.columns_per_chunk = -comm::all_reduce_max(ranks, -plan.columns_per_chunk);
    };
    for (std::size_t i = 0; i < local_.tiles.size(); ++i) {
        if (local_.team.size() > 1 && is_mine(i)) {
            least(local_.team, local_.tiles[i].parallel);
        }
    }
    for (PlannedPhase& phase : local_.phases) {
        if (phase.coadd && !phase.tiles) {
            least(seat_.comm, phase.parallel);
        }
    }
}
}  // namespace

PlannedPhase const* LocalPlan::find(std::string_view name) const
{
    auto const found =
        std::ranges::find_if(phases, [&](PlannedPhase const& phase) { return phase.name == name; });
    return found == phases.end() ? nullptr : &*found;
}

std::int64_t LocalPlan::peak_bytes() const
{
    std::int64_t most = 0;
    for (PlannedPhase const& phase : phases) {
        most = std::max(most, phase.parallel.predicted_peak_bytes);
    }
    return most;
}

LocalPlan plan_phases(plan::MosaicPlan const& mosaic, RunConfig const& config,
                      PlanningSeat const& seat, machine::Crew& crew,
                      source::Preparations const& preparations)
{
    Planner planner(mosaic, config, seat, crew, preparations);
    planner.place();
    comm::agree(seat.comm, "planning the phases", [&] {
        try {
            planner.plan();
        } catch (core::ConfigError const&) {
            planner.refuse_hungriest();
            throw;
        }
    });
    planner.agree();
    return planner.take();
}
}  // namespace sectile::pipeline
