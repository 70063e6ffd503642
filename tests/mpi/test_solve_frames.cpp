// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <numbers>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "sectile/core/hash.hpp"
#include "sectile/io/wcs_file.hpp"
#include "sectile/plan/footprint.hpp"
#include "sectile/sky/sky_wcs.hpp"

#include "pipeline/p1_solve.hpp"
#include "support/fake_solver.hpp"
#include "support/fits_card.hpp"
#include "support/mpi_scratch_folder.hpp"
#include "unit/core/pseudo_random.hpp"

namespace sectile::pipeline
{
namespace
{
using plan::FrameRecord;
using test::card;

constexpr int width = 1000;
constexpr int height = 800;
constexpr double scale = 3.0;  // arcsec

/// A frame's true place, and what it states.
struct Place
{
    double ra = 150.0;
    double dec = 30.0;
    double angle = 0.0;  ///< degrees
    bool distorted = false;
};

sky::WcsDescription wcs_at(Place const& place)
{
    double const angle = place.angle * std::numbers::pi / 180.0;
    double const step = scale / 3600.0;
    char const* const suffix = place.distorted ? "-SIP" : "";
    sky::WcsDescription wcs;
    wcs.cards = card(fmt::format("CTYPE1  = 'RA---TAN{}'", suffix)) +
                card(fmt::format("CTYPE2  = 'DEC--TAN{}'", suffix)) +
                card(fmt::format("CRVAL1  = {:.12f}", place.ra)) +
                card(fmt::format("CRVAL2  = {:.12f}", place.dec)) + card("CRPIX1  = 480.0") +
                card("CRPIX2  = 410.0") +
                card(fmt::format("CD1_1   = {:.15E}", -step * std::cos(angle))) +
                card(fmt::format("CD1_2   = {:.15E}", step * std::sin(angle))) +
                card(fmt::format("CD2_1   = {:.15E}", step * std::sin(angle))) +
                card(fmt::format("CD2_2   = {:.15E}", step * std::cos(angle)));
    if (place.distorted) {
        // 2 px in the corner, of no symmetry that a turn would keep.
        wcs.cards += card("A_ORDER = 2") + card("A_2_0   = 8E-6") + card("A_1_1   = 0") +
                     card("A_0_2   = 0") + card("B_ORDER = 2") + card("B_2_0   = 0") +
                     card("B_1_1   = 4E-6") + card("B_0_2   = 0");
    }
    wcs.width = width;
    wcs.height = height;
    return wcs;
}

/// The same 4000 stars for all frames, in 4 by 4 degrees.
std::vector<std::pair<sky::SkyCoord, double>> make_sky()
{
    PseudoRandom generator(7);
    std::vector<std::pair<sky::SkyCoord, double>> stars;
    for (int i = 0; i < 4000; ++i) {
        double const lon = 148.0 + 4.0 * generator.uniform(0.0, 1.0);
        double const lat = 28.0 + 4.0 * generator.uniform(0.0, 1.0);
        double const flux = std::pow(generator.uniform(1e-3, 1.0), -1.5);
        stars.push_back({{core::Angle::from_degrees(lon), core::Angle::from_degrees(lat)}, flux});
    }
    return stars;
}

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
        FrameRecord frame;
        frame.id = core::FrameId{static_cast<std::uint32_t>(index)};
        frame.header.path = path;
        frame.header.geometry.width = width;
        frame.header.geometry.height = height;
        frame.header.facts.instrument = "camera";
        frame.header.facts.ra_hint = place.ra + 0.1;
        frame.header.facts.dec_hint = place.dec - 0.1;
        frame.header.facts.mjd = 60000.0 + static_cast<double>(index) * 1e-3;
        frame.verdict = {plan::FrameState::quarantined, plan::no_wcs_reason};
        fill_stars(frame, place, index);
        if (world.is_root()) {
            std::filesystem::create_directories(scratch.file(folder));
            std::ofstream(path).put('\n');
            if (solvable) {
                io::write_wcs_file(scratch.file(name + ".wcs"), wcs_at(place));
            }
        }
        comm::barrier(world);
        frames.push_back(std::move(frame));
        places.push_back(place);
    }

    /// The last frame added has a WCS of its own.
    void give_wcs(Place const& place, std::string const& origin)
    {
        FrameRecord& frame = frames.back();
        frame.header.wcs = wcs_at(place);
        frame.header.wcs_origin = origin;
        frame.footprint = plan::footprint_of(sky::SkyWcs(frame.header.wcs));
        frame.verdict = {};
    }

    static void fill_stars(FrameRecord& frame, Place const& place, std::uint64_t seed)
    {
        static auto const sky_stars = make_sky();
        PseudoRandom generator(100 + seed);
        sky::SkyWcs const wcs(wcs_at(place));
        std::vector<std::pair<double, plan::FrameStar>> found;
        for (auto const& [direction, flux] : sky_stars) {
            sky::PixelPos const p = wcs.sky_to_pixel(direction);
            if (p.x > 0 && p.y > 0 && p.x < width - 1 && p.y < height - 1) {
                double const seen = flux * (1.0 + 0.1 * generator.normal());
                found.push_back({seen,
                                 {static_cast<float>(p.x + 0.05 * generator.normal()),
                                  static_cast<float>(p.y + 0.05 * generator.normal()),
                                  {static_cast<float>(seen), 0.0F, 0.0F}}});
            }
        }
        std::ranges::sort(found, std::greater{}, [](auto const& star) { return star.first; });
        for (std::size_t i = 0; i < std::min<std::size_t>(found.size(), 120); ++i) {
            frame.stars.push_back(found[i].second);
        }
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
        sky::SkyWcs const truth(wcs_at(places[i]));
        sky::SkyWcs const own(frames[i].header.wcs);
        double worst = 0.0;
        for (sky::PixelPos const p : {sky::PixelPos{0, 0}, sky::PixelPos{999, 0},
                                      sky::PixelPos{0, 799}, sky::PixelPos{999, 799}}) {
            worst = std::max(
                worst, plan::separation_of(own.pixel_to_sky(p), truth.pixel_to_sky(p)).arcsec());
        }
        return worst / scale;
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
