// SPDX-License-Identifier: BSD-3-Clause
// What a coadd asks of the planner, and how it is cut on one rank.
#include <algorithm>
#include <cstdint>
#include <memory>
#include <vector>

#include <gtest/gtest.h>

#include "sectile/compute/backend.hpp"
#include "sectile/core/error.hpp"
#include "sectile/engine/coadd_plan.hpp"

#include "unit/core/pseudo_random.hpp"

namespace sectile::engine
{
namespace
{
constexpr std::int64_t gibibyte = std::int64_t{1} << 30;

/// A source that says how large it is, and is never read.
class SizedSource final : public source::PixelSource
{
  public:
    SizedSource(std::int64_t width, std::int64_t height, int held = 1)
        : width_(width), height_(height), held_(held)
    {}
    [[nodiscard]] core::Box bounds() const override { return {0, 0, width_, height_}; }
    [[nodiscard]] int planes() const override { return 1; }
    [[nodiscard]] int held_planes() const override { return held_; }
    [[nodiscard]] int planes_while_reading() const override { return held_ > 1 ? 4 : 0; }
    [[nodiscard]] int margin_while_reading() const override { return held_ > 1 ? 5 : 0; }
    [[nodiscard]] std::int64_t bytes_while_open() const override { return 100 * held_; }
    [[nodiscard]] source::SourcePixels read(core::Box const& /*window*/) const override
    {
        throw core::InternalError("a plan reads nothing");
    }

