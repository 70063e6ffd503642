// SPDX-License-Identifier: BSD-3-Clause
#include "pipeline/star_travel.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <tuple>
#include <utility>

#include "sectile/comm/share.hpp"

namespace sectile::pipeline
{
namespace
{
using plan::FrameRecord;
using plan::FrameStar;

/// The stars of one frame on their way to all ranks.
struct FrameStars
{
    std::size_t frame = 0;
    std::vector<FrameStar> stars;
};
auto fields(FrameStars& stars)
{
    return std::tie(stars.frame, stars.stars);
}

/// How many stars of a frame a rank has.
struct StarCount
{
    std::uint32_t frame = 0;
    std::uint32_t stars = 0;
};
auto fields(StarCount& count)
{
    return std::tie(count.frame, count.stars);
}

/// Who has how many stars of a frame; rank -1: nobody.
struct Held
{
    int rank = -1;
    std::uint32_t stars = 0;
};

/// Of each frame; the rank that needs its stars where that has them already.
std::vector<Held> find_holders(comm::Communicator const& comm,
                               std::vector<FrameRecord> const& frames,
                               std::function<int(std::size_t)> const& needed_by)
{
    std::vector<StarCount> own;
    for (std::size_t i = 0; i < frames.size(); ++i) {
        if (!frames[i].stars.empty()) {
            own.push_back({static_cast<std::uint32_t>(i),
                           static_cast<std::uint32_t>(frames[i].stars.size())});
        }
    }
    std::vector<Held> held(frames.size());
    comm::for_each_value(comm, std::move(own), [&](std::vector<StarCount> const& part, int rank) {
        for (StarCount const& each : part) {
            Held& known = held[each.frame];
            if (known.rank < 0 || rank == needed_by(each.frame)) {
                known = {rank, each.stars};
            }
        }
    });
    return held;
}
}  // namespace

std::vector<FrameRecord> gather_records(comm::Communicator const& comm,
                                        std::vector<FrameRecord> own, std::size_t expected)
{
    std::vector<std::vector<FrameStar>> stars;
    stars.reserve(own.size());
    for (FrameRecord& frame : own) {
        stars.push_back(std::exchange(frame.stars, {}));
    }
    std::vector<FrameRecord> all;
    all.reserve(expected);
    comm::for_each_value(comm, std::move(own), [&](std::vector<FrameRecord> part, int rank) {
        for (std::size_t i = 0; i < part.size(); ++i) {
            all.push_back(std::move(part[i]));
            all.back().id = core::FrameId{static_cast<std::uint32_t>(all.size() - 1)};
            if (rank == comm.rank()) {
                all.back().stars = std::move(stars[i]);
            }
        }
    });
    return all;
}

SharedStars::SharedStars(comm::Communicator const& comm, std::vector<FrameRecord>& frames)
    : frames_(frames)
{
    if (comm.size() == 1) {
        return;
    }
    std::vector<FrameStars> own;
    for (std::size_t i = 0; i < frames.size(); ++i) {
        if (!frames[i].stars.empty()) {
            own.push_back({i, frames[i].stars});
        }
    }
    comm::for_each_value(comm, std::move(own), [&](std::vector<FrameStars> part, int rank) {
        for (FrameStars& each : part) {
            if (rank != comm.rank() && frames[each.frame].stars.empty()) {
                frames[each.frame].stars = std::move(each.stars);
                lent_.push_back(each.frame);
            }
        }
    });
}

SharedStars::~SharedStars()
{
    for (std::size_t const frame : lent_) {
        frames_[frame].stars = {};
    }
}

void send_stars(comm::Communicator const& comm, std::vector<FrameRecord>& frames,
                std::function<int(std::size_t)> const& needed_by)
{
    if (comm.size() == 1) {
        return;
    }
    std::vector<Held> const held = find_holders(comm, frames, needed_by);
    auto const ranks = static_cast<std::size_t>(comm.size());
    // Messages between two ranks are told apart by their order, which both know.
    std::vector<int> sent(ranks, 0);
    std::vector<int> received(ranks, 0);
    std::vector<comm::OutgoingMessage> outgoing;
    std::vector<comm::IncomingMessage> incoming;
    for (std::size_t i = 0; i < frames.size(); ++i) {
        int const from = held[i].rank;
        int const to = needed_by(i);
        if (from < 0 || to < 0 || from == to) {
            continue;
        }
        std::vector<FrameStar>& stars = frames[i].stars;
        if (from == comm.rank()) {
            outgoing.push_back(
                {to, sent[static_cast<std::size_t>(to)]++, std::as_bytes(std::span(stars))});
        } else if (to == comm.rank()) {
            stars.resize(held[i].stars);
            incoming.push_back({from, received[static_cast<std::size_t>(from)]++,
                                std::as_writable_bytes(std::span(stars))});
        }
    }
    comm::Exchange exchange(comm, outgoing, incoming);
    exchange.wait();
}
}  // namespace sectile::pipeline
