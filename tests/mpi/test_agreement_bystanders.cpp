// SPDX-License-Identifier: BSD-3-Clause
// Ranks that leave a stage because others failed: they are no cause, and nobody hears of them.
#include <string>

#include <gtest/gtest.h>

#include "sectile/comm/communicator.hpp"
#include "sectile/core/error.hpp"

namespace sectile::comm
{
namespace
{
struct Outcome
{
    bool threw = false;
    bool is_culprit = false;
    core::ExitCode code = core::ExitCode::done;
    std::string text;
};

template <class Work>
Outcome outcome_of(Communicator const& comm, Work const& work, std::string const& stage = "run")
{
    try {
        agree(comm, stage, work);
        return {};
    } catch (AgreedFailure const& failure) {
        return {true, failure.own_cause() != nullptr, failure.code(), failure.what()};
    }
}

/// Throws on the last rank; the others leave.
Ending fail_on_last(Communicator const& comm)
{
    if (comm.rank() == comm.size() - 1) {
        throw core::InputError("the disk is gone");
    }
    return Ending::left;
}

std::string failed_on_last(Communicator const& comm, std::string const& stage)
{
    return comm.size() == 1 ? "the disk is gone"
                            : "stage '" + stage + "' failed on rank " +
                                  std::to_string(comm.size() - 1) + ": the disk is gone";
}

TEST(Bystanders, PassWhenAllAreDone)
{
    EXPECT_FALSE(outcome_of(Communicator::world(), [] { return Ending::done; }).threw);
}

TEST(Bystanders, OnlyTheCulpritIsQuoted)
{
    auto const world = Communicator::world();

    Outcome const outcome = outcome_of(world, [&] { return fail_on_last(world); });

    EXPECT_EQ(outcome.text, failed_on_last(world, "run"));
    EXPECT_EQ(outcome.code, core::ExitCode::no_usable_input);
    EXPECT_EQ(outcome.is_culprit, world.rank() == world.size() - 1);
}

TEST(Bystanders, StaySoInAnEnclosingAgreement)
{
    auto const world = Communicator::world();

    Outcome const outcome = outcome_of(
        world, [&] { agree(world, "coadd", [&] { return fail_on_last(world); }); }, "assembly");

    // The stage is the one in which it happened.
    EXPECT_EQ(outcome.text, failed_on_last(world, "coadd"));
    EXPECT_EQ(outcome.code, core::ExitCode::no_usable_input);
    EXPECT_EQ(outcome.is_culprit, world.rank() == world.size() - 1);
}

TEST(Bystanders, CulpritsOfATeamAreNamedByTheirRankInTheWorld)
{
    auto const world = Communicator::world();
    if (world.size() < 3) {
        GTEST_SKIP() << "two teams, one of them with two ranks";
    }
    int const last = world.size() - 1;
    bool const is_in_team = world.rank() >= last - 1;
    Communicator const team = world.split(is_in_team ? 1 : 0);

    Outcome const outcome = outcome_of(
        world,
        [&] {
            agree(team, "tile", [&] { return is_in_team ? fail_on_last(team) : Ending::done; });
        },
        "master tiles");

    EXPECT_EQ(outcome.text, failed_on_last(world, "tile"));
    EXPECT_EQ(outcome.is_culprit, world.rank() == last);
}

TEST(Bystanders, ARankThatDidNotFailStandsByAnAgreementAmongOthers)
{
    auto const world = Communicator::world();
    if (world.size() < 3) {
        GTEST_SKIP() << "the culprit is not in the group that agrees last";
    }
    // The last rank fails for all; then all but the last agree among themselves.
    Communicator const others = world.split(world.rank() == world.size() - 1 ? 1 : 0);
    Outcome first;

    Outcome const second = outcome_of(others, [&] {
        first = outcome_of(world, [&] { return fail_on_last(world); });
        throw AgreedFailure(first.code, first.text, nullptr);
    });

    EXPECT_EQ(second.text, failed_on_last(world, "run"));
    EXPECT_EQ(second.code, core::ExitCode::no_usable_input);
    EXPECT_FALSE(second.is_culprit);
}

TEST(Bystanders, CausesOfDifferentStagesAreToldUnderTheOuterOne)
{
    auto const world = Communicator::world();
    if (world.size() < 2) {
        GTEST_SKIP() << "two ranks fail in different stages";
    }
    int const last = world.size() - 1;

    Outcome const outcome = outcome_of(
        world,
        [&] {
            Communicator const alone;
            if (world.rank() == 0) {
                agree(alone, "reading", [] { throw core::IoError("a"); });
            }
            if (world.rank() == last) {
                agree(alone, "writing", [] { throw core::IoError("b"); });
            }
            return Ending::left;
        },
        "assembly");

    EXPECT_EQ(outcome.text, "stage 'assembly' failed on 2 of " + std::to_string(world.size()) +
                                " ranks: rank 0: a | rank " + std::to_string(last) + ": b");
}

TEST(Bystanders, ThatNameNoCauseAreAnInternalError)
{
    auto const world = Communicator::world();

    Outcome const outcome = outcome_of(world, [] { return Ending::left; });

    EXPECT_TRUE(outcome.threw);
    EXPECT_EQ(outcome.code, core::ExitCode::internal);
    EXPECT_NE(outcome.text.find("no rank says why"), std::string::npos) << outcome.text;
}

TEST(FirstErrorOfARank, IsKept)
{
    FirstError error;
    error.guard([] {});
    EXPECT_FALSE(error.is_set());
    EXPECT_NO_THROW(error.rethrow());

    error.guard([] { throw core::IoError("first"); });
    error.guard([] { throw core::InputError("second"); });

    EXPECT_TRUE(error.is_set());
    EXPECT_THROW(error.rethrow(), core::IoError);
}

TEST(FirstErrorOfARank, IsItsOwnBeforeThatOfOthers)
{
    FirstError error;

    error.guard([] { throw AgreedFailure(core::ExitCode::io_error, "of others", nullptr); });
    error.guard([] { throw core::InputError("own"); });

    EXPECT_THROW(error.rethrow(), core::InputError);
}
}  // namespace
}  // namespace sectile::comm
