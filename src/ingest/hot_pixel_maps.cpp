// SPDX-License-Identifier: BSD-3-Clause
#include "sectile/ingest/hot_pixel_maps.hpp"

#include <algorithm>
#include <iterator>
#include <tuple>
#include <utility>

#include <fmt/format.h>

#include "sectile/comm/share.hpp"
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

using Defects = std::vector<compute::DefectPosition>;

/// Rank 0: hot pixels of every camera.
std::map<std::string, Defects> decide(std::vector<HotPixelVotes::Vote> votes)
{
    sort_votes(votes);
    std::map<std::string, Defects> hot;
    for (auto first = votes.begin(); first != votes.end();) {
        auto const last = std::find_if(
            first, votes.end(), [&](auto const& vote) { return vote.camera != first->camera; });
        std::vector<std::vector<compute::HotCandidate>> frames;
        for (auto vote = first; vote != last; ++vote) {
            frames.push_back(std::move(vote->candidates));
        }
        Defects defects = compute::persistent_hot_pixels(frames);
        core::log_world(core::LogLevel::info,
                        fmt::format("{} hot pixels of camera {} from {} frames", defects.size(),
                                    first->camera, frames.size()));
        hot.emplace(first->camera, std::move(defects));
        first = last;
    }
    return hot;
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
    for (auto& part : comm::gather_values(comm, votes.take())) {
        std::ranges::move(part, std::back_inserter(all));
        part = {};
    }
    HotPixelMaps maps;
    for (auto& [camera, defects] :
         comm::broadcast_made(comm, "finding hot pixels", [&] { return decide(std::move(all)); })) {
        maps[camera] = std::make_shared<Defects const>(std::move(defects));
    }
    return maps;
}
}  // namespace sectile::ingest
