// SPDX-License-Identifier: BSD-3-Clause
#include <type_traits>

#include <gtest/gtest.h>

#include "plan/memory_model.hpp"
#include "unit/plan/plan_jobs.hpp"

namespace
{
using namespace sectile;
using plan::JobSize;
using test::mebibyte;
using test::mosaic_job;
using test::random_job;

TEST(MemoryModel, CountsTheBuffersOfAMean)
{
    JobSize job = mosaic_job();
    plan::ChunkShape const shape{4, 100, 20000, 5};

    plan::MemoryModel const model(job);

    // Two strips of 3 planes x 12 bytes + 1, and the sums; 124 rows of 5 sources of 9 float planes.
    EXPECT_EQ(model.strip_bytes(shape), 100 * 20000 * (2 * 37 + 3 * 28));
    EXPECT_EQ(model.window_bytes(shape), 5 * 9 * 4 * 124 * 4024);
    // The 16-bit copy of the coverage and more of the sink, maps of five source widths and one.
    EXPECT_EQ(model.sink_bytes(shape), 100 * 20000 * (3 * 14 + 1) / 4);
    EXPECT_EQ(model.peak_bytes(shape), model.strip_bytes(shape) + model.sink_bytes(shape) +
                                           2 * model.window_bytes(shape) +
                                           4 * (3 * 8 * 512 + mebibyte) + 72 * 24 * 1024);
}

TEST(MemoryModel, CountsTheStacksOfARobustCombine)
{
    plan::MemoryModel const model(mosaic_job(false));
    plan::ChunkShape const shape{4, 100, 20000, 72};

    EXPECT_EQ(model.strip_bytes(shape), 100 * 20000 * 2 * 37);
    // 12 deep, five source widths and one more for what sticks out.
    EXPECT_EQ(model.sources_of_strip(20000), 72);
    EXPECT_EQ(model.peak_bytes(shape), model.strip_bytes(shape) + model.sink_bytes(shape) +
                                           model.window_bytes(shape) +
                                           4 * (12 * 3 * 8 * 512 + mebibyte) + 72 * 24 * 1024);
}

TEST(MemoryModel, CountsWhatReadingAndWritingHoldBeside)
{
    JobSize job = mosaic_job();
    plan::ChunkShape const shape{4, 100, 20000, 5};
    std::int64_t const plain = plan::MemoryModel(job).peak_bytes(shape);

    job.open_bytes = 1000;
    EXPECT_EQ(plan::MemoryModel(job).peak_bytes(shape), plain + 4 * 1000);
    job.load_planes = 1;
    EXPECT_EQ(plan::MemoryModel(job).peak_bytes(shape), plain + 4 * (1000 + 4 * 124 * 4024));
    job.worker_scratch = mebibyte;
    EXPECT_EQ(plan::MemoryModel(job).peak_bytes(shape),
              plain + 4 * (1000 + 4 * 124 * 4024 + mebibyte - 3 * 8 * 512));
    job.ranks_of_sink = 4;
    EXPECT_GT(plan::MemoryModel(job).sink_bytes(shape), 4 * 100 * 20000 * 37);
}

TEST(MemoryModel, GrowsWithEveryChoice)
{
    PseudoRandom random(4);
    for (int trial = 0; trial < 2000; ++trial) {
        plan::MemoryModel const model(random_job(random));
        plan::ChunkShape const shape{static_cast<int>(random.integer(1, 64)),
                                     random.integer(1, 5000), random.integer(1, model.job().width),
                                     random.integer(1, 100)};
        std::int64_t const bytes = model.peak_bytes(shape);
        auto const with = [&](auto field, std::int64_t step) {
            plan::ChunkShape more = shape;
            more.*field += static_cast<std::remove_reference_t<decltype(more.*field)>>(step);
            return model.peak_bytes(more);
        };

        EXPECT_LE(bytes, with(&plan::ChunkShape::workers, 1));
        EXPECT_LE(bytes, with(&plan::ChunkShape::rows, random.integer(1, 100)));
        EXPECT_LE(bytes, with(&plan::ChunkShape::batch, 1));
        if (shape.columns < model.job().width) {
            EXPECT_LE(bytes, with(&plan::ChunkShape::columns, 1));
        }
    }
}
}  // namespace
