// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <cmath>
#include <numbers>
#include <optional>

#include <gtest/gtest.h>

#include "sectile/core/error.hpp"
#include "sectile/plan/decomposition.hpp"
#include "sectile/plan/parallel_plan.hpp"

#include "unit/plan/plan_jobs.hpp"

/// Plans for machines, surveys and cameras that do not exist.
namespace
{
using namespace sectile;
using plan::JobSize;
using plan::ParallelPlan;
using plan::PlanKind;
using test::gibibyte;
using test::node_with;

constexpr std::int64_t frame_width = 4000;
constexpr std::int64_t frame_height = 3000;

/// A square canvas with `depth` raw frames of 12 megapixels over every place, all turned alike.
JobSize survey(std::int64_t side, std::int64_t depth, int degrees, int ranks, bool running_mean)
{
    JobSize job;
    job.width = job.height = side;
    job.planes = 3;
    job.source_width = frame_width;
    job.source_height = frame_height;
    job.source_planes = 3;
    job.load_planes = 1;
    job.load_margin = 4;
    job.stored_bytes = 2;
    job.depth = depth;
    auto const frames = static_cast<double>(depth * side * side) / (frame_width * frame_height);
    job.sources = std::max(depth, static_cast<std::int64_t>(frames));
    job.running_mean = running_mean;
    double const angle = degrees * std::numbers::pi / 180.0;
    job.row_spread = std::cos(angle);
    job.cross_spread = std::sin(angle);
    job.ranks = ranks;
    return job;
}

std::int64_t rounds_of(JobSize const& job, ParallelPlan const& plan)
{
    std::int64_t const band = (job.height + job.ranks - 1) / job.ranks;
    return ((band + plan.rows_per_chunk - 1) / plan.rows_per_chunk) *
           ((job.width + plan.columns_per_chunk - 1) / plan.columns_per_chunk);
}

TEST(PlanAtScale, FitsEveryMachineAndKeepsStripsThick)
{
    int planned = 0;
    for (std::int64_t const side : {2000, 8000, 30000, 100000}) {
        for (int const ranks : {1, 2, 7, 64, 512, 4096}) {
            for (std::int64_t const depth : {1, 12, 400, 10000}) {
                for (int const degrees : {0, 2, 20, 45, 70, 90}) {
                    for (bool const mean : {true, false}) {
                        JobSize const job = survey(side, depth, degrees, ranks, mean);
                        plan::Capabilities const node =
                            node_with(256 * gibibyte, 2, std::min(ranks, 64));
                        SCOPED_TRACE(testing::Message()
                                     << side << " px, " << ranks << " ranks, depth " << depth
                                     << ", " << degrees << " degrees, mean " << mean);
                        ParallelPlan const plan =
                            plan::make_parallel_plan(PlanKind::mosaic_first, job, node, {});
                        ++planned;
                        std::int64_t const band = (side + ranks - 1) / ranks;
                        EXPECT_LE(plan.predicted_peak_bytes, plan.budget_bytes);
                        // A stack of 10,000 in 3 GiB leaves no more of a window than 300 kB.
                        bool const is_limited = depth == 10000 && !mean;
                        EXPECT_GE(plan.rows_per_chunk,
                                  std::min<std::int64_t>(band, is_limited ? 16 : 64));
                        EXPECT_LE(plan.rows_per_chunk, band);
                        EXPECT_GE(plan.columns_per_chunk,
                                  std::min<std::int64_t>(side, is_limited ? 64 : 256));
                        if (!is_limited) {
                            EXPECT_LE(rounds_of(job, plan), 2000 + band * side / 60'000);
                        }
                    }
                }
            }
        }
    }
    EXPECT_EQ(planned, 4 * 6 * 4 * 6 * 2);
}

TEST(PlanAtScale, ReadsASaneMultipleOfTheSources)
{
    for (int const ranks : {1, 64, 512, 4096}) {
        for (int const degrees : {0, 2, 20, 45, 90}) {
            JobSize const job = survey(100000, 12, degrees, ranks, false);
            ParallelPlan const plan = plan::make_parallel_plan(
                PlanKind::mosaic_first, job, node_with(256 * gibibyte, 2, std::min(ranks, 64)), {});
            auto const once = static_cast<double>(job.sources * 2 * frame_width * frame_height) +
                              static_cast<double>(job.width * job.height * 37);
            double const read = static_cast<double>(plan.predicted_io_bytes) / once;

            // A strip of 25 rows and its margins has 40; turned frames need as many columns.
            SCOPED_TRACE(testing::Message() << ranks << " ranks, " << degrees << " degrees");
            EXPECT_GE(read, 0.9);
            EXPECT_LE(read, ranks == 4096 ? 8.0 : 4.0);
        }
    }
}

TEST(PlanAtScale, NeedsLessOfARankWhenThereAreMore)
{
    for (int const degrees : {0, 20, 45, 90}) {
        for (plan::Route const route : {plan::Route::pull, plan::Route::push}) {
            std::int64_t previous = 0;
            for (int const ranks : {4096, 512, 64, 8}) {
                JobSize job = survey(100000, 12, degrees, ranks, false);
                job.route = route;
                ParallelPlan const plan = plan::make_parallel_plan(PlanKind::mosaic_first, job,
                                                                   node_with(8192 * gibibyte), {});
                SCOPED_TRACE(testing::Message() << ranks << " ranks, " << degrees << " degrees");
                EXPECT_LE(plan.predicted_peak_bytes, 4 * gibibyte);
                if (route == plan::Route::pull && previous > 0) {
                    EXPECT_GE(plan.predicted_peak_bytes, previous / 4);
                }
                previous = plan.predicted_peak_bytes;
            }
        }
    }
}

TEST(PlanAtScale, SendsStacksToDiskBeforeStripsBecomeThin)
{
    JobSize job = survey(6000, 10000, 0, 1, false);
    job.sources = 10000;
    plan::ParallelOptions options;
    options.ram_limit = gibibyte / 2;
    ParallelPlan const thin =
        plan::make_parallel_plan(PlanKind::master_tiles, job, node_with(gibibyte), options);
    job.can_spill = true;
    ParallelPlan const spilled =
        plan::make_parallel_plan(PlanKind::master_tiles, job, node_with(gibibyte), options);
    options.ram_limit = 0;
    ParallelPlan const roomy =
        plan::make_parallel_plan(PlanKind::master_tiles, job, node_with(64 * gibibyte), options);

    EXPECT_FALSE(thin.use_memmap);
    EXPECT_LT(thin.rows_per_chunk * thin.columns_per_chunk, 16 * 256);
    EXPECT_TRUE(spilled.use_memmap);
    EXPECT_GE(spilled.rows_per_chunk, 64);
    EXPECT_LE(spilled.predicted_peak_bytes, gibibyte / 2);
    EXPECT_FALSE(roomy.use_memmap);
}

TEST(PlanAtScale, PlansWithTheRealStripsOfKnownSources)
{
    // The same survey in numbers and in places, on thousands of ranks.
    for (int const ranks : {1, 16, 512}) {
        JobSize job = survey(20000, 8, 3, ranks, false);
        job.places.canvas = {0, 0, job.width, job.height};
        PseudoRandom random(5);
        std::vector<core::Box> footprints;
        for (std::int64_t i = 0; i < job.sources; ++i) {
            std::int64_t const x = random.integer(0, job.width - 4156);
            std::int64_t const y = random.integer(0, job.height - 3208);
            plan::SourcePlace place;
            place.footprint = {x, y, x + 4156, y + 3208};
            place.width = frame_width;
            place.height = frame_height;
            place.row_spread = job.row_spread;
            place.cross_spread = job.cross_spread;
            footprints.push_back(place.footprint);
            job.places.sources.push_back(place);
        }
        job.depth = 40;  // in places
        job.places.bands =
            plan::decompose_canvas(job.places.canvas, footprints, ranks, 20000, 20000, 64).bands;
        JobSize numbers = job;
        numbers.places = {};
        for (core::Box const& band : job.places.bands) {
            numbers.band_rows = std::max(numbers.band_rows, band.height());
        }

        ParallelPlan const counted =
            plan::make_parallel_plan(PlanKind::mosaic_first, job, node_with(1024 * gibibyte), {});
        ParallelPlan const estimated = plan::make_parallel_plan(PlanKind::mosaic_first, numbers,
                                                                node_with(1024 * gibibyte), {});

        SCOPED_TRACE(ranks);
        EXPECT_LE(counted.predicted_peak_bytes, estimated.predicted_peak_bytes);
        EXPECT_GE(6 * counted.predicted_peak_bytes, estimated.predicted_peak_bytes);
        for (int const rank : {0, ranks / 2, ranks - 1}) {
            job.places.rank = rank;
            ParallelPlan const own = plan::make_parallel_plan(PlanKind::mosaic_first, job,
                                                              node_with(1024 * gibibyte), {});
            EXPECT_EQ(own.rows_per_chunk, counted.rows_per_chunk);
            EXPECT_LE(own.predicted_peak_bytes, counted.predicted_peak_bytes);
        }
    }
}
}  // namespace
