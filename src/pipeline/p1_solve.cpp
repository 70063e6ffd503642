// SPDX-License-Identifier: BSD-3-Clause
#include "pipeline/p1_solve.hpp"

#include <filesystem>
#include <string>
#include <system_error>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "sectile/astrometry/kept_solutions.hpp"
#include "sectile/astrometry/wcs_search.hpp"
#include "sectile/core/error.hpp"
#include "sectile/core/log.hpp"

#include "pipeline/solve_findings.hpp"
#include "pipeline/verdicts.hpp"

namespace sectile::pipeline
{
namespace
{
using astrometry::Finding;
using astrometry::SearchRound;
using astrometry::SearchStep;
using astrometry::SolverChoice;
using astrometry::WcsSearch;
using plan::FrameRecord;

/// As progress shows it.
char const* name_of(SearchStep step)
{
    switch (step) {
        case SearchStep::reuse_kept:
            return "P1 kept solutions";
        case SearchStep::check_headers:
            return "P1 check WCS";
        case SearchStep::tie_in_clusters:
        case SearchStep::tie_anywhere:
            return "P1 tie";
        case SearchStep::average:
        case SearchStep::tie_to_average:
            return "P1 combine solutions";
        case SearchStep::solve:
        case SearchStep::done:
            break;
    }
    return "P1 solve";
}

char const* name_of(SolverChoice choice)
{
    switch (choice) {
        case SolverChoice::astap:
            return "astap";
        case SolverChoice::solve_field:
            return "solve-field";
        case SolverChoice::none:
            break;
    }
    return "none";
}

/// The solver's own files. A dry run has none, and perhaps no output either.
std::string solver_folder(RunConfig const& config)
{
    if (config.dry_run || config.output.empty()) {
        return "";
    }
    std::filesystem::path const folder = scratch_directory(config) + "/solve";
    return std::filesystem::absolute(folder).lexically_normal().string();
}

void remove_solver_folder(RunConfig const& config, comm::Communicator const& world)
{
    std::string const folder = solver_folder(config);
    if (world.is_root() && config.keep != Keep::all && !folder.empty()) {
        std::error_code ignored;
        std::filesystem::remove_all(folder, ignored);
    }
}

WcsSearch make_search(std::vector<FrameRecord>& frames, RunConfig const& config,
                      astrometry::EarlierSolutions const& earlier)
{
    astrometry::SearchOptions options;
    options.program = config.solver.program;
    options.limits = config.wcs_limits;
    options.folder = solver_folder(config);
    options.headers_only = config.dry_run;
    return {frames, std::move(options),
            config.dry_run ? nullptr : astrometry::make_plate_solver(config.solver), earlier};
}

void report_notes(WcsSearch& search, Context& context)
{
    for (std::string const& note : search.take_notes()) {
        context.report.note(note, core::LogChannel::world);
    }
}

/// The round's tasks are dealt to ranks and workers. *Collective*.
std::vector<Finding> do_round(WcsSearch const& search, SearchRound const& round,
                              std::string const& folder, Context& context)
{
    return deal_findings(context, name_of(round.step), round.tasks.size(), [&](std::size_t task) {
        if (round.calls_solver()) {
            std::filesystem::create_directories(folder);
        }
        return search.work_on(round, task);
    });
}

/// Rank 0 keeps what was found for later runs. *Collective*.
void keep_settled(WcsSearch& search, std::vector<FrameRecord> const& frames,
                  astrometry::KeptSolutions const& kept, comm::Communicator const& world)
{
    std::vector<std::size_t> const settled = search.take_settled();
    comm::agree(world, "keeping plate solutions", [&] {
        for (std::size_t const frame : settled) {
            if (world.is_root()) {
                kept.keep(frames[frame].header);
            }
        }
    });
}

/// Quarantines what stays without a WCS and says what was done.
void conclude(WcsSearch& search, std::vector<FrameRecord> const& frames, RunConfig const& config,
              Context& context)
{
    std::vector<std::size_t> const left = search.quarantine_rest();
    astrometry::SearchCounts const& counts = search.counts();
    nlohmann::json json;
    json["solver"] = name_of(config.solver.program);
    json["solved"] = counts.solved;
    json["tied"] = counts.tied;
    json["kept_from_earlier_runs"] = counts.reused;
    json["wrong_headers"] = counts.replaced;
    json["without_wcs"] = left.size();
    context.report.set("plate_solving", json.dump());
    core::log_world(
        core::LogLevel::info,
        fmt::format("{} frames solved, {} tied to others by their stars, {} solutions "
                    "of earlier runs used, {} wrong headers, {} frames without a WCS",
                    counts.solved, counts.tied, counts.reused, counts.replaced, left.size()));
    for (std::size_t const frame : left) {
        log_quarantined(frames[frame]);
    }
}
}  // namespace

void solve_frames(std::vector<FrameRecord>& frames, RunConfig const& config, Context& context)
{
    if (config.start_from_tiles) {
        return;
    }
    astrometry::KeptSolutions const kept(config.solves_frames() ? config.output : "");
    WcsSearch search = make_search(frames, config, kept);
    if (!search.is_needed()) {
        return;
    }
    while (auto const round = search.next_round()) {
        report_notes(search, context);
        search.tell(*round, do_round(search, *round, solver_folder(config), context));
        report_notes(search, context);
        keep_settled(search, frames, kept, context.world);
    }
    report_notes(search, context);
    remove_solver_folder(config, context.world);
    conclude(search, frames, config, context);
}
}  // namespace sectile::pipeline
