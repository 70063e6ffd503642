// SPDX-License-Identifier: BSD-3-Clause
// The search for WCSs without ranks, files or programs: what it asks for, and what it makes of what
// it is told.
#include <algorithm>
#include <iterator>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "sectile/astrometry/wcs_search.hpp"
#include "sectile/comm/wire.hpp"
#include "sectile/core/error.hpp"

#include "support/star_frames.hpp"

namespace sectile::astrometry
{
namespace
{
using plan::FrameRecord;
using test::Place;
using enum SearchStep;
using Frames = std::vector<std::size_t>;

/// What the solver says of frames, by their ids, and what it was asked.
struct SolverDesk
{
    std::map<std::uint32_t, sky::WcsDescription> solutions;
    bool is_missing = false;
    std::vector<std::uint32_t> asked;
    SolveRequest last;
};

class DeskSolver final : public PlateSolver
{
  public:
    explicit DeskSolver(SolverDesk& desk) : desk_(desk) {}
    [[nodiscard]] std::string name() const override { return "desk"; }
    [[nodiscard]] SolveOutcome solve(SolveRequest const& request) const override
    {
        std::uint32_t const id = request.frame->id.value;
        desk_.asked.push_back(id);
        desk_.last = request;
        if (desk_.is_missing) {
            return {.wcs = {}, .reason = "no such program", .is_solver_missing = true};
        }
        auto const found = desk_.solutions.find(id);
        return found == desk_.solutions.end() ? SolveOutcome{.wcs = {}, .reason = "not solved"}
                                              : SolveOutcome{.wcs = found->second, .reason = {}};
    }

  private:
    SolverDesk& desk_;
};

class Archive final : public EarlierSolutions
{
  public:
    std::map<std::string, sky::WcsDescription> solutions;  ///< by path

    [[nodiscard]] std::optional<sky::WcsDescription> find(
        sky::FrameHeader const& header, sky::WcsLimits const& /*limits*/) const override
    {
        auto const found = solutions.find(header.path);
        return found == solutions.end() ? std::nullopt : std::optional(found->second);
    }
};

class Searches : public ::testing::Test
{
  protected:
    /// A round that was asked for.
    struct Asked
    {
        SearchStep step;
        Frames frames;
        friend bool operator==(Asked const&, Asked const&) = default;
    };

    /// Adds a frame without a WCS that the solver knows when `solvable`.
    void add(Place const& place, bool solvable = true, std::string const& folder = "night")
    {
        std::size_t const index = frames.size();
        frames.push_back(test::frame_without_wcs(
            index, "/" + folder + "/frame_" + std::to_string(index) + ".fits", place));
        places.push_back(place);
        if (solvable) {
            desk.solutions[frames.back().id.value] = test::wcs_at(place);
        }
    }
    /// Stars that no other frame shows.
    void show_other_stars(std::size_t frame)
    {
        frames[frame].stars = test::stars_at(places[frame], test::make_sky(1000 + frame), frame);
    }

    [[nodiscard]] WcsSearch make_search()
    {
        return {
            frames, options,
            options.program == SolverChoice::none ? nullptr : std::make_unique<DeskSolver>(desk),
            archive};
    }

    /// To the end; tasks run last to first when `backwards`, and are told in their order.
    void run(WcsSearch& search, bool backwards = false)
    {
        while (auto const round = search.next_round()) {
            Asked asked{round->step, {}};
            std::vector<Finding> findings(round->tasks.size());
            for (std::size_t i = 0; i < findings.size(); ++i) {
                std::size_t const task = backwards ? findings.size() - 1 - i : i;
                findings[task] = search.work_on(*round, task);
                asked.frames.push_back(round->tasks[i].frame);
            }
            rounds.push_back(asked);
            search.tell(*round, findings);
        }
        notes = search.take_notes();
        left = search.quarantine_rest();
    }
    void run()
    {
        WcsSearch search = make_search();
        run(search);
        counts = search.counts();
        settled = search.take_settled();
    }

    [[nodiscard]] std::vector<SearchStep> steps() const
    {
        std::vector<SearchStep> all;
        std::ranges::transform(rounds, std::back_inserter(all), &Asked::step);
        return all;
    }

