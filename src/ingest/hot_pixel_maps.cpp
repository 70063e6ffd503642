// SPDX-License-Identifier: BSD-3-Clause
#include "sectile/ingest/hot_pixel_maps.hpp"

#include <algorithm>
#include <filesystem>
#include <span>
#include <tuple>
#include <utility>

#include <fmt/format.h>

#include "sectile/comm/byte_stream.hpp"
#include "sectile/core/hash.hpp"
#include "sectile/core/log.hpp"
#include "sectile/source/camera.hpp"

namespace sectile::ingest
{
namespace
{
constexpr std::size_t enough_votes = 256;

void sort_votes(std::vector<HotPixelVotes::Vote>& votes)
{
    std::ranges::sort(votes, [](auto const& a, auto const& b) {
        return std::tie(a.camera, a.path, a.hdu) < std::tie(b.camera, b.path, b.hdu);
    });
}

std::vector<std::byte> packed(std::vector<HotPixelVotes::Vote> const& votes)
{
    comm::ByteWriter out;
    for (HotPixelVotes::Vote const& vote : votes) {
        out.text(vote.camera);
        out.text(vote.path);
        out.number(static_cast<std::uint64_t>(vote.hdu));
        out.array(vote.candidates);
    }
    return out.take();
}

std::vector<HotPixelVotes::Vote> unpacked(std::span<std::byte const> bytes)
{
    std::vector<HotPixelVotes::Vote> votes;
    for (comm::ByteReader in(bytes); !in.at_end();) {
        HotPixelVotes::Vote vote;
        vote.camera = in.text();
        vote.path = in.text();
        vote.hdu = static_cast<int>(in.number());
        vote.candidates = in.array<compute::HotCandidate>();
        votes.push_back(std::move(vote));
    }
    return votes;
}

/// Rank 0: hot pixels of every camera, packed.
std::vector<std::byte> decide(std::vector<HotPixelVotes::Vote> votes)
{
    sort_votes(votes);
    comm::ByteWriter out;
    for (auto first = votes.begin(); first != votes.end();) {
        auto const last = std::find_if(
            first, votes.end(), [&](auto const& vote) { return vote.camera != first->camera; });
        std::vector<std::vector<compute::HotCandidate>> frames;
        for (auto vote = first; vote != last; ++vote) {
            frames.push_back(std::move(vote->candidates));
        }
        auto const defects = compute::persistent_hot_pixels(frames);
        core::log_world(core::LogLevel::info,
                        fmt::format("{} hot pixels of camera {} from {} frames", defects.size(),
                                    first->camera, frames.size()));
        out.text(first->camera);
        out.array(defects);
        first = last;
    }
    return out.take();
}
}  // namespace

HotPixelVotes::HotPixelVotes(std::size_t frames_of_job)
    : one_in_(std::max<std::size_t>(1, frames_of_job / enough_votes))
{}

std::optional<HotPixelVotes::Vote> HotPixelVotes::vote_of(
    sky::FrameHeader const& header, std::vector<compute::HotCandidate> candidates) const
{
    // By name: the same frames whatever ranks and threads read them.
    core::ContentHash hash;
    hash.add(header.path).add(static_cast<std::uint64_t>(header.hdu));
    if (candidates.empty() || hash.value() % one_in_ != 0) {
        return std::nullopt;
    }
    return Vote{source::camera_of(header), header.path, header.hdu, std::move(candidates)};
}

void HotPixelVotes::add(Vote vote)
{
    votes_.push_back(std::move(vote));
}

std::vector<HotPixelVotes::Vote> HotPixelVotes::take()
{
    std::vector<Vote> taken = std::exchange(votes_, {});
    sort_votes(taken);
    return taken;
}

HotPixelMaps find_hot_pixels(HotPixelVotes& votes, comm::Communicator const& comm)
{
    std::vector<HotPixelVotes::Vote> all;
    for (auto& part : comm::gather(comm, packed(votes.take()))) {
        std::ranges::move(unpacked(part), std::back_inserter(all));
        part = {};
    }
    std::vector<std::byte> decided;
    comm::agree(comm, "finding hot pixels", [&] {
        if (comm.is_root()) {
            decided = decide(std::move(all));
        }
    });
    comm::broadcast(comm, decided);
    HotPixelMaps maps;
    for (comm::ByteReader in(decided); !in.at_end();) {
        std::string camera = in.text();
        maps[std::move(camera)] = std::make_shared<std::vector<compute::DefectPosition> const>(
            in.array<compute::DefectPosition>());
    }
    return maps;
}
}  // namespace sectile::ingest
