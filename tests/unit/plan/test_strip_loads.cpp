// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <chrono>
#include <vector>

#include <gtest/gtest.h>

#include "sectile/plan/decomposition.hpp"

#include "plan/strip_loads.hpp"
#include "unit/plan/plan_jobs.hpp"

namespace
{
using namespace sectile;
using core::Box;
using plan::Decomposition;
using plan::JobSize;
using plan::load_of_strips;
using plan::SourcePlace;
using plan::StripLoad;

Decomposition cut(JobSize const& job, std::int64_t rows, std::int64_t columns, int ranks)
{
    std::vector<Box> footprints;
    for (SourcePlace const& source : job.places.sources) {
        footprints.push_back(source.footprint);
    }
    return plan::decompose_canvas(job.places.canvas, footprints, ranks, rows, columns, 64);
}

/// Sources of 300 x 200 pixels scattered over a canvas and over its edges.
JobSize scattered_job(PseudoRandom& random, int ranks)
{
    JobSize job;
    job.width = random.integer(300, 1500);
    job.height = random.integer(200, 1500);
    job.source_width = 300;
    job.source_height = 200;
    job.sources = random.integer(1, 60);
    job.ranks = ranks;
    job.places.canvas = {0, 0, job.width, job.height};
    for (std::int64_t i = 0; i < job.sources; ++i) {
        SourcePlace source;
        std::int64_t const x = random.integer(-200, job.width - 100);
        std::int64_t const y = random.integer(-100, job.height - 100);
        source.footprint = Box{x, y, x + 304, y + 204}.clipped_to(job.places.canvas);
        source.width = 300;
        source.height = 200;
        source.home = static_cast<int>(random.integer(0, ranks - 1));
        job.places.sources.push_back(source);
    }
    job.places.bands = cut(job, job.height, job.width, ranks).bands;
    return job;
}

/// The same from the strips themselves.
StripLoad counted(JobSize const& job, Decomposition const& decomposition, int self)
{
    StripLoad most;
    std::int64_t making = 0;
    for (std::size_t round = 0; round < decomposition.rounds.size(); ++round) {
        Box const strip = decomposition.strip_of(round, self);
        StripLoad load;
        std::int64_t leaving = 0;
        for (SourcePlace const& source : job.places.sources) {
            Box const part = source.footprint.clipped_to(strip);
            load.sources += part.empty() ? 0 : 1;
            load.samples += part.area();
            most.largest_part = std::max(most.largest_part, part.area());
            for (int owner = 0; source.home == self && owner < job.ranks; ++owner) {
                leaving += source.footprint.clipped_to(decomposition.strip_of(round, owner)).area();
            }
        }
        most.strip_pixels = std::max(most.strip_pixels, strip.area());
        most.sources = std::max(most.sources, load.sources);
        most.samples = std::max(most.samples, load.samples);
        most.exchanged = std::max(most.exchanged, making + load.samples + leaving);
        making = load.samples;
    }
    return most;
}

TEST(StripLoads, CountsTheStripsThatWillRun)
{
    PseudoRandom random(11);
    for (int trial = 0; trial < 200; ++trial) {
        int const ranks = static_cast<int>(random.integer(1, 12));
        JobSize job = scattered_job(random, ranks);
        job.route = plan::Route::push;
        std::int64_t const rows = random.integer(16, 400);
        std::int64_t const columns =
            random.integer(0, 1) == 0 ? job.width : random.integer(64, job.width);
        Decomposition const decomposition = cut(job, rows, columns, ranks);
        int const rank = static_cast<int>(random.integer(0, ranks - 1));
        if (plan::tallest_band(job) < 16) {
            continue;
        }

        StripLoad const load = load_of_strips(job, rows, columns, rank);
        StripLoad const all = load_of_strips(job, rows, columns, -1);

        SCOPED_TRACE(trial);
        StripLoad const expected = counted(job, decomposition, rank);
        EXPECT_GE(load.strip_pixels, expected.strip_pixels);
        EXPECT_EQ(load.sources, expected.sources);
        EXPECT_EQ(load.samples, expected.samples);
        EXPECT_EQ(load.exchanged, expected.exchanged);
        EXPECT_EQ(load.largest_part, expected.largest_part);
        EXPECT_GE(all.sources, load.sources);
        EXPECT_GE(all.exchanged, load.exchanged);
        EXPECT_EQ(all.read_pixels, load.read_pixels) << "the whole team's in both";
    }
}

TEST(StripLoads, WindowsHoldWhatAStripNeeds)
{
    // Upright sources: rows and columns of the part, a kernel's reach and its bounds checks, at
    // most the source and the same around it.
    PseudoRandom random(12);
    for (int trial = 0; trial < 100; ++trial) {
        JobSize const job = scattered_job(random, 1);
        std::int64_t const rows = random.integer(16, 400);
        Decomposition const decomposition = cut(job, rows, job.width, 1);
        std::int64_t least = 0;
        std::int64_t most = 0;
        for (std::size_t round = 0; round < decomposition.rounds.size(); ++round) {
            Box const strip = decomposition.strip_of(round, 0);
            std::int64_t of_strip = 0;
            std::int64_t at_most = 0;
            for (SourcePlace const& source : job.places.sources) {
                Box const part = source.footprint.clipped_to(strip);
                if (!part.empty()) {
                    of_strip += (std::min<std::int64_t>(part.height(), 200) + 12) *
                                (std::min<std::int64_t>(part.width(), 300) + 12);
                    at_most += std::min<std::int64_t>(part.height() + 15, 224) *
                               std::min<std::int64_t>(part.width() + 31, 344);
                }
            }
            least = std::max(least, of_strip);
            most = std::max(most, at_most);
        }

        StripLoad const load = load_of_strips(job, rows, job.width, 0);

        SCOPED_TRACE(trial);
        EXPECT_GE(load.window_pixels, least);
        EXPECT_LE(load.window_pixels, most);
        EXPECT_LE(load.largest_window, 224 * 336);
    }
}

TEST(StripLoads, EstimatesFromAboveWhatIsCounted)
{
    // Even coverage, as a raster of pointings has it.
    for (int const per_pointing : {1, 8}) {
        for (int const ranks : {1, 3, 40}) {
            JobSize job;
            job.width = 3000;
            job.height = 2000;
            job.source_width = 300;
            job.source_height = 200;
            job.ranks = ranks;
            job.route = plan::Route::push;
            job.depth = std::int64_t{4} * per_pointing;
            job.places.canvas = {0, 0, job.width, job.height};
            for (std::int64_t y = 0; y + 200 <= job.height; y += 150) {
                for (std::int64_t x = 0; x + 300 <= job.width; x += 225) {
                    for (int k = 0; k < per_pointing; ++k) {
                        SourcePlace source;
                        source.footprint = {x, y, x + 300, y + 200};
                        source.width = 300;
                        source.height = 200;
                        source.home = k % ranks;
                        job.places.sources.push_back(source);
                    }
                }
            }
            job.sources = std::ssize(job.places.sources);
            job.places.bands = cut(job, job.height, job.width, ranks).bands;
            job.band_rows = plan::tallest_band(job);
            JobSize numbers = job;
            numbers.places = {};
            for (std::int64_t const rows : {16, 64, 200, 1000}) {
                std::int64_t const strip = std::min(rows, job.band_rows);

                StripLoad const count = load_of_strips(job, strip, job.width, -1);
                StripLoad const estimate = load_of_strips(numbers, strip, job.width, -1);

                SCOPED_TRACE(rows);
                EXPECT_GE(estimate.sources, count.sources);
                EXPECT_GE(estimate.window_pixels, count.window_pixels);
                EXPECT_GE(estimate.samples, count.samples);
                EXPECT_LE(estimate.window_pixels, 4 * count.window_pixels);
            }
        }
    }
}

TEST(StripLoads, CountsManyLargeSourcesInAMoment)
{
    // Each strip of 16 x 64 pixels would be met 94 million times.
    JobSize job;
    job.width = 400'000;
    job.height = 4000;
    job.source_width = job.width;
    job.source_height = job.height;
    job.sources = job.depth = 60;
    job.places.canvas = {0, 0, job.width, job.height};
    job.places.bands = {job.places.canvas};
    job.places.sources.assign(60, {job.places.canvas, job.width, job.height});

    auto const start = std::chrono::steady_clock::now();
    StripLoad const load = load_of_strips(job, 16, 64, -1);
    std::chrono::duration<double> const seconds = std::chrono::steady_clock::now() - start;

    EXPECT_EQ(load.sources, 60);
    EXPECT_LE(load.window_pixels, 60 * 30 * 96);
    EXPECT_LT(seconds.count(), 2.0) << "milliseconds are expected";
}

TEST(StripLoads, SmallShapesNeedNoMoreThanLargerOnes)
{
    PseudoRandom random(13);
    for (int trial = 0; trial < 50; ++trial) {
        JobSize const job = scattered_job(random, 2);
        StripLoad const small = load_of_strips(job, 4, 64, -1);
        StripLoad const larger = load_of_strips(job, 16, 64, -1);

        EXPECT_LE(small.window_pixels, larger.window_pixels);
        EXPECT_LE(small.largest_window, larger.largest_window);
        EXPECT_LE(small.strip_pixels, larger.strip_pixels);
        EXPECT_GE(small.read_pixels, larger.read_pixels);
    }
}
}  // namespace
