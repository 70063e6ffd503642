// SPDX-License-Identifier: BSD-3-Clause
#include "pipeline/p5_assemble.hpp"

#include <limits>

#include <fmt/format.h>

#include "sectile/core/log.hpp"
#include "sectile/engine/canvas_sink.hpp"
#include "sectile/engine/coadd_plan.hpp"
#include "sectile/io/canvas_file.hpp"
#include "sectile/product/provenance.hpp"

namespace sectile::pipeline
{
namespace
{
/// Raw frames are read where they are needed; tiles lie on one node's disk or in its cache, so that
/// with several nodes their samples travel instead.
engine::Route choose_route(RunConfig const& config, Context const& context, bool tiles)
{
    return config.route.value_or(tiles && context.spans_nodes ? engine::Route::push
                                                              : engine::Route::pull);
}

io::CanvasLayout layout_of(plan::MosaicPlan const& mosaic, RunConfig const& config)
{
    io::CanvasLayout layout;
    layout.width = mosaic.grid.width();
    layout.height = mosaic.grid.height();
    layout.planes = mosaic.planes;
    layout.wide_coverage = mosaic.frames.size() > std::numeric_limits<std::uint16_t>::max();
    layout.wcs_cards = mosaic.grid.wcs.cards;
    layout.unit = product::common_unit(mosaic.frames);
    layout.provenance = product::provenance_json(mosaic, config.picture_options_text);
    return layout;
}

/// What the coadd did on all ranks: sums, of the rounds the most. *Collective*.
engine::CoaddStatistics over_ranks(engine::CoaddStatistics statistics,
                                   comm::Communicator const& world)
{
    auto const sum = [&](std::uint64_t& count) {
        count = static_cast<std::uint64_t>(
            comm::all_reduce_sum(world, static_cast<std::int64_t>(count)));
    };
    sum(statistics.windows_read);
    sum(statistics.bytes_read);
    sum(statistics.bytes_sent);
    statistics.rounds = static_cast<std::uint64_t>(
        comm::all_reduce_max(world, static_cast<std::int64_t>(statistics.rounds)));
    return statistics;
}

/// Counts the finished canvas rows of this rank on their way to the file.
class CountingSink final : public engine::StripSink
{
  public:
    CountingSink(engine::StripSink& next, report::Progress& progress, core::Box const& canvas)
        : next_(next), progress_(progress), last_column_(canvas.x1)
    {}
    void write(core::Box const& strip, compute::StripOutput const& rows) override
    {
        next_.write(strip, rows);
        if (strip.x1 == last_column_) {
            progress_.advance(strip.height());
        }
    }

  private:
    engine::StripSink& next_;
    report::Progress& progress_;
    std::int64_t last_column_;
};
}  // namespace

std::string canvas_path(RunConfig const& config)
{
    return config.output + "/mosaic.h5";
}

void assemble(engine::CoaddJob& job, plan::MosaicPlan const& mosaic, AssemblyRequest const& request,
              RunConfig const& config, Context& context)
{
    engine::weigh_sources(job.inputs, request.weighting);
    job.recipe = request.recipe;

    bool const tiles = request.kind == plan::PlanKind::phase5_reproject;
    engine::Route const route = choose_route(config, context, tiles);
    engine::CoaddExecution const execution =
        engine::plan_execution(request.kind, job, context.world, context.crew, route);
    core::log_world(core::LogLevel::info, plan::summary_line(execution.plan));

    io::CanvasWriter writer(context.world, canvas_path(config), layout_of(mosaic, config));
    engine::CanvasSink canvas(writer);
    CountingSink sink(canvas, context.progress, job.canvas);
    auto const rank = static_cast<std::size_t>(context.world.rank());
    context.progress.begin(plan::name_of(request.kind),
                           execution.decomposition.bands[rank].height());
    engine::CoaddStatistics statistics;
    comm::agree(context.world, plan::name_of(request.kind), [&] {
        statistics = engine::coadd(job, engine::team_of(context.crew, context.world),
                                   execution.plan, execution.decomposition, route, sink);
    });
    context.progress.end();
    context.crew.release_plan();
    engine::note_ladder(statistics.ladder, request.kind, context.crew);
    if (std::string const cause = writer.independent_cause(); !cause.empty()) {
        context.report.note("HDF5 wrote rows independently: " + cause);
    }
    writer.commit();
    statistics = over_ranks(statistics, context.world);
    context.report.set(
        "assembly",
        fmt::format(
            R"({{"route":"{}","rounds":{},"windows_read":{},"window_bytes":{},"bytes_sent":{},)"
            R"("imbalance":{:.4f},"plan":"{}"}})",
            route == engine::Route::push ? "push" : "pull", statistics.rounds,
            statistics.windows_read, statistics.bytes_read, statistics.bytes_sent,
            execution.decomposition.imbalance, plan::summary_line(execution.plan)));
}
}  // namespace sectile::pipeline
