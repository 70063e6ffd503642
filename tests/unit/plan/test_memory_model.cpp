// SPDX-License-Identifier: BSD-3-Clause
#include <cmath>
#include <numbers>
#include <type_traits>

#include <gtest/gtest.h>

#include "plan/memory_model.hpp"
#include "unit/plan/plan_jobs.hpp"

namespace
{
using namespace sectile;
using plan::ChunkShape;
using plan::JobSize;
using plan::MemoryModel;
using test::mebibyte;
using test::mosaic_job;
using test::random_job;

constexpr std::int64_t strip_pixels = std::int64_t{100} * 20000;
/// 100 rows of 4000 columns with their margins, rows padded to cache lines.
constexpr std::int64_t window = std::int64_t{114} * 4016;
/// Handles of a window in use and the nodes of its map.
constexpr std::int64_t window_overhead =
    4096 + 16 * (100 * 4000 / 64 / 64 + 2 * (20000 + 15000) / 64 + 4);

TEST(MemoryModel, CountsTheBuffersOfAMean)
{
    JobSize const job = mosaic_job();
    ChunkShape const shape{4, 100, 20000, 5};

    MemoryModel const model(job);

    // Two strips of 3 planes x 12 bytes, and the sums; two batches of 9 float planes.
    EXPECT_EQ(model.strip_bytes(shape), strip_pixels * (2 * 36 + 3 * 28));
    EXPECT_EQ(model.window_bytes(shape), 2 * 5 * 9 * 4 * window);
    // Alpha and the 16-bit copy of the coverage.
    EXPECT_EQ(model.sink_bytes(shape), strip_pixels * (3 * 2 + 1));
    std::int64_t const buffers =
        model.strip_bytes(shape) + model.sink_bytes(shape) + model.window_bytes(shape);
    EXPECT_EQ(model.peak_bytes(shape),
              buffers + 4 * (3 * 16 * 64 + mebibyte) + 10 * window_overhead + 4 * mebibyte);
}

TEST(MemoryModel, HoldsOneStripWithOneWorker)
{
    JobSize const job = mosaic_job();
    MemoryModel const model(job);

    EXPECT_EQ(model.strip_bytes({1, 100, 20000, 5}), strip_pixels * (36 + 3 * 28));
}

TEST(MemoryModel, CountsTheStacksOfARobustCombine)
{
    JobSize const job = mosaic_job(false);
    MemoryModel const model(job);
    ChunkShape const shape{4, 100, 20000, 72};

    EXPECT_EQ(model.strip_bytes(shape), strip_pixels * 2 * 36);
    // 12 deep, five source widths and one more for what sticks out, and thirty to one above.
    EXPECT_EQ(model.sources_of_strip(shape), 75);
    EXPECT_LE(model.window_bytes(shape), 75 * 9 * 4 * window);
    // All samples, and a margin around each of the windows.
    EXPECT_GE(model.window_bytes(shape), 12 * strip_pixels * 9 * 4);
}

TEST(MemoryModel, CountsTheSamplesOfThePushRoute)
{
    JobSize job = mosaic_job(false);
    job.route = plan::Route::push;
    job.sample_planes = 12;
    MemoryModel const model(job);
    ChunkShape const shape{4, 100, 20000, 72};

    // Those that arrived, and those that leave and arrive for the next round; one window.
    std::int64_t const blocks = std::int64_t{3} * 75 * 8192;  // their pages and bookkeeping
    EXPECT_EQ(model.window_bytes(shape), 3 * 12 * strip_pixels * 12 * 4 + 9 * 4 * window + blocks);
    job.sample_planes = 0;
    EXPECT_EQ(MemoryModel(job).window_bytes(shape),
              3 * 12 * strip_pixels * 15 * 4 + 9 * 4 * window + blocks);
}

TEST(MemoryModel, HoldsAPieceOfAStackOnDisk)
{
    JobSize job = mosaic_job(false);
    job.sample_planes = 12;
    MemoryModel const model(job);
    ChunkShape shape{4, 100, 20000, 1};
    shape.spills = true;

    // One window, its samples, and what is combined at once.
    EXPECT_EQ(model.window_bytes(shape),
              9 * 4 * window + std::int64_t{100} * 4000 * 12 * 4 + 4 * mebibyte);
}

TEST(MemoryModel, CountsWhatReadingAndWritingHoldBeside)
{
    JobSize job = mosaic_job();
    ChunkShape const shape{4, 100, 20000, 5};
    std::int64_t const plain = MemoryModel(job).peak_bytes(shape);

    job.open_bytes = 1000;
    EXPECT_EQ(MemoryModel(job).peak_bytes(shape), plain + 4 * 1000);
    job.load_planes = 1;
    EXPECT_EQ(MemoryModel(job).peak_bytes(shape), plain + 4 * (1000 + 4 * window));
    job.worker_scratch = mebibyte;
    EXPECT_EQ(MemoryModel(job).peak_bytes(shape),
              plain + 4 * (1000 + 4 * window + mebibyte - 3 * 16 * 64));
    job.ranks_of_sink = 4;
    // Packed here, joined and apart on the writer, and one strip of these.
    EXPECT_EQ(MemoryModel(job).sink_bytes(shape), (2 + 2 * 4) * strip_pixels * 36);
}

TEST(MemoryModel, CountsRowsThatWaitForTheirOtherColumns)
{
    JobSize job = mosaic_job();
    EXPECT_EQ(MemoryModel(job).sink_bytes({4, 100, 5000, 5}), strip_pixels / 4 * (3 * 2 + 1));
    job.rows_wait = true;
    EXPECT_EQ(MemoryModel(job).sink_bytes({4, 100, 5000, 5}),
              strip_pixels * 36 + strip_pixels / 4 * (3 * 2 + 1));
}

TEST(MemoryModel, BoundsWindowsOfTurnedSourcesByTheSource)
{
    JobSize job = mosaic_job(false);
    job.width = 100000;
    for (int const degrees : {0, 10, 45, 80, 90}) {
        job.row_spread = std::cos(degrees * std::numbers::pi / 180.0);
        job.cross_spread = std::sin(degrees * std::numbers::pi / 180.0);

        EXPECT_LE(plan::window_pixels(job, 64, job.width), (4000 + 32) * (3000 + 24)) << degrees;
        EXPECT_LE(plan::window_pixels(job, 64, 256), (64 + 256 + 40) * (64 + 256 + 40)) << degrees;
    }
}

TEST(MemoryModel, GrowsWithEveryChoice)
{
    PseudoRandom random(4);
    for (int trial = 0; trial < 2000; ++trial) {
        JobSize const job = random_job(random);
        MemoryModel const model(job);
        ChunkShape const shape{static_cast<int>(random.integer(1, 64)), random.integer(1, 5000),
                               random.integer(1, job.width), random.integer(1, 100)};
        std::int64_t const bytes = model.peak_bytes(shape);
        auto const with = [&](auto field, std::int64_t step) {
            ChunkShape more = shape;
            more.*field += static_cast<std::remove_reference_t<decltype(more.*field)>>(step);
            return model.peak_bytes(more);
        };

        EXPECT_LE(bytes, with(&ChunkShape::workers, 1));
        EXPECT_LE(bytes, with(&ChunkShape::rows, random.integer(1, 100)));
        EXPECT_LE(bytes, with(&ChunkShape::batch, 1));
        if (shape.columns + 1 < job.width) {
            EXPECT_LE(bytes, with(&ChunkShape::columns, 1));
        }
    }
}
}  // namespace
