// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <cstddef>
#include <vector>

#include <gtest/gtest.h>

#include "sectile/comm/communicator.hpp"
#include "sectile/core/error.hpp"

#include "comm/message_set.hpp"

namespace sectile::comm
{
namespace
{
constexpr int messages_per_pair = 3;

/// Message `tag` from one rank to another; the size depends on all three and is sometimes zero.
std::vector<std::byte> message(int from, int to, int tag)
{
    std::size_t const size =
        tag == 1 ? 0
                 : 500 + 100 * static_cast<std::size_t>(from) + 13 * static_cast<std::size_t>(to);
    std::vector<std::byte> bytes(size);
    for (std::size_t i = 0; i < size; ++i) {
        bytes[i] = static_cast<std::byte>(
            (i + static_cast<std::size_t>(from * 7 + to * 31 + tag * 3)) % 253);
    }
    return bytes;
}

/// Every rank sends to every rank, itself included; receives are listed in the opposite order.
struct AllToAll
{
    explicit AllToAll(Communicator const& comm)
    {
        for (int other = 0; other < comm.size(); ++other) {
            for (int tag = 0; tag < messages_per_pair; ++tag) {
                sent.push_back(message(comm.rank(), other, tag));
                expected.push_back(message(other, comm.rank(), tag));
                received.emplace_back(expected.back().size(), std::byte{0xff});
            }
        }
        for (std::size_t i = 0; i < sent.size(); ++i) {
            int const other = static_cast<int>(i) / messages_per_pair;
            int const tag = static_cast<int>(i) % messages_per_pair;
            outgoing.push_back({other, tag, sent[i]});
            incoming.push_back({other, tag, received[i]});
        }
        std::reverse(incoming.begin(), incoming.end());
    }

    std::vector<std::vector<std::byte>> sent;
    std::vector<std::vector<std::byte>> expected;
    std::vector<std::vector<std::byte>> received;
    std::vector<OutgoingMessage> outgoing;
    std::vector<IncomingMessage> incoming;
};

TEST(Exchange, DeliversEveryMessageBetweenAllPairs)
{
    auto const world = Communicator::world();
    AllToAll messages(world);

    Exchange exchange(world, messages.outgoing, messages.incoming);
    exchange.wait();

    EXPECT_EQ(messages.received, messages.expected);
    std::uint64_t to_others = 0;
    for (OutgoingMessage const& out : messages.outgoing) {
        to_others += out.to == world.rank() ? 0 : out.bytes.size();
    }
    EXPECT_EQ(exchange.bytes_sent(), to_others);
}

TEST(Exchange, SplitMessagesArriveWhole)
{
    auto const world = Communicator::world();
    for (std::size_t const piece : {1UL, 64UL, 513UL}) {
        AllToAll messages(world);

        detail::MessageSet exchange(world, messages.outgoing, messages.incoming, piece);
        exchange.wait();

        EXPECT_EQ(messages.received, messages.expected) << "pieces of " << piece;
    }
}

TEST(Exchange, TwoUnderWayWithTheSameTagsDoNotMix)
{
    auto const world = Communicator::world();
    int const next = (world.rank() + 1) % world.size();
    int const previous = (world.rank() + world.size() - 1) % world.size();
    std::vector<std::byte> const first(100000, std::byte{1});
    std::vector<std::byte> const second(100000, std::byte{2});
    std::vector<std::byte> in_first(first.size());
    std::vector<std::byte> in_second(second.size());

    {
        Exchange const one(world, std::vector{OutgoingMessage{next, 5, first}},
                           std::vector{IncomingMessage{previous, 5, in_first}});
        Exchange const two(world, std::vector{OutgoingMessage{next, 5, second}},
                           std::vector{IncomingMessage{previous, 5, in_second}});
    }  // the end of an exchange waits for it

    EXPECT_EQ(in_first, first);
    EXPECT_EQ(in_second, second);
}

TEST(Exchange, AssignmentFinishesTheOneReplaced)
{
    auto const world = Communicator::world();
    AllToAll before(world);
    AllToAll after(world);

    Exchange exchange(world, before.outgoing, before.incoming);
    exchange = Exchange(world, after.outgoing, after.incoming);
    exchange.wait();

    EXPECT_EQ(before.received, before.expected);
    EXPECT_EQ(after.received, after.expected);
}

TEST(Exchange, NothingToDoIsDone)
{
    auto const world = Communicator::world();

    Exchange exchange(world, {}, {});
    exchange.wait();
    exchange.wait();

    EXPECT_EQ(exchange.bytes_sent(), 0U);
}

TEST(Exchange, AnErrorWhileMessagesAreUnderWayDeliversThemFirst)
{
    auto const world = Communicator::world();
    AllToAll messages(world);

    auto const fail = [&] {
        Exchange const exchange(world, messages.outgoing, messages.incoming);
        throw core::IoError("the disk is full");
    };

    EXPECT_THROW(fail(), core::IoError);
    EXPECT_EQ(messages.received, messages.expected);
}

TEST(Exchange, BrokenContractsAreRefusedBeforeAnythingIsSent)
{
    auto const world = Communicator::world();
    int const me = world.rank();
    std::vector<std::byte> const bytes(8);
    std::vector<std::byte> room(7);
    auto const make = [&](std::vector<OutgoingMessage> const& out,
                          std::vector<IncomingMessage> const& in) {
        Exchange const exchange(world, out, in);
    };

    EXPECT_THROW(make({{world.size(), 0, bytes}}, {}), core::InternalError);
    EXPECT_THROW(make({{me, 1 << 20, bytes}}, {}), core::InternalError);
    EXPECT_THROW(make({}, {{-1, 0, room}}), core::InternalError);
    EXPECT_THROW(make({{me, 0, bytes}}, {{me, 0, room}}), core::InternalError) << "sizes differ";
    EXPECT_THROW(make({{me, 0, bytes}}, {}), core::InternalError) << "not received";
    EXPECT_THROW(make({}, {{me, 0, room}}), core::InternalError) << "not sent";
}

TEST(Exchange, ShorterMessageThanExpectedIsAnError)
{
    auto const world = Communicator::world();
    if (world.size() < 2) {
        GTEST_SKIP() << "needs two ranks";
    }
    int const next = (world.rank() + 1) % world.size();
    int const previous = (world.rank() + world.size() - 1) % world.size();
    std::vector<std::byte> const bytes(8);
    std::vector<std::byte> room(9);

    Exchange exchange(world, std::vector{OutgoingMessage{next, 0, bytes}},
                      std::vector{IncomingMessage{previous, 0, room}});

    EXPECT_THROW(exchange.wait(), core::InternalError);
}

TEST(Exchange, NullCommunicatorCopiesToItself)
{
    std::vector<std::byte> const bytes = message(0, 0, 0);
    std::vector<std::byte> room(bytes.size());

    Exchange exchange({}, std::vector{OutgoingMessage{0, 9, bytes}},
                      std::vector{IncomingMessage{0, 9, room}});
    exchange.wait();

    EXPECT_EQ(room, bytes);
    EXPECT_EQ(exchange.bytes_sent(), 0U);
}
}  // namespace
}  // namespace sectile::comm
