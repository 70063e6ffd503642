// SPDX-License-Identifier: BSD-3-Clause
#include <array>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "sectile/core/hash.hpp"
#include "sectile/io/wcs_file.hpp"

#include "pipeline/p1_solve.hpp"
#include "support/fake_solver.hpp"
#include "support/mpi_scratch_folder.hpp"
#include "support/star_frames.hpp"

namespace sectile::pipeline
{
namespace
{
using plan::FrameRecord;
using test::Place;
using test::wcs_at;

class SolveFrames : public ::testing::Test
{
  protected:
    void SetUp() override
    {
        config.output = scratch.file("out");
        config.solver.program = astrometry::SolverChoice::solve_field;
        config.solver.timeout = 20.0;
        config.solver.solve_field_executable = scratch.file("solve-field");
        if (world.is_root()) {
            test::write_fake_solve_field(scratch.path());
        }
        comm::barrier(world);
    }

    /// Adds a frame without a WCS; its solution is known to the solver only when `solvable`.
    void add(Place const& place, bool solvable = true, std::string const& folder = "night")
    {
        std::size_t const index = frames.size();
        std::string const name = "frame_" + std::to_string(index);
        std::string const path = scratch.file(folder + "/" + name + ".fits");
        if (world.is_root()) {
            std::filesystem::create_directories(scratch.file(folder));
            std::ofstream(path).put('\n');
            if (solvable) {
                io::write_wcs_file(scratch.file(name + ".wcs"), wcs_at(place));
            }
        }
        comm::barrier(world);
        frames.push_back(test::frame_without_wcs(index, path, place));
        places.push_back(place);
    }

    /// The last frame added has a WCS of its own.
    void give_wcs(Place const& place, std::string const& origin)
    {
        test::give_wcs(frames.back(), place, origin);
    }

    void solve()
    {
        Context context(config, world);
        solve_frames(frames, config, context);
        expect_same_on_all_ranks();
    }

    void mark(std::size_t frame, std::string const& kind) const
    {
        if (world.is_root()) {
            std::ofstream(scratch.file("frame_" + std::to_string(frame) + "." + kind)).put('\n');
        }
        comm::barrier(world);
    }

    [[nodiscard]] std::ptrdiff_t calls() const
    {
        comm::barrier(world);
        return test::lines_in(scratch.file("calls"));
    }

    /// Largest distance, in pixels, between a corner's place and the truth.
    [[nodiscard]] double error_of(std::size_t i) const
    {
        return test::corner_error(frames[i], places[i]);
    }

    void expect_same_on_all_ranks() const
    {
        core::ContentHash hash;
        hash.add(std::span<std::byte const>(plan::pack(frames)));
        auto const bits = static_cast<std::int64_t>(hash.value() >> 1U);
        EXPECT_EQ(comm::all_reduce_max(world, bits), -comm::all_reduce_max(world, -bits));
    }

