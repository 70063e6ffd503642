// SPDX-License-Identifier: BSD-3-Clause
#include <new>
#include <stdexcept>
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
    core::ExitCode code = core::ExitCode::done;
    std::string text;
};

Outcome outcome_of(Communicator const& comm, std::function<void()> const& work)
{
    try {
        agree(comm, "master tiles", work);
        return {};
    } catch (core::StageFailed const& error) {
        return {true, error.code(), error.what()};
    }
}

TEST(Agreement, PassesWhenNoRankFails)
{
    auto const world = Communicator::world();
    int calls = 0;

    Outcome const outcome = outcome_of(world, [&] { ++calls; });

    EXPECT_FALSE(outcome.threw);
    EXPECT_EQ(calls, 1);
}

TEST(Agreement, EveryRankThrowsWhatTheLastRankMet)
{
    auto const world = Communicator::world();
    int const last = world.size() - 1;

    Outcome const outcome = outcome_of(world, [&] {
        if (world.rank() == last) {
            throw core::IoError("the disk is full");
        }
    });

    EXPECT_TRUE(outcome.threw);
    EXPECT_EQ(outcome.code, core::ExitCode::io_error);
    std::string const expected =
        world.size() == 1
            ? "the disk is full"
            : "stage 'master tiles' failed on rank " + std::to_string(last) + ": the disk is full";
    EXPECT_EQ(outcome.text, expected);
}

TEST(Agreement, WhatAllRanksSayIsSaidOnce)
{
    auto const world = Communicator::world();

    Outcome const outcome = outcome_of(world, [] { throw core::ConfigError("unknown option"); });

    EXPECT_EQ(outcome.text, "unknown option");
    EXPECT_EQ(outcome.code, core::ExitCode::usage);
}

TEST(Agreement, DifferentMessagesNameTheirRanks)
{
    auto const world = Communicator::world();
    if (world.size() == 1) {
        GTEST_SKIP() << "one rank cannot differ from itself";
    }

    Outcome const outcome = outcome_of(world, [&] {
        if (world.rank() == 0) {
            throw core::InputError("no star");
        }
        throw core::IoError("rank " + std::to_string(world.rank()) + " cannot read");
    });

    EXPECT_EQ(outcome.code, core::ExitCode::no_usable_input);
    std::string const n = std::to_string(world.size());
    EXPECT_EQ(outcome.text.find("stage 'master tiles' failed on " + n + " of " + n +
                                " ranks: rank 0: no star | rank 1: rank 1 cannot read"),
              0U)
        << outcome.text;
}

TEST(Agreement, EqualMessagesAreQuotedOnceWithTheirRanks)
{
    auto const world = Communicator::world();
    if (world.size() < 3) {
        GTEST_SKIP() << "two ranks that fail and one that does not";
    }
    int const last = world.size() - 1;

    Outcome const outcome = outcome_of(world, [&] {
        if (world.rank() > 0) {
            throw core::IoError("the disk is full");
        }
    });

    EXPECT_EQ(outcome.text, "stage 'master tiles' failed on ranks 1-" + std::to_string(last) +
                                ": the disk is full");
    EXPECT_EQ(outcome.code, core::ExitCode::io_error);
}

TEST(Agreement, TheLastRankIsQuotedAmongManyThatSayTheSame)
{
    auto const world = Communicator::world();
    if (world.size() < 3) {
        GTEST_SKIP() << "the ranks differ in two ways";
    }
    int const last = world.size() - 1;

    Outcome const outcome = outcome_of(world, [&] {
        throw core::IoError(world.rank() == last ? "the disk is gone" : "the file is cut off");
    });

    std::string const n = std::to_string(world.size());
    EXPECT_EQ(outcome.text, "stage 'master tiles' failed on " + n + " of " + n +
                                " ranks: ranks 0-" + std::to_string(last - 1) +
                                ": the file is cut off | rank " + std::to_string(last) +
                                ": the disk is gone");
}

TEST(Agreement, ASpecificExitCodeComesBeforeAnInternalError)
{
    auto const world = Communicator::world();
    if (world.size() == 1) {
        GTEST_SKIP() << "one rank cannot differ from itself";
    }
    int const last = world.size() - 1;

    Outcome const outcome = outcome_of(world, [&] {
        if (world.rank() == 0) {
            throw core::InternalError("a contract was broken");
        }
        if (world.rank() == last) {
            throw core::IoError("the disk is full");
        }
    });

    EXPECT_EQ(outcome.code, core::ExitCode::io_error);
    std::string const n = std::to_string(world.size());
    EXPECT_EQ(outcome.text, "stage 'master tiles' failed on 2 of " + n + " ranks: rank " +
                                std::to_string(last) +
                                ": the disk is full | rank 0: a contract was broken");
}

TEST(Agreement, QuotesEveryExitCodeHoweverManyMessagesThereAre)
{
    auto const world = Communicator::world();
    if (world.size() == 1) {
        GTEST_SKIP() << "one rank cannot differ from itself";
    }
    bool const is_last = world.rank() == world.size() - 1;

    Outcome const outcome = outcome_of(world, [&] {
        if (is_last) {
            throw core::InternalError("a contract was broken");
        }
        throw core::IoError("cannot read file " + std::to_string(world.rank()));
    });

    EXPECT_NE(outcome.text.find("a contract was broken"), std::string::npos) << outcome.text;
    EXPECT_NE(outcome.text.find("cannot read file 0"), std::string::npos) << outcome.text;
    EXPECT_EQ(outcome.code, core::ExitCode::io_error);
}

TEST(Agreement, LongMessagesAreCut)
{
    auto const world = Communicator::world();

    Outcome const outcome = outcome_of(world, [&] {
        throw std::runtime_error(std::string(10000, 'x') + std::to_string(world.rank()));
    });

    // Cut at 4000 characters, before the ranks' texts differ.
    EXPECT_EQ(outcome.text, std::string(4000, 'x'));
    EXPECT_EQ(outcome.code, core::ExitCode::internal);
}

TEST(Agreement, ExhaustedMemoryAndForeignExceptionsCountAsFailures)
{
    auto const world = Communicator::world();

    Outcome const memory = outcome_of(world, [] { throw std::bad_alloc(); });
    Outcome const foreign = outcome_of(world, [] { throw 42; });

    EXPECT_EQ(memory.text, "not enough memory (an allocation was refused)");
    EXPECT_EQ(memory.code, core::ExitCode::internal);
    EXPECT_EQ(foreign.text, "unknown exception");
}

TEST(Agreement, InnerAgreementKeepsItsText)
{
    auto const world = Communicator::world();
    Outcome const direct = outcome_of(world, [&] {
        if (world.rank() == 0) {
            throw core::IoError("no");
        }
    });

    Outcome const nested = outcome_of(world, [&] {
        agree(world, "master tiles", [&] {
            if (world.rank() == 0) {
                throw core::IoError("no");
            }
        });
    });

    EXPECT_EQ(nested.text, direct.text);
    EXPECT_EQ(nested.code, core::ExitCode::io_error);
}

TEST(Agreement, NullCommunicatorThrowsTheMessageItself)
{
    Outcome const outcome = outcome_of({}, [] { throw core::IoError("the disk is full"); });

    EXPECT_EQ(outcome.text, "the disk is full");
    EXPECT_EQ(outcome.code, core::ExitCode::io_error);
}
}  // namespace
}  // namespace sectile::comm