    SearchOptions options{.program = SolverChoice::solve_field, .limits = {}, .folder = "/solve"};
    std::vector<FrameRecord> frames;
    std::vector<Place> places;
    SolverDesk desk;
    Archive archive;
    std::vector<Asked> rounds;
    std::vector<std::string> notes;
    Frames left;
    Frames settled;
    SearchCounts counts;
};

TEST_F(Searches, NothingIsAskedWhereAllIsKnown)
{
    add({});
    test::give_wcs(frames[0], places[0], "sidecar");

    WcsSearch search = make_search();

    EXPECT_FALSE(search.is_needed());
    EXPECT_FALSE(search.next_round());
}

TEST_F(Searches, APointingIsSolvedAveragedAndTied)
{
    for (int i = 0; i < 7; ++i) {
        add({150.0 + 0.02 * i, 30.0 - 0.01 * i, 3.0 * i});
    }

    run();

    std::vector<Asked> const expected{{reuse_kept, {0, 1, 2, 3, 4, 5, 6}},
                                      {solve, {0, 2, 3, 4, 6}},
                                      {average, {3}},
                                      {tie_to_average, {0, 2, 4, 6}},
                                      {tie_in_clusters, {1, 5}}};
    EXPECT_EQ(rounds, expected);
    EXPECT_EQ(counts.solved, 5U);
    EXPECT_EQ(counts.tied, 2U);
    for (std::size_t i = 0; i < frames.size(); ++i) {
        ASSERT_TRUE(frames[i].verdict.accepted()) << frames[i].verdict.reason;
        EXPECT_LT(test::corner_error(frames[i], places[i]), 0.1) << i;
    }
    EXPECT_EQ(frames[3].header.wcs_origin, "solved: desk");
    EXPECT_EQ(frames[2].header.wcs_origin, "solved: desk, tied to frame_3.fits");
    EXPECT_TRUE(frames[1].header.wcs_origin.starts_with("tied to frame_"));
    EXPECT_TRUE(left.empty());
    EXPECT_TRUE(notes.empty());
    std::ranges::sort(settled);
    EXPECT_EQ(settled, (Frames{0, 1, 2, 3, 4, 5, 6}));
}

TEST_F(Searches, FramesAreTiedInsideTheirClusterBeforeAcross)
{
    options.program = SolverChoice::none;
    add({150.0, 30.0, 0.0}, false, "first");
    test::give_wcs(frames[0], places[0], "sidecar");
    add({150.02, 30.0, 0.0}, false, "first");
    add({150.0, 30.02, 0.0}, false, "second");

    run();

    std::vector<Asked> const expected{{tie_in_clusters, {1}}, {tie_anywhere, {2}}};
    EXPECT_EQ(rounds, expected);
    EXPECT_EQ(counts.tied, 2U);
    EXPECT_TRUE(left.empty());
}

TEST_F(Searches, ATiedFrameIsAReferenceForTheNextRound)
{
    // A row of pointings: each overlaps its neighbours only.
    options.program = SolverChoice::none;
    for (int i = 0; i < 4; ++i) {
        add({149.0 + 0.5 * i, 30.0, 0.0}, false, "pointing_" + std::to_string(i));
    }
    test::give_wcs(frames[0], places[0], "sidecar");

    run();

    EXPECT_TRUE(left.empty());
    EXPECT_EQ(frames[3].header.wcs_origin, "tied to frame_2.fits");
    std::vector<Asked> const expected{
        {tie_anywhere, {1, 2, 3}}, {tie_anywhere, {2, 3}}, {tie_anywhere, {3}}};
    EXPECT_EQ(rounds, expected);
}

TEST_F(Searches, CamerasAreNotMixed)
{
    options.program = SolverChoice::none;
    add({});
    test::give_wcs(frames[0], places[0], "sidecar");
    add({});
    frames[1].header.facts.instrument = "another";

    run();

    EXPECT_TRUE(rounds.empty());
    EXPECT_EQ(left, (Frames{1}));
    EXPECT_NE(frames[1].verdict.reason.find("no frame with a WCS that it could be tied to"),
              std::string::npos);
    EXPECT_NE(frames[1].verdict.reason.find("choose a --solver"), std::string::npos);
}

TEST_F(Searches, ASolverThatIsMissingIsGivenUpOnce)
{
    desk.is_missing = true;
    for (int i = 0; i < 12; ++i) {
        add({150.0 + 0.02 * i, 30.0, 0.0});
    }

    run();

    EXPECT_EQ(desk.asked.size(), 5U);
    ASSERT_EQ(notes.size(), 1U);
    EXPECT_NE(notes[0].find("no such program"), std::string::npos);
    EXPECT_EQ(left.size(), frames.size());
    std::string const& reason = frames[desk.asked[0]].verdict.reason;
    EXPECT_EQ(frames[desk.asked[0]].verdict.code, plan::VerdictCode::no_wcs) << reason;
    EXPECT_NE(reason.find("no such program"), std::string::npos) << reason;
}

TEST_F(Searches, FifteenFailuresEndACluster)
{
    for (int i = 0; i < 30; ++i) {
        add({}, false, "hopeless");
        frames.back().stars.resize(12);
    }
    for (int i = 0; i < 2; ++i) {
        add({151.0, 29.0, 0.0}, true, "good");
    }

    run();

    auto const hopeless = std::ranges::count_if(desk.asked, [](auto id) { return id < 30; });
    EXPECT_EQ(hopeless, 15);
    EXPECT_EQ(counts.solved, 2U);
    EXPECT_EQ(left.size(), 30U);
    EXPECT_NE(frames[desk.asked[0]].verdict.reason.find("not solved"), std::string::npos);
}

TEST_F(Searches, EverySuccessBuysFourMoreFailures)
{
    // 4 or 5 of the first 5 are solved, and nobody can be tied to them. After rounds of 5, 10 and
    // 20 frames 31 have failed, as many as 15 + 4 * 4, or 30, which is less than 15 + 4 * 5.
    std::vector<std::uint32_t> const first{8, 24, 40, 56, 72};
    for (std::size_t const successes : {4U, 5U}) {
        frames.clear();
        places.clear();
        desk = {};
        for (std::size_t i = 0; i < 80; ++i) {
            add({}, false);
            show_other_stars(i);
            frames[i].stars.resize(12);
        }
        for (std::size_t i = 0; i < successes; ++i) {
            desk.solutions[first[i]] = test::wcs_at(places[first[i]]);
        }

        run();

        EXPECT_EQ(counts.solved, successes);
        EXPECT_EQ(desk.asked.size(), successes == 4 ? 35U : 75U);
        EXPECT_EQ(std::set(desk.asked.begin(), desk.asked.end()).size(), desk.asked.size())
            << "nobody is asked for twice";
    }
}

TEST_F(Searches, WrongHeadersOfAPointingAreReplacedAndRightOnesStay)
{
    for (int i = 0; i < 3; ++i) {
        add({150.0 + 0.02 * i, 30.0, 0.0}, true, "wrong");
        test::give_wcs(frames.back(), {150.03 + 0.02 * i, 30.0, 1.0}, "header");
    }
    for (int i = 0; i < 3; ++i) {
        add({151.3 + 0.02 * i, 29.0, 0.0}, true, "right");
        test::give_wcs(frames.back(), places.back(), "header");
    }

    run();

    EXPECT_EQ(rounds[1], (Asked{check_headers, {1, 4}}));
    EXPECT_EQ(rounds[2], (Asked{solve, {0, 1, 2}}));
    EXPECT_EQ(counts.replaced, 3U);
    EXPECT_EQ(counts.solved, 3U);
    ASSERT_EQ(notes.size(), 1U);
    EXPECT_NE(notes[0].find("frame_1.fits"), std::string::npos) << notes[0];
    EXPECT_NE(notes[0].find("3 frames"), std::string::npos) << notes[0];
    for (std::size_t i = 0; i < frames.size(); ++i) {
        EXPECT_TRUE(frames[i].verdict.accepted());
        EXPECT_EQ(frames[i].header.wcs_origin == "header", i >= 3) << i;
        EXPECT_LT(test::corner_error(frames[i], places[i]), 0.1) << i;
    }
}

TEST_F(Searches, AHeaderIsWrongFromOneAndAHalfArcsecOn)
{
    // Two pixels are 6 arcsec here: the smaller of the two limits counts.
    for (double const arcsec : {1.4, 1.6}) {
        add({150.0, 30.0, 0.0}, true, arcsec < 1.5 ? "right" : "wrong");
        test::give_wcs(frames.back(), {150.0, 30.0 + arcsec / 3600.0, 0.0}, "header");
    }

    run();

    EXPECT_EQ(frames[0].header.wcs_origin, "header");
    EXPECT_EQ(frames[1].header.wcs_origin, "solved: desk");
    EXPECT_EQ(counts.replaced, 1U);
}

TEST_F(Searches, HeadersThatTwoFramesCannotConfirmAreBelieved)
{
    for (int i = 0; i < 5; ++i) {
        add({150.0 + 0.02 * i, 30.0, 0.0}, false);
        test::give_wcs(frames.back(), places.back(), "header");
    }

    run();

    EXPECT_EQ(steps(), (std::vector{reuse_kept, check_headers, check_headers}));
    EXPECT_EQ(desk.asked.size(), 2U);
    EXPECT_NE(desk.asked[0], desk.asked[1]);
    ASSERT_EQ(notes.size(), 1U);
    EXPECT_NE(notes[0].find("5 frames could not be checked"), std::string::npos) << notes[0];
    EXPECT_NE(notes[0].find("not solved"), std::string::npos) << notes[0];
    EXPECT_TRUE(left.empty());
}

TEST_F(Searches, AWrongHeaderThatNothingReplacesIsTheReason)
{
    add({});
    test::give_wcs(frames[0], {150.3, 30.0, 0.0}, "header");
    WcsSearch search = make_search();
    auto const kept = search.next_round();
    search.tell(*kept, {search.work_on(*kept, 0)});
    auto const check = search.next_round();
    search.tell(*check, {search.work_on(*check, 0)});
    desk.solutions.clear();

    run(search);

    EXPECT_EQ(left, (Frames{0}));
    EXPECT_TRUE(frames[0].verdict.reason.starts_with("the WCS in the header is wrong"))
        << frames[0].verdict.reason;
}

TEST_F(Searches, KeptSolutionsAreReusedAndNotKeptAgain)
{
    for (int i = 0; i < 3; ++i) {
        add({150.0 + 0.02 * i, 30.0, 0.0});
        archive.solutions[frames.back().header.path] = test::wcs_at(places.back());
    }

    run();

    EXPECT_EQ(steps(), (std::vector{reuse_kept}));
    EXPECT_EQ(counts.reused, 3U);
    EXPECT_TRUE(desk.asked.empty());
    EXPECT_TRUE(settled.empty());
    EXPECT_EQ(frames[0].header.wcs_origin, "kept solution of an earlier run");
    EXPECT_FALSE(frames[0].footprint.edge.empty());
}

TEST_F(Searches, WithoutASolverTheArchiveIsNotAsked)
{
    options.program = SolverChoice::none;
    add({});
    archive.solutions[frames[0].header.path] = test::wcs_at(places[0]);

    run();

    EXPECT_TRUE(rounds.empty());
    EXPECT_EQ(left, (Frames{0}));
}

TEST_F(Searches, ANeighboursScaleLimitsTheSolver)
{
    add({150.0, 30.0, 0.0}, false);
    test::give_wcs(frames[0], places[0], "sidecar");
    add({150.02, 30.0, 0.0});
    show_other_stars(1);
    frames[1].header.facts.ra_hint = 150.0;
    frames[1].header.facts.dec_hint = 30.0;
    frames[0].header.facts = frames[1].header.facts;

    run();

    ASSERT_EQ(desk.asked, (std::vector<std::uint32_t>{1}));
    EXPECT_NEAR(desk.last.min_scale.arcsec(), test::frame_scale / 1.25, 1e-3);
    EXPECT_NEAR(desk.last.max_scale.arcsec(), test::frame_scale * 1.25, 1e-3);
    EXPECT_EQ(desk.last.folder, "/solve");
    ASSERT_TRUE(desk.last.hint);
    EXPECT_DOUBLE_EQ(desk.last.hint->lon.degrees(), 150.0);
}

TEST_F(Searches, WithoutAnyScaleTheLimitsOfTheUserHold)
{
    options.limits.max_scale = core::Angle::from_arcsec(7.0);
    add({});

    run();

    EXPECT_DOUBLE_EQ(desk.last.min_scale.arcsec(), options.limits.min_scale.arcsec());
    EXPECT_DOUBLE_EQ(desk.last.max_scale.arcsec(), 7.0);
}

TEST_F(Searches, ASolutionOutsideTheLimitsIsRefused)
{
    options.limits.max_scale = core::Angle::from_arcsec(2.0);
    add({});

    run();

    EXPECT_EQ(counts.solved, 0U);
    EXPECT_EQ(left, (Frames{0}));
    EXPECT_TRUE(frames[0].header.wcs.cards.empty());
}

TEST_F(Searches, CardsThatAreNoWcsAreAFailure)
{
    add({});
    desk.solutions[0].cards = test::card("CTYPE1  = 'LINEAR'");

    run();

    EXPECT_EQ(left, (Frames{0}));
    EXPECT_FALSE(frames[0].verdict.accepted());
}

TEST_F(Searches, FramesWithoutStarsAreNeverSolvedOrTied)
{
    add({});
    add({});
    frames[0].stars.clear();
    frames[1].stars.resize(3);

    run();

    EXPECT_EQ(desk.asked, (std::vector<std::uint32_t>{1}));
    EXPECT_NE(frames[0].verdict.reason.find("0 stars, too few"), std::string::npos);
}

TEST_F(Searches, HeadersAloneJudgeNobody)
{
    options.headers_only = true;
    add({});
    frames[0].stars.clear();
    add({});
    frames[1].stars.clear();
    test::give_wcs(frames[1], places[1], "header");
    WcsSearch search(frames, options, nullptr, archive);

    run(search);

    EXPECT_EQ(steps(), (std::vector{reuse_kept}));
    EXPECT_TRUE(left.empty());
    EXPECT_TRUE(notes.empty());
    EXPECT_EQ(frames[0].verdict.code, plan::VerdictCode::no_wcs);
    EXPECT_EQ(frames[0].verdict.reason, test::no_wcs_yet);
    EXPECT_TRUE(frames[1].verdict.accepted());
}

TEST_F(Searches, TheOrderOfTheWorkDoesNotMatter)
{
    for (int i = 0; i < 9; ++i) {
        add({150.0 + 0.02 * i, 30.0 - 0.01 * i, 3.0 * i}, i % 3 != 0);
    }
    std::vector<FrameRecord> const before = frames;
    run();
    auto const once = comm::to_bytes(frames);
    std::vector<Asked> const first = rounds;
    frames = before;
    rounds.clear();
    WcsSearch search = make_search();

    run(search, true);

    EXPECT_EQ(comm::to_bytes(frames), once);
    EXPECT_EQ(rounds, first);
}

TEST_F(Searches, FindingsMustBeThoseThatWereAskedFor)
{
    add({150.0, 30.0, 0.0});
    add({150.02, 30.0, 0.0});
    WcsSearch search = make_search();
    auto const round = search.next_round();
    std::vector<Finding> findings{search.work_on(*round, 0), search.work_on(*round, 1)};

    EXPECT_THROW((void)search.next_round(), core::InternalError) << "before it was told";
    EXPECT_THROW(search.tell(*round, {findings[0]}), core::InternalError);
    EXPECT_THROW(search.tell(*round, {findings[1], findings[0]}), core::InternalError);
    EXPECT_THROW(search.quarantine_rest(), core::InternalError) << "before the end";
    search.tell(*round, findings);
    EXPECT_THROW(search.tell(*round, findings), core::InternalError) << "twice";
}
}  // namespace
}  // namespace sectile::astrometry
