// SPDX-License-Identifier: BSD-3-Clause
#include <cmath>
#include <optional>
#include <regex>

#include <gtest/gtest.h>

#include "sectile/core/error.hpp"
#include "sectile/plan/parallel_plan.hpp"

#include "unit/plan/plan_jobs.hpp"

namespace
{
using namespace sectile;
using plan::Capabilities;
using plan::JobSize;
using plan::make_parallel_plan;
using plan::ParallelOptions;
using plan::ParallelPlan;
using plan::PlanKind;
using test::gibibyte;
using test::mebibyte;
using test::mosaic_job;
using test::node_with;
using test::random_job;
using test::random_node;

PlanKind random_kind(PseudoRandom& random)
{
    return static_cast<PlanKind>(random.integer(0, 4));
}

std::int64_t budget_of(Capabilities const& node, ParallelOptions const& options)
{
    auto budget = static_cast<std::int64_t>(
        options.target_ram_fraction * static_cast<double>(node.ram_available) / node.ranks_on_node);
    return options.ram_limit > 0 ? std::min(budget, options.ram_limit / node.ranks_on_node)
                                 : budget;
}

std::optional<ParallelPlan> try_plan(PlanKind kind, JobSize const& job, Capabilities const& node,
                                     ParallelOptions const& options = {})
{
    try {
        return make_parallel_plan(kind, job, node, options);
    } catch (core::ConfigError const&) {
        return std::nullopt;
    }
}

TEST(PlanWorkers, KeepsToTheLoadAsked)
{
    ParallelOptions const options;

    EXPECT_EQ(plan::plan_workers(1, options), 1);
    EXPECT_EQ(plan::plan_workers(2, options), 2);
    EXPECT_EQ(plan::plan_workers(4, options), 4);
    EXPECT_EQ(plan::plan_workers(8, options), 7);
    EXPECT_EQ(plan::plan_workers(20, options), 17);
    EXPECT_EQ(plan::plan_workers(128, options), 109);
}

TEST(PlanWorkers, StaysBetweenThreeQuartersAndNineTenthsAboveEightCores)
{
    for (double const load : {0.01, 0.5, 0.75, 0.85, 0.9, 1.0}) {
        ParallelOptions options;
        options.target_cpu_load = load;
        for (int cores = 1; cores <= 1024; ++cores) {
            int const workers = plan::plan_workers(cores, options);
            EXPECT_GE(workers, 1);
            EXPECT_LE(workers, cores);
            if (cores > 8) {
                EXPECT_GE(workers, 0.75 * cores - 1e-9) << cores;
                EXPECT_LE(workers, 0.90 * cores + 1e-9) << cores;
            } else {
                EXPECT_EQ(workers, static_cast<int>(std::ceil(load * cores - 1e-9)));
            }
        }
    }
}

TEST(PlanWorkers, HonoursTheLimitAndTheSwitch)
{
    ParallelOptions options;
    options.max_cpu_workers = 3;
    EXPECT_EQ(plan::plan_workers(64, options), 3);
    EXPECT_EQ(plan::plan_workers(2, options), 2);
    options.max_cpu_workers = 0;
    options.autotune = false;
    EXPECT_EQ(plan::plan_workers(64, options), 64);
}

TEST(ParallelPlan, MakesStripsNoTallerThanIsUseful)
{
    ParallelPlan const plan = make_parallel_plan(PlanKind::phase5_reproject, mosaic_job(),
                                                 node_with(1024 * gibibyte), {});

    EXPECT_EQ(plan.rows_per_chunk, 256);
    EXPECT_EQ(plan.columns_per_chunk, 20000);
    EXPECT_EQ(plan.cpu_workers, 7);
    EXPECT_EQ(plan.tiles_per_chunk, 28);
    EXPECT_FALSE(plan.use_gpu);
}

TEST(ParallelPlan, UsesTheMemoryItMayButNoMore)
{
    Capabilities const node = node_with(16 * gibibyte);

    ParallelPlan const plan =
        make_parallel_plan(PlanKind::phase5_reproject, mosaic_job(), node, {});

    std::int64_t const budget = budget_of(node, {});
    EXPECT_LE(plan.predicted_peak_bytes, budget);
    EXPECT_EQ(plan.budget_bytes, budget);
    EXPECT_EQ(plan.rows_per_chunk, 256);
    EXPECT_GE(plan.tiles_per_chunk, plan.cpu_workers);
}

TEST(ParallelPlan, CountsWhatTheProcessHoldsAlreadyAgainstTheLimit)
{
    ParallelOptions options;
    options.ram_limit = gibibyte;
    Capabilities node = node_with(16 * gibibyte);
    node.resident = 100 * mebibyte;

    ParallelPlan const plan =
        make_parallel_plan(PlanKind::phase5_reproject, mosaic_job(), node, options);

    EXPECT_EQ(plan.budget_bytes, gibibyte - 100 * mebibyte);
    EXPECT_LE(plan.predicted_peak_bytes, gibibyte);
    EXPECT_GT(plan.predicted_peak_bytes, 100 * mebibyte);
}

TEST(ParallelPlan, UsesTheDeviceWhenAReasonableChunkFits)
{
    Capabilities node = node_with(64 * gibibyte);
    node.gpus = 1;
    node.vram_free = 16 * gibibyte;

    auto const plan = [&] {
        return make_parallel_plan(PlanKind::phase5_reproject, mosaic_job(), node, {});
    };

    EXPECT_TRUE(plan().use_gpu);
    EXPECT_GE(plan().gpu_rows_per_chunk, 64);
    EXPECT_LE(plan().gpu_max_chunk_bytes, node.vram_free / 2);
    node.vram_free = 16 * mebibyte;
    EXPECT_FALSE(plan().use_gpu);
    EXPECT_EQ(plan().gpu_rows_per_chunk, 0);
}

TEST(ParallelPlan, SharesTheNodeBetweenItsRanks)
{
    ParallelPlan const alone =
        make_parallel_plan(PlanKind::mosaic_first, mosaic_job(), node_with(8 * gibibyte, 4, 1), {});
    ParallelPlan const shared = make_parallel_plan(PlanKind::mosaic_first, mosaic_job(),
                                                   node_with(32 * gibibyte, 4, 4), {});

    EXPECT_EQ(alone.rows_per_chunk, shared.rows_per_chunk);
    EXPECT_EQ(alone.predicted_peak_bytes, shared.predicted_peak_bytes);
}

TEST(ParallelPlan, HonoursTheLimitOfTheUser)
{
    ParallelOptions options;
    options.ram_limit = 2 * gibibyte;

    ParallelPlan const plan = make_parallel_plan(PlanKind::phase5_reproject, mosaic_job(),
                                                 node_with(512 * gibibyte, 4, 2), options);

    EXPECT_LE(plan.predicted_peak_bytes, gibibyte);
}

TEST(ParallelPlan, HonoursForcedRowsWhenTheyFit)
{
    ParallelOptions options;
    options.rows_per_chunk = 17;
    EXPECT_EQ(make_parallel_plan(PlanKind::phase5_reproject, mosaic_job(), node_with(16 * gibibyte),
                                 options)
                  .rows_per_chunk,
              17);
    options.rows_per_chunk = 1'000'000;
    ParallelPlan const tall = make_parallel_plan(PlanKind::phase5_reproject, mosaic_job(),
                                                 node_with(16 * gibibyte), options);
    EXPECT_LT(tall.rows_per_chunk, 15000) << "the whole canvas does not fit";
    EXPECT_LE(tall.predicted_peak_bytes, budget_of(node_with(16 * gibibyte), options));
}

TEST(ParallelPlan, HoldsAllSourcesOfAStripForARobustCombine)
{
    ParallelPlan const plan =
        make_parallel_plan(PlanKind::master_tiles, mosaic_job(false), node_with(16 * gibibyte), {});

    // 12 deep, five source widths and one more, and a twelfth of a source height.
    EXPECT_EQ(plan.tiles_per_chunk, 79);
    EXPECT_EQ(plan.columns_per_chunk, 20000);
    EXPECT_GE(plan.rows_per_chunk, 64);
}

TEST(ParallelPlan, CutsRowsIntoPiecesForVeryDeepStacks)
{
    // 10,000 frames of RGB on one spot: a row of all of them and their margin is over 9 GB.
    JobSize job = mosaic_job(false);
    job.width = 4200;
    job.height = 3200;
    job.source_planes = 3;
    job.sources = job.depth = 10000;

    ParallelPlan const plan =
        make_parallel_plan(PlanKind::master_tiles, job, node_with(8 * gibibyte), {});

    EXPECT_EQ(plan.rows_per_chunk, 64) << "thin strips read the margins again and again";
    EXPECT_LT(plan.columns_per_chunk, 4200);
    EXPECT_GE(plan.columns_per_chunk, 256);
    EXPECT_EQ(plan.tiles_per_chunk, 10000);
    EXPECT_LE(plan.predicted_peak_bytes, budget_of(node_with(8 * gibibyte), {}));
}

TEST(ParallelPlan, GivesUpWorkersBeforeRowsBelowTheFloor)
{
    JobSize job = mosaic_job(false);
    job.depth = 200;
    std::int64_t previous = 0;
    for (std::int64_t ram = 512 * mebibyte; ram < 64 * gibibyte; ram = ram * 5 / 4) {
        auto const plan = try_plan(PlanKind::master_tiles, job, node_with(ram, 64));
        if (plan && plan->rows_per_chunk < 16) {
            EXPECT_EQ(plan->cpu_workers, 1) << ram;
        }
        if (plan && plan->rows_per_chunk < 64) {
            EXPECT_LE(plan->columns_per_chunk, 256) << ram;
        }
        if (plan) {
            EXPECT_GE(plan->rows_per_chunk, previous);
            previous = plan->rows_per_chunk;
        }
    }
    EXPECT_GT(previous, 64);
}

TEST(ParallelPlan, ReadsPiecesOfSourcesOnePerWorker)
{
    JobSize job = mosaic_job();
    job.source_planes = 3;
    job.held_bytes = 8 * mebibyte;
    for (PlanKind const kind : {PlanKind::ingest, PlanKind::photometry}) {
        ParallelPlan const roomy = make_parallel_plan(kind, job, node_with(16 * gibibyte, 16), {});
        ParallelPlan const tight = make_parallel_plan(kind, job, node_with(128 * mebibyte, 16), {});
        ParallelPlan const tiny = make_parallel_plan(kind, job, node_with(16 * mebibyte, 16), {});

        EXPECT_EQ(roomy.cpu_workers, 14);
        EXPECT_EQ(roomy.tiles_per_chunk, 14);
        EXPECT_LE(roomy.max_chunk_bytes, 64 * mebibyte) << "taller pieces bring nothing";
        EXPECT_EQ(tight.cpu_workers, 14);
        EXPECT_LT(tight.rows_per_chunk, roomy.rows_per_chunk);
        EXPECT_LT(tiny.cpu_workers, 14);
        EXPECT_LE(tiny.predicted_peak_bytes, budget_of(node_with(16 * mebibyte, 16), {}));
    }
}

TEST(ParallelPlan, FinishNeedsWhatItHolds)
{
    JobSize job = mosaic_job();
    job.held_bytes = 8 * mebibyte;

    EXPECT_EQ(
        make_parallel_plan(PlanKind::finish, job, node_with(gibibyte, 16), {}).predicted_peak_bytes,
        8 * mebibyte);
    // It is planned before any work, so that nothing is lost where it does not fit.
    EXPECT_THROW((void)make_parallel_plan(PlanKind::finish, job, node_with(8 * mebibyte, 16), {}),
                 core::ConfigError);
    EXPECT_THROW(plan::require_memory(PlanKind::finish, plan::least_bytes(PlanKind::finish, job),
                                      node_with(8 * mebibyte, 16), {}),
                 core::ConfigError);
}

TEST(ParallelPlan, CountsRejectionMaps)
{
    JobSize job = mosaic_job(false);
    ParallelOptions options;
    options.rows_per_chunk = 100;
    Capabilities const node = node_with(64 * gibibyte);
    ParallelPlan const plain = make_parallel_plan(PlanKind::master_tiles, job, node, options);
    job.rejection_maps = true;
    ParallelPlan const maps = make_parallel_plan(PlanKind::master_tiles, job, node, options);

    ASSERT_EQ(plain.rows_per_chunk, 100);
    ASSERT_EQ(maps.rows_per_chunk, 100);
    // Two floats per plane and pixel, in two strips.
    std::int64_t const strip = 100 * job.width * job.planes * 8;
    EXPECT_EQ(maps.predicted_peak_bytes - plain.predicted_peak_bytes, 2 * strip);
    EXPECT_EQ(maps.predicted_io_bytes - plain.predicted_io_bytes,
              job.width * job.height * job.planes * 8);
}

TEST(ParallelPlan, LeastBytesIsWhatJustCanBePlanned)
{
    for (PlanKind const kind : {PlanKind::ingest, PlanKind::master_tiles, PlanKind::photometry,
                                PlanKind::phase5_reproject, PlanKind::mosaic_first}) {
        JobSize const job = mosaic_job(kind == PlanKind::phase5_reproject);
        std::int64_t const least = plan::least_bytes(kind, job);
        ParallelOptions options;
        options.ram_limit = least;

        EXPECT_NO_THROW((void)make_parallel_plan(kind, job, node_with(gibibyte * 64), options));
        options.ram_limit = least - 1;
        EXPECT_THROW((void)make_parallel_plan(kind, job, node_with(gibibyte * 64), options),
                     core::ConfigError);
    }
}

TEST(ParallelPlan, NamesTheMemoryThatWouldDo)
{
    for (PlanKind const kind :
         {PlanKind::ingest, PlanKind::master_tiles, PlanKind::phase5_reproject}) {
        JobSize const job = mosaic_job(kind != PlanKind::master_tiles);
        Capabilities node = node_with(2 * mebibyte, 8, 2);
        try {
            (void)make_parallel_plan(kind, job, node, {});
            FAIL() << "one MiB was enough";
        } catch (core::ConfigError const& error) {
            std::smatch match;
            std::string const text = error.what();
            ASSERT_TRUE(std::regex_search(text, match, std::regex("a node with ([0-9]+) MiB")))
                << text;
            node.ram_available = std::stoll(match[1].str()) * mebibyte;
            EXPECT_TRUE(try_plan(kind, job, node)) << text;
            node.ram_available -= 3 * mebibyte;
            EXPECT_FALSE(try_plan(kind, job, node)) << "the figure is not the least: " << text;
        }
    }
}

TEST(ParallelPlan, NamesTheLimitThatWouldDo)
{
    ParallelOptions options;
    options.ram_limit = mebibyte;
    try {
        (void)make_parallel_plan(PlanKind::phase5_reproject, mosaic_job(), node_with(gibibyte * 64),
                                 options);
        FAIL() << "one MiB was enough";
    } catch (core::ConfigError const& error) {
        std::smatch match;
        std::string const text = error.what();
        ASSERT_TRUE(std::regex_search(text, match, std::regex("raise ram_limit to ([0-9]+) MiB")))
            << text;
        options.ram_limit = std::stoll(match[1].str()) * mebibyte;
        EXPECT_TRUE(
            try_plan(PlanKind::phase5_reproject, mosaic_job(), node_with(gibibyte * 64), options));
    }
}

TEST(ParallelPlan, RefusesOptionsThatMakeNoSense)
{
    ParallelOptions options;
    options.target_ram_fraction = 0.0;
    EXPECT_THROW(
        (void)make_parallel_plan(PlanKind::ingest, mosaic_job(), node_with(gibibyte), options),
        core::ConfigError);
    options = {};
    options.target_cpu_load = 1.5;
    EXPECT_THROW(
        (void)make_parallel_plan(PlanKind::ingest, mosaic_job(), node_with(gibibyte), options),
        core::ConfigError);
    options = {};
    options.rows_per_chunk = -1;
    EXPECT_THROW(
        (void)make_parallel_plan(PlanKind::ingest, mosaic_job(), node_with(gibibyte), options),
        core::ConfigError);
}

TEST(ParallelPlan, NeverExceedsItsBudgetOnMachinesThatDoNotExist)
{
    PseudoRandom random(2024);
    int planned = 0;
    for (int trial = 0; trial < 20000; ++trial) {
        JobSize const job = random_job(random);
        Capabilities const node = random_node(random);
        ParallelOptions options;
        options.target_ram_fraction = random.uniform(0.70, 0.80);
        options.ram_limit = random.integer(0, 3) == 0 ? random.integer(mebibyte, 64 * gibibyte) : 0;
        options.rows_per_chunk = random.integer(0, 3) == 0 ? random.integer(1, 5000) : 0;
        options.max_cpu_workers =
            random.integer(0, 3) == 0 ? static_cast<int>(random.integer(1, 32)) : 0;
        PlanKind const kind = random_kind(random);

        std::optional<ParallelPlan> const plan = try_plan(kind, job, node, options);

        if (!plan) {
            continue;
        }
        ++planned;
        SCOPED_TRACE(trial);
        EXPECT_LE(plan->predicted_peak_bytes, budget_of(node, options));
        EXPECT_GT(plan->predicted_peak_bytes, 0);
        EXPECT_LE(plan->max_chunk_bytes, plan->predicted_peak_bytes);
        EXPECT_GE(plan->rows_per_chunk, 1);
        EXPECT_LE(plan->rows_per_chunk, job.height);
        EXPECT_GE(plan->columns_per_chunk, 1);
        EXPECT_LE(plan->columns_per_chunk, job.width);
        EXPECT_GE(plan->cpu_workers, 1);
        EXPECT_LE(plan->cpu_workers, plan::plan_workers(node.cores, options));
        EXPECT_GE(plan->tiles_per_chunk, 1);
        EXPECT_LE(plan->tiles_per_chunk, std::max<std::int64_t>(job.sources, 1));
        std::int64_t const rows =
            options.rows_per_chunk > 0 ? std::min(options.rows_per_chunk, job.height) : job.height;
        bool const is_coadd = kind != PlanKind::ingest && kind != PlanKind::photometry;
        if (is_coadd && plan->rows_per_chunk < std::min<std::int64_t>(rows, 16)) {
            EXPECT_EQ(plan->cpu_workers, 1) << "thin strips are the last resort";
            EXPECT_LE(plan->columns_per_chunk, 64);
        }
        if (options.rows_per_chunk > 0) {
            EXPECT_LE(plan->rows_per_chunk, options.rows_per_chunk);
        }
    }
    EXPECT_GT(planned, 5000) << "too few of the random jobs could be planned to prove anything";
}

TEST(ParallelPlan, NeverMakesThinnerStripsForMoreMemory)
{
    PseudoRandom random(77);
    int compared = 0;
    for (int trial = 0; trial < 1000; ++trial) {
        JobSize const job = random_job(random);
        PlanKind const kind = static_cast<PlanKind>(random.integer(1, 3));
        int const cores = static_cast<int>(random.integer(1, 64));
        std::optional<ParallelPlan> previous;
        for (std::int64_t ram = 8 * mebibyte; ram < 1024 * gibibyte; ram += ram / 5) {
            std::optional<ParallelPlan> const plan = try_plan(kind, job, node_with(ram, cores));
            if (previous) {
                ASSERT_TRUE(plan) << "more memory made the job impossible";
                EXPECT_GE(plan->rows_per_chunk, previous->rows_per_chunk) << trial << " at " << ram;
                EXPECT_GE(plan->columns_per_chunk, previous->columns_per_chunk);
                EXPECT_GE(plan->cpu_workers, previous->cpu_workers);
                ++compared;
            }
            previous = plan;
        }
    }
    EXPECT_GT(compared, 10000);
}

TEST(SummaryLine, NamesEveryFigure)
{
    ParallelPlan plan;
    plan.kind = PlanKind::mosaic_first;
    plan.cpu_workers = 3;
    plan.rows_per_chunk = 128;
    plan.columns_per_chunk = 4000;
    plan.tiles_per_chunk = 6;
    plan.max_chunk_bytes = 11;
    plan.predicted_peak_bytes = 22;
    plan.predicted_io_bytes = 33;

    EXPECT_EQ(plan::summary_line(plan),
              "parallel_plan_summary phase=mosaic_first cpu_workers=3 use_gpu=0 rows_per_chunk=128 "
              "columns_per_chunk=4000 tiles_per_chunk=6 max_chunk_bytes=11 gpu_rows_per_chunk=0 "
              "use_memmap=0 budget_bytes=0 predicted_peak_bytes=22 predicted_io_bytes=33");
    EXPECT_STREQ(plan::name_of(PlanKind::phase5_reproject), "phase5_reproject");
}
}  // namespace
