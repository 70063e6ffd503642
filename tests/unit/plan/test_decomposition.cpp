// SPDX-License-Identifier: BSD-3-Clause
#include <chrono>
#include <numeric>
#include <set>
#include <utility>

#include <gtest/gtest.h>

#include "sectile/core/error.hpp"
#include "sectile/plan/decomposition.hpp"

#include "unit/core/pseudo_random.hpp"

namespace
{
using namespace sectile;
using core::Box;
using plan::Decomposition;
using plan::WorkItem;

/// Every canvas pixel belongs to exactly one strip, strips to the band of their owner, bands in
/// order.
void expect_exact_cover(Decomposition const& result, Box const& canvas, int ranks,
                        std::int64_t rows, std::int64_t columns)
{
    ASSERT_EQ(result.bands.size(), static_cast<std::size_t>(ranks));
    std::int64_t next_row = canvas.y0;
    for (Box const& band : result.bands) {
        if (!band.empty()) {
            EXPECT_EQ(band.y0, next_row);
            EXPECT_EQ(band.x0, canvas.x0);
            EXPECT_EQ(band.x1, canvas.x1);
            next_row = band.y1;
        }
    }
    EXPECT_EQ(next_row, canvas.y1);
    std::vector<std::int64_t> area(static_cast<std::size_t>(ranks), 0);
    std::vector<Box> last(static_cast<std::size_t>(ranks));
    for (std::size_t round = 0; round < result.rounds.size(); ++round) {
        EXPECT_FALSE(result.rounds[round].empty());
        int previous = -1;
        for (plan::Strip const& strip : result.rounds[round]) {
            EXPECT_GT(strip.owner, previous) << "at most one strip per rank and round";
            previous = strip.owner;
            auto const owner = static_cast<std::size_t>(strip.owner);
            EXPECT_TRUE(result.bands[owner].contains(strip.box));
            EXPECT_LE(strip.box.width(), columns);
            EXPECT_LE(strip.box.height(), rows);
            EXPECT_FALSE(strip.box.empty());
            // Strips follow each other row by row and left to right, so they cannot overlap.
            if (!last[owner].empty()) {
                bool const beside =
                    strip.box.y0 == last[owner].y0 && strip.box.x0 == last[owner].x1;
                bool const above = strip.box.y0 == last[owner].y1 && strip.box.x0 == canvas.x0;
                EXPECT_TRUE(beside || above);
            }
            last[owner] = strip.box;
            area[owner] += strip.box.area();
            EXPECT_EQ(result.strip_of(round, strip.owner), strip.box);
        }
    }
    for (std::size_t rank = 0; rank < area.size(); ++rank) {
        EXPECT_EQ(area[rank], result.bands[rank].area());
    }
}

std::vector<Box> deep_center(Box const& canvas)
{
    std::vector<Box> footprints;
    for (std::int64_t i = 0; i < 60; ++i) {
        std::int64_t const x = canvas.x0 + canvas.width() * (20 + i % 7 * 5) / 100;
        std::int64_t const y = canvas.y0 + canvas.height() * (40 + i % 11) / 100;
        footprints.push_back({x, y, x + canvas.width() / 5, y + canvas.height() / 10});
    }
    footprints.push_back(canvas);
    return footprints;
}

/// Cost of the most loaded rank over the mean, from the definition.
double imbalance_of(Decomposition const& result, Box const& canvas,
                    std::vector<Box> const& footprints)
{
    double largest = 0.0;
    double total = 0.0;
    for (Box const& band : result.bands) {
        double cost = 0.1 * static_cast<double>(band.area());
        for (Box const& footprint : footprints) {
            cost += static_cast<double>(footprint.clipped_to(canvas).clipped_to(band).area());
        }
        largest = std::max(largest, cost);
        total += cost;
    }
    return largest * static_cast<double>(result.bands.size()) / total;
}

TEST(DecomposeCanvas, CoversEveryPixelOnceForOneTo4096Ranks)
{
    Box const canvas{-100, 7, 11900, 20007};
    std::vector<Box> const footprints = deep_center(canvas);
    for (int const ranks : {1, 2, 3, 4, 5, 7, 16, 61, 64, 128, 257, 1024, 4096}) {
        Decomposition const result =
            plan::decompose_canvas(canvas, footprints, ranks, 100, 12000, 32);

        SCOPED_TRACE(ranks);
        expect_exact_cover(result, canvas, ranks, 100, 12000);
        EXPECT_NEAR(result.imbalance, imbalance_of(result, canvas, footprints), 1e-9);
        // Up to 1024 ranks a band has some twenty rows, and one row is a twentieth of the work.
        if (ranks <= 1024) {
            EXPECT_LE(result.imbalance, 1.15);
        }
    }
}

TEST(DecomposeCanvas, CoversRandomCanvases)
{
    PseudoRandom random(3);
    for (int trial = 0; trial < 500; ++trial) {
        Box const canvas{0, 0, random.integer(1, 3000), random.integer(1, 3000)};
        std::vector<Box> footprints;
        for (std::int64_t i = random.integer(0, 30); i > 0; --i) {
            std::int64_t const x = random.integer(-500, 3000);
            std::int64_t const y = random.integer(-500, 3000);
            footprints.push_back({x, y, x + random.integer(0, 900), y + random.integer(0, 900)});
        }
        int const ranks = static_cast<int>(random.integer(1, trial % 10 == 0 ? 4096 : 40));
        std::int64_t const rows = random.integer(1, 700);
        std::int64_t const columns = random.integer(1000, 3000);

        Decomposition const result = plan::decompose_canvas(canvas, footprints, ranks, rows,
                                                            columns, random.integer(1, 128));

        SCOPED_TRACE(trial);
        expect_exact_cover(result, canvas, ranks, rows, columns);
        EXPECT_NEAR(result.imbalance, imbalance_of(result, canvas, footprints), 1e-9);
    }
}

TEST(DecomposeCanvas, KeepsBandEdgesOnChunksWhereTheBalanceAllows)
{
    Box const canvas{0, 0, 5000, 8000};
    std::vector<Box> const footprints{canvas};

    Decomposition const result = plan::decompose_canvas(canvas, footprints, 8, 200, 5000, 64);

    for (Box const& band : result.bands) {
        EXPECT_EQ(band.y0 % 64, 0);
    }
    EXPECT_LE(result.imbalance, 1.15);
}

TEST(DecomposeCanvas, KeepsBandEdgesOnTheChunksOfLowCanvases)
{
    // Chunks of a file are as even as they can be, and so are rarely of a round number of rows.
    for (auto const& [rows, chunk] : {std::pair{1000, 63}, {1152, 64}, {700, 64}, {360, 60}}) {
        Box const canvas{0, 0, 1500, rows};

        Decomposition const result =
            plan::decompose_canvas(canvas, std::vector{canvas}, 3, 200, 1500, chunk);

        SCOPED_TRACE(rows);
        EXPECT_LE(result.imbalance, 1.15);
        for (Box const& band : result.bands) {
            EXPECT_EQ(band.y0 % chunk, 0);
        }
    }
}

TEST(DecomposeCanvas, GivesUpAlignmentByWholeParts)
{
    // 16 chunks of 63 rows for 20 ranks: thirds of chunks, whose edges still meet those of chunks.
    Box const canvas{0, 0, 1500, 1008};

    Decomposition const result =
        plan::decompose_canvas(canvas, std::vector{canvas}, 20, 200, 1500, 63);

    EXPECT_LE(result.imbalance, 1.26);
    for (Box const& band : result.bands) {
        EXPECT_EQ(band.y0 % 7, 0) << "a divisor of 63";
    }
}

TEST(DecomposeCanvas, GivesUpAlignmentRatherThanLeaveRanksIdle)
{
    Box const canvas{0, 0, 4000, 1024};

    Decomposition const result =
        plan::decompose_canvas(canvas, std::vector{canvas}, 64, 64, 4000, 64);

    EXPECT_LE(result.imbalance, 1.15) << "16 chunks for 64 ranks would leave 48 idle";
    for (Box const& band : result.bands) {
        EXPECT_EQ(band.height(), 16);
    }
}

TEST(DecomposeCanvas, GivesNothingToRanksBeyondTheRows)
{
    Box const canvas{0, 0, 50, 10};

    Decomposition const result = plan::decompose_canvas(canvas, {}, 64, 4, 50, 8);

    expect_exact_cover(result, canvas, 64, 4, 50);
    std::int64_t busy = 0;
    for (Box const& band : result.bands) {
        busy += band.empty() ? 0 : 1;
    }
    EXPECT_EQ(busy, 10);
    EXPECT_DOUBLE_EQ(result.imbalance, 6.4);
    ASSERT_EQ(result.rounds.size(), 1U);
}

TEST(DecomposeCanvas, CutsWideStripsIntoColumns)
{
    Box const canvas{0, 0, 1000, 64};

    Decomposition const result = plan::decompose_canvas(canvas, {}, 1, 1, 300, 8);

    expect_exact_cover(result, canvas, 1, 1, 300);
    EXPECT_EQ(result.rounds.size(), 64U * 4U);
    EXPECT_EQ(result.strip_of(0, 0), (Box{0, 0, 300, 1}));
    EXPECT_EQ(result.strip_of(3, 0), (Box{900, 0, 1000, 1}));
    EXPECT_EQ(result.strip_of(4, 0), (Box{0, 1, 300, 2}));
    EXPECT_TRUE(result.strip_of(9999, 0).empty());
    EXPECT_TRUE(result.strip_of(0, 1).empty());
}

TEST(DecomposeCanvas, PlansThousandsOfRanksAndFramesInAMoment)
{
    Box const canvas{0, 0, 100000, 100000};
    PseudoRandom random(8);
    std::vector<Box> footprints;
    for (int i = 0; i < 10000; ++i) {
        std::int64_t const x = random.integer(0, 95000);
        std::int64_t const y = random.integer(0, 95000);
        footprints.push_back({x, y, x + 5000, y + 4000});
    }

    auto const start = std::chrono::steady_clock::now();
    Decomposition const result = plan::decompose_canvas(canvas, footprints, 4096, 64, 100000, 64);
    std::chrono::duration<double> const seconds = std::chrono::steady_clock::now() - start;

    EXPECT_LE(result.imbalance, 1.15);
    EXPECT_LT(seconds.count(), 2.0) << "milliseconds are expected";
}

TEST(DecomposeCanvas, RefusesWhatCannotBeCut)
{
    Box const canvas{0, 0, 10, 10};

    EXPECT_THROW((void)plan::decompose_canvas(canvas, {}, 0, 1, 1, 1), core::InternalError);
    EXPECT_THROW((void)plan::decompose_canvas({}, {}, 1, 1, 1, 1), core::InternalError);
    EXPECT_THROW((void)plan::decompose_canvas(canvas, {}, 1, 0, 1, 1), core::InternalError);
    EXPECT_THROW((void)plan::decompose_canvas(canvas, {}, 1, 1, 1, 0), core::InternalError);
}

TEST(AssignWork, PutsTheLongestFirstOnTheLeastLoaded)
{
    std::vector<WorkItem> const items{{0, 2.0}, {1, 7.0}, {2, 4.0}, {3, 4.0}, {4, 1.0}};

    auto const assigned = plan::assign_work(items, 2);

    EXPECT_EQ(assigned[0], (std::vector<std::size_t>{1, 0}));
    EXPECT_EQ(assigned[1], (std::vector<std::size_t>{2, 3, 4}));
}

TEST(AssignWork, GivesEachItemToOneRankWithinGrahamsBound)
{
    PseudoRandom random(21);
    for (int const ranks : {1, 2, 3, 16, 100, 4096}) {
        std::vector<WorkItem> items;
        double total = 0.0;
        double longest = 0.0;
        for (std::size_t i = 0; i < 1000; ++i) {
            items.push_back({i, random.uniform(0.1, 10.0)});
            total += items.back().cost;
            longest = std::max(longest, items.back().cost);
        }

        auto const assigned = plan::assign_work(items, ranks);

        ASSERT_EQ(assigned.size(), static_cast<std::size_t>(ranks));
        std::set<std::size_t> seen;
        double largest = 0.0;
        for (auto const& list : assigned) {
            double load = 0.0;
            double previous = 1e300;
            for (std::size_t const index : list) {
                EXPECT_TRUE(seen.insert(index).second);
                EXPECT_LE(items[index].cost, previous);
                previous = items[index].cost;
                load += previous;
            }
            largest = std::max(largest, load);
        }
        EXPECT_EQ(seen.size(), items.size());
        // Any list schedule ends within the mean load and one item (Graham 1966).
        EXPECT_LE(largest, total / ranks + longest);
    }
}

TEST(AssignWork, BreaksTiesByIndexAndTakesNothing)
{
    std::vector<WorkItem> const equal{{5, 1.0}, {3, 1.0}, {4, 1.0}};

    EXPECT_EQ(plan::assign_work(equal, 2), (std::vector<std::vector<std::size_t>>{{3, 5}, {4}}));
    EXPECT_EQ(plan::assign_work({}, 3).size(), 3U);
    EXPECT_THROW((void)plan::assign_work(equal, 0), core::InternalError);
}
}  // namespace