  private:
    std::int64_t width_;
    std::int64_t height_;
    int held_;
};

PlacedSource input_at(core::Box const& footprint, int held = 1)
{
    PlacedSource input;
    input.pixels = std::make_shared<SizedSource>(footprint.width(), footprint.height(), held);
    input.footprint = footprint;
    return input;
}

CoaddJob job_of(core::Box const& canvas, std::vector<core::Box> const& footprints)
{
    CoaddJob job;
    job.canvas = canvas;
    for (core::Box const& box : footprints) {
        job.inputs.push_back(input_at(box));
    }
    return job;
}

CoaddSeat seat_with(std::int64_t memory)
{
    plan::Capabilities node;
    node.cores = 2;
    node.ram_total = node.ram_available = memory;
    return {1, 0, node};
}

CoaddExecution planned(plan::PlanKind kind, CoaddJob const& job, Route route, std::int64_t memory,
                       plan::ParallelOptions const& options = {})
{
    auto const backend = compute::make_reference_backend();
    return plan_coadd(kind, job, route, seat_with(memory), *backend, options);
}

/// Most footprints over any pixel corner of a footprint: where the depth of boxes changes.
std::int64_t true_depth(std::vector<core::Box> const& boxes, core::Box const& canvas)
{
    std::int64_t deepest = 0;
    for (core::Box const& a : boxes) {
        for (core::Box const& b : boxes) {
            std::int64_t const x = std::max(a.x0, canvas.x0);
            std::int64_t const y = std::max(b.y0, canvas.y0);
            deepest = std::max<std::int64_t>(
                deepest, std::ranges::count_if(boxes, [&](core::Box const& box) {
                    return canvas.contains(x, y) && box.contains(x, y);
                }));
        }
    }
    return deepest;
}

TEST(CoaddSize, TakesTheLargestOfItsSources)
{
    CoaddJob job = job_of({0, 0, 3000, 2000}, {{0, 0, 300, 900}, {100, 0, 800, 400}});
    job.inputs.push_back(input_at({0, 0, 200, 200}, 3));
    job.inputs[1].row_spread = 2.5;
    job.planes = 3;

    plan::JobSize const size = job_size(job, Route::pull);

    EXPECT_EQ(size.width, 3000);
    EXPECT_EQ(size.height, 2000);
    EXPECT_EQ(size.planes, 3);
    EXPECT_EQ(size.sources, 3);
    EXPECT_EQ(size.source_width, 700);
    EXPECT_EQ(size.source_height, 900);
    EXPECT_EQ(size.source_planes, 3);
    EXPECT_EQ(size.row_spread, 2.5);
    EXPECT_EQ(size.load_planes, 4);
    EXPECT_EQ(size.load_margin, 5);
    EXPECT_EQ(size.open_bytes, 300);
}

TEST(CoaddSize, DepthIsThatOfTheDeepestPlace)
{
    core::Box const canvas{0, 0, 6400, 6400};

    EXPECT_EQ(job_size(job_of(canvas, {}), Route::pull).depth, 1);
    EXPECT_EQ(job_size(job_of(canvas, {{0, 0, 900, 900}, {2000, 0, 2900, 900}}), Route::pull).depth,
              1)
        << "apart";
    EXPECT_EQ(job_size(job_of(canvas, std::vector<core::Box>(7, {100, 100, 900, 900})), Route::pull)
                  .depth,
              7);
    EXPECT_EQ(job_size(job_of(canvas, {{0, 0, 900, 900},
                                       {500, 500, 1500, 1500},
                                       {500, 0, 1500, 900},
                                       {5000, 5000, 6000, 6000}}),
                       Route::pull)
                  .depth,
              3);
    EXPECT_EQ(
        job_size(job_of(canvas, {{-900, -900, -10, -10}, {7000, 0, 8000, 100}}), Route::pull).depth,
        1)
        << "off the canvas";
}

TEST(CoaddSize, DepthIsNeverLessThanItIs)
{
    core::Box const canvas{0, 0, 1000, 700};
    PseudoRandom random(2);
    for (int round = 0; round < 50; ++round) {
        std::vector<core::Box> boxes;
        for (int i = 0; i < 20; ++i) {
            std::int64_t const x = random.integer(-100, 950);
            std::int64_t const y = random.integer(-100, 650);
            boxes.push_back({x, y, x + random.integer(1, 300), y + random.integer(1, 300)});
        }
        std::int64_t const truth = true_depth(boxes, canvas);

        std::int64_t const depth = job_size(job_of(canvas, boxes), Route::pull).depth;

        EXPECT_GE(depth, truth);
        EXPECT_LE(depth, static_cast<std::int64_t>(boxes.size()));
    }
}

TEST(CoaddSize, AMeanIsSummedUpWhereSourcesArePulled)
{
    CoaddJob job = job_of({0, 0, 1000, 1000}, {{0, 0, 500, 500}});
    EXPECT_TRUE(job_size(job, Route::pull).running_mean);

    job.recipe.combine.rejection = compute::Rejection::kappa_sigma;
    EXPECT_FALSE(job_size(job, Route::pull).running_mean);
    job.recipe.combine = {.final_combine = compute::FinalCombine::median};
    EXPECT_FALSE(job_size(job, Route::pull).running_mean);
}

TEST(CoaddSize, SamplesTravelAsMorePlanesThanWindowsHave)
{
    CoaddJob job = job_of({0, 0, 1000, 1000}, {{0, 0, 500, 500}});
    job.planes = 3;
    int const plain = sample_planes(job);
    job.recipe.output_weight = compute::OutputWeight::inverse_variance;

    EXPECT_GT(plain, job.planes) << "values and weights";
    EXPECT_GT(sample_planes(job), plain) << "and variances";
}

TEST(CoaddSize, TheRestIsTheSameForBothRoutes)
{
    CoaddJob const job = job_of({0, 0, 1000, 800}, {{0, 0, 500, 500}, {100, 0, 800, 400}});

    plan::JobSize const pull = job_size(job, Route::pull);
    plan::JobSize const push = job_size(job, Route::push);

    EXPECT_EQ(push.width, pull.width);
    EXPECT_EQ(push.height, pull.height);
    EXPECT_EQ(push.sources, pull.sources);
    EXPECT_EQ(push.depth, pull.depth);
    EXPECT_EQ(push.source_width, pull.source_width);
}

TEST(CoaddExecution, CutsTheCanvasSoThatEveryPixelIsMadeOnce)
{
    for (Route const route : {Route::pull, Route::push}) {
        core::Box const canvas{0, 0, 700, 530};
        CoaddJob const job = job_of(canvas, {{0, 0, 400, 400}, {300, 200, 700, 530}});

        CoaddExecution const execution =
            planned(plan::PlanKind::mosaic_first, job, route, gibibyte * 4, {.rows_per_chunk = 90});

        EXPECT_LE(execution.plan.rows_per_chunk, 90);
        ASSERT_EQ(execution.decomposition.bands.size(), 1U);
        EXPECT_EQ(execution.decomposition.bands[0], canvas);
        std::vector<int> made(static_cast<std::size_t>(canvas.width() * canvas.height()), 0);
        for (auto const& round : execution.decomposition.rounds) {
            for (plan::Strip const& strip : round) {
                EXPECT_EQ(strip.owner, 0);
                EXPECT_LE(strip.box.height(), execution.plan.rows_per_chunk);
                for (std::int64_t y = strip.box.y0; y < strip.box.y1; ++y) {
                    for (std::int64_t x = strip.box.x0; x < strip.box.x1; ++x) {
                        ++made[static_cast<std::size_t>(y * canvas.width() + x)];
                    }
                }
            }
        }
        EXPECT_EQ(std::ranges::count(made, 1), std::ssize(made));
    }
}

TEST(CoaddExecution, IsTheSameForARankAndForThoseThatSpeakOfIt)
{
    CoaddJob const job = job_of({0, 0, 700, 900}, {{0, 0, 400, 900}, {300, 200, 700, 530}});
    auto const backend = compute::make_reference_backend();
    CoaddSeat seat = seat_with(gibibyte);
    seat.ranks = 3;
    std::int64_t most = 0;
    for (seat.rank = 0; seat.rank < seat.ranks; ++seat.rank) {
        CoaddExecution const execution = plan_coadd(plan::PlanKind::mosaic_first, job, Route::push,
                                                    seat, *backend, {.rows_per_chunk = 128});
        EXPECT_EQ(execution.size.ranks, 3);
        ASSERT_EQ(execution.decomposition.bands.size(), 3U);
        most = std::max(most, execution.plan.added_bytes);
    }
    seat.rank = -1;

    CoaddExecution const spoken = plan_coadd(plan::PlanKind::mosaic_first, job, Route::push, seat,
                                             *backend, {.rows_per_chunk = 128});

    EXPECT_EQ(spoken.plan.added_bytes, most) << "the rank that holds most";
}

TEST(CoaddExecution, SaysWhatTheProcessHeldAndWhatIsAdded)
{
    CoaddJob const job = job_of({0, 0, 700, 530}, {{0, 0, 400, 400}});
    auto const backend = compute::make_reference_backend();
    CoaddSeat seat = seat_with(gibibyte);
    seat.node.resident = 12345;

    plan::ParallelPlan const plan =
        plan_coadd(plan::PlanKind::mosaic_first, job, Route::pull, seat, *backend, {}).plan;

    EXPECT_GT(plan.added_bytes, 0);
    EXPECT_EQ(plan.predicted_peak_bytes, plan.added_bytes + 12345);
}

TEST(CoaddExecution, LessMemoryMakesSmallerStrips)
{
    // 60 sources of 4000 x 4000 over one another, stacked.
    CoaddJob job = job_of({0, 0, 4000, 4000}, std::vector<core::Box>(60, {0, 0, 4000, 4000}));
    job.recipe.combine.rejection = compute::Rejection::kappa_sigma;
    std::int64_t last = 4000 * 4001;
    for (std::int64_t const memory : {4 * gibibyte, gibibyte / 2, gibibyte / 4}) {
        CoaddExecution const execution =
            planned(plan::PlanKind::mosaic_first, job, Route::pull, memory);

        std::int64_t const pixels =
            execution.plan.rows_per_chunk * execution.plan.columns_per_chunk;
        EXPECT_LT(pixels, last) << memory;
        EXPECT_GE(execution.plan.rows_per_chunk, 64) << "columns are given up before good rows";
        EXPECT_LT(execution.plan.predicted_peak_bytes, memory);
        last = pixels;
    }
}

TEST(CoaddExecution, TooLittleMemoryIsRefusedWithASentence)
{
    CoaddJob const job =
        job_of({0, 0, 400'000, 4000}, std::vector<core::Box>(60, {0, 0, 400'000, 4000}));

    EXPECT_THROW((void)planned(plan::PlanKind::mosaic_first, job, Route::pull, 1 << 20),
                 core::Error);
}
}  // namespace
}  // namespace sectile::engine
