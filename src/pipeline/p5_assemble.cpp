// SPDX-License-Identifier: BSD-3-Clause
#include "pipeline/p5_assemble.hpp"

#include <limits>

#include <fmt/format.h>

#include "sectile/core/error.hpp"
#include "sectile/core/log.hpp"
#include "sectile/engine/canvas_sink.hpp"
#include "sectile/engine/coadd_plan.hpp"
#include "sectile/io/canvas_file.hpp"
#include "sectile/product/provenance.hpp"

#include "pipeline/phase.hpp"

namespace sectile::pipeline
{
namespace
{
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

void assemble(engine::CoaddJob& job, plan::MosaicPlan const& mosaic, LocalPlan const& local,
              RunConfig const& config, Context& context)
{
    PlannedPhase const* const planned =
        local.find(config.makes_tiles() || config.start_from_tiles ? phases::assemble.name
                                                                   : phases::mosaic_first.name);
    core::require(planned != nullptr, "what is assembled was planned");
    plan::ParallelPlan const& plan = planned->parallel;
    engine::Route const route = local.canvas_route;
    engine::weigh_sources(job.inputs, config.stacking.weighting);
    plan::Decomposition const decomposition =
        engine::cut_canvas(job, context.world.size(), plan.rows_per_chunk, plan.columns_per_chunk);
    context.crew.keep_to(plan);
    core::log_world(core::LogLevel::info, plan::summary_line(plan));

    io::CanvasWriter writer(context.world, canvas_path(config), layout_of(mosaic, config));
    engine::CanvasSink canvas(writer);
    CountingSink sink(canvas, context.progress, job.canvas);
    auto const rank = static_cast<std::size_t>(context.world.rank());
    context.progress.begin(plan::name_of(plan.kind), decomposition.bands[rank].height());
    engine::CoaddStatistics statistics;
    comm::agree(context.world, plan::name_of(plan.kind), [&] {
        statistics = engine::coadd(job, engine::team_of(context.crew, context.world), plan,
                                   decomposition, route, sink);
    });
    context.progress.end();
    context.crew.release_plan();
    engine::note_ladder(statistics.ladder, plan.kind, context.crew);
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
            decomposition.imbalance, plan::summary_line(plan)));
}
}  // namespace sectile::pipeline