    comm::Communicator world = comm::Communicator::world();
    test::MpiScratchFolder scratch{world};
    RunConfig config;
    std::vector<FrameRecord> frames;
    std::vector<Place> places;
};

TEST_F(SolveFrames, AFewSolvesAreEnoughForAPointing)
{
    for (int i = 0; i < 7; ++i) {
        add({150.0 + 0.02 * i, 30.0 - 0.01 * i, 3.0 * i});
    }

    solve();

    EXPECT_EQ(calls(), 5);
    for (std::size_t i = 0; i < frames.size(); ++i) {
        ASSERT_TRUE(frames[i].verdict.accepted()) << frames[i].verdict.reason;
        EXPECT_LT(error_of(i), 0.1) << i;  // 0.05 px noise of a hundred stars, at the corners
        EXPECT_FALSE(frames[i].footprint.edge.empty());
    }
    EXPECT_EQ(frames[3].header.wcs_origin, "solved: solve-field");
    EXPECT_EQ(frames[2].header.wcs_origin, "solved: solve-field, tied to frame_3.fits");
    EXPECT_TRUE(frames[1].header.wcs_origin.starts_with("tied to frame_"));
}

TEST_F(SolveFrames, TheMeanOfSolutionsIsBetterThanEach)
{
    std::array const errors{4.0, -3.0, 3.0, -2.0, -2.0};  // arcsec
    for (int i = 0; i < 5; ++i) {
        add({150.0 + 0.02 * i, 30.0, 0.0, true});
        Place solution = places.back();
        solution.dec += errors[static_cast<std::size_t>(i)] / 3600.0;
        if (world.is_root()) {
            io::write_wcs_file(scratch.file("frame_" + std::to_string(i) + ".wcs"),
                               wcs_at(solution));
        }
    }
    comm::barrier(world);

    solve();

    for (std::size_t i = 0; i < frames.size(); ++i) {
        ASSERT_TRUE(frames[i].verdict.accepted()) << frames[i].verdict.reason;
        EXPECT_LT(error_of(i), 0.25) << i;  // each alone is 0.7 px off or more
    }
}

TEST_F(SolveFrames, DistortionStaysWithTheCameraWhenTheFieldTurns)
{
    for (int i = 0; i < 3; ++i) {
        add({150.0, 30.0, 70.0 * i, true}, i == 0);
    }

    solve();

    for (std::size_t i = 0; i < frames.size(); ++i) {
        ASSERT_TRUE(frames[i].verdict.accepted()) << frames[i].verdict.reason;
        EXPECT_LT(error_of(i), 0.2) << i;
    }
}

TEST_F(SolveFrames, ALaterRunUsesTheKeptSolutions)
{
    for (int i = 0; i < 3; ++i) {
        add({150.0 + 0.02 * i, 30.0, 0.0});
    }
    std::vector<FrameRecord> const before = frames;
    solve();
    std::vector<FrameRecord> const first = frames;
    frames = before;

    solve();

    EXPECT_EQ(calls(), 3);
    for (std::size_t i = 0; i < frames.size(); ++i) {
        ASSERT_TRUE(frames[i].verdict.accepted());
        EXPECT_EQ(frames[i].footprint.center.lon, first[i].footprint.center.lon);
        EXPECT_EQ(frames[i].footprint.edge[5].lat, first[i].footprint.edge[5].lat);
        EXPECT_NE(frames[i].header.wcs_origin, first[i].header.wcs_origin);
    }
}

TEST_F(SolveFrames, ASolverThatHangsOrCrashesStopsNobodyElse)
{
    config.solver.timeout = 0.5;
    add({150.0, 30.0, 0.0}, true, "good");
    add({149.0, 31.2, 0.0}, true, "hanging");
    add({151.2, 28.8, 0.0}, true, "crashing");
    mark(1, "hang");
    mark(2, "crash");

    solve();

    EXPECT_TRUE(frames[0].verdict.accepted()) << frames[0].verdict.reason;
    EXPECT_FALSE(frames[1].verdict.accepted());
    EXPECT_NE(frames[1].verdict.reason.find("did not end within 0.5 s"), std::string::npos)
        << frames[1].verdict.reason;
    EXPECT_FALSE(frames[2].verdict.accepted());
    EXPECT_NE(frames[2].verdict.reason.find("signal 11"), std::string::npos)
        << frames[2].verdict.reason;
}

TEST_F(SolveFrames, WithoutTheProgramTiesStillWork)
{
    config.solver.solve_field_executable = scratch.file("absent");
    add({150.0, 30.0, 0.0});
    give_wcs(places[0], "sidecar");
    add({150.02, 30.0, 5.0});
    add({148.7, 31.2, 0.0});

    solve();

    EXPECT_EQ(frames[0].header.wcs_origin, "sidecar");
    EXPECT_TRUE(frames[1].verdict.accepted()) << frames[1].verdict.reason;
    EXPECT_FALSE(frames[2].verdict.accepted());
    EXPECT_NE(frames[2].verdict.reason.find("no such program"), std::string::npos)
        << frames[2].verdict.reason;
}

TEST_F(SolveFrames, WithoutASolverFramesAreTiedToSolvedOnes)
{
    config.solver.program = astrometry::SolverChoice::none;
    add({150.0, 30.0, 0.0});
    give_wcs(places[0], "header");
    add({150.02, 30.0, 5.0});
    add({148.7, 31.2, 0.0});

    solve();

    EXPECT_EQ(calls(), 0);
    EXPECT_TRUE(frames[1].verdict.accepted()) << frames[1].verdict.reason;
    EXPECT_LT(error_of(1), 0.1);
    EXPECT_NE(frames[2].verdict.reason.find("choose a --solver"), std::string::npos);
    EXPECT_FALSE(std::filesystem::exists(scratch.file("out/solutions")));
}

TEST_F(SolveFrames, AFrameThatTheSolverFailedOnIsTied)
{
    for (int i = 0; i < 5; ++i) {
        add({150.0 + 0.02 * i, 30.0, 0.0}, i == 0);
    }

    solve();

    for (FrameRecord const& frame : frames) {
        EXPECT_TRUE(frame.verdict.accepted()) << frame.verdict.reason;
    }
    EXPECT_LE(calls(), 2 * 5);  // each frame with its hint and once more without
}

TEST_F(SolveFrames, NeighboursAreReachedThroughNeighbours)
{
    // A row of pointings, the last of which shares no star with the only one that can be solved.
    for (int i = 0; i < 5; ++i) {
        add({149.0 + 0.45 * i, 30.0, 0.0}, i == 0);
    }

    solve();

    for (std::size_t i = 0; i < frames.size(); ++i) {
        ASSERT_TRUE(frames[i].verdict.accepted()) << frames[i].verdict.reason;
        EXPECT_LT(error_of(i), 1.0) << i;  // errors add up from frame to frame
    }
}

TEST_F(SolveFrames, WrongHeadersOfAPointingAreReplacedAndRightOnesStay)
{
    for (int i = 0; i < 3; ++i) {
        add({150.0 + 0.02 * i, 30.0, 0.0}, true, "wrong");
        give_wcs({150.03 + 0.02 * i, 30.0, 1.0}, "header");
    }
    for (int i = 0; i < 3; ++i) {
        add({151.3 + 0.02 * i, 29.0, 0.0}, true, "right");
        give_wcs(places.back(), "header");
    }
    add({148.8, 31.2, 0.0}, false, "unknown");
    give_wcs(places.back(), "header");

    solve();

    for (std::size_t i = 0; i < 3; ++i) {
        EXPECT_NE(frames[i].header.wcs_origin, "header");
        EXPECT_LT(error_of(i), 0.1) << i;
    }
    for (std::size_t i = 3; i < frames.size(); ++i) {
        EXPECT_EQ(frames[i].header.wcs_origin, "header");
        EXPECT_TRUE(frames[i].verdict.accepted());
    }
}

TEST_F(SolveFrames, ADryRunChangesNothingOnDisk)
{
    config.dry_run = true;
    add({150.0, 30.0, 0.0});
    frames[0].stars.clear();
    std::string const other = scratch.file("out/.sectile/solve/of_a_running_job.wcs");
    if (world.is_root()) {
        std::filesystem::create_directories(std::filesystem::path(other).parent_path());
        std::ofstream(other).put('\n');
    }
    comm::barrier(world);

    solve();

    comm::barrier(world);
    EXPECT_TRUE(std::filesystem::exists(other));
    EXPECT_FALSE(std::filesystem::exists(scratch.file("out/solutions")));
    EXPECT_EQ(calls(), 0);
    EXPECT_EQ(frames[0].verdict.reason, test::no_wcs_yet) << "headers alone judge nobody";
}

TEST_F(SolveFrames, TheSolversOwnFilesAreRemovedAtTheEnd)
{
    add({150.0, 30.0, 0.0});

    solve();

    comm::barrier(world);
    EXPECT_TRUE(std::filesystem::exists(scratch.file("out/solutions")));
    EXPECT_FALSE(std::filesystem::exists(scratch.file("out/.sectile/solve")));
}

TEST_F(SolveFrames, TooFewStarsAreSaidSo)
{
    add({150.0, 30.0, 0.0});
    frames[0].stars.resize(2);

    solve();

    EXPECT_NE(frames[0].verdict.reason.find("2 stars"), std::string::npos)
        << frames[0].verdict.reason;
}
}  // namespace
}  // namespace sectile::pipeline
