// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "sectile/comm/communicator.hpp"
#include "sectile/compute/hot_pixels.hpp"
#include "sectile/sky/frame_header.hpp"

namespace sectile::ingest
{
/// Candidates for hot pixels of the frames of this rank. Of very many frames some hundreds are
/// enough: a fixed choice of them votes, so that memory is bounded.
class HotPixelVotes
{
  public:
    explicit HotPixelVotes(std::size_t frames_of_job);

    /// The candidates of one frame.
    struct Vote
    {
        std::string camera;
        std::string path;
        int hdu = 0;
        std::vector<compute::HotCandidate> candidates;
    };

    /// The vote of a frame; none when it has no candidates or others stand for it. Any thread.
    [[nodiscard]] std::optional<Vote> vote_of(sky::FrameHeader const& header,
                                              std::vector<compute::HotCandidate> candidates) const;
    /// Once for each frame. Not thread-safe.
    void add(Vote vote);

    /// All of them, by camera, path and HDU; none stay.
    [[nodiscard]] std::vector<Vote> take();

  private:
    std::uint64_t one_in_;
    std::vector<Vote> votes_;
};

/// Hot pixels of each camera, ascending y, x.
using HotPixelMaps =
    std::map<std::string, std::shared_ptr<std::vector<compute::DefectPosition> const>>;

/// From the votes of all ranks, decided on rank 0. *Collective*; the same on every rank.
[[nodiscard]] HotPixelMaps find_hot_pixels(HotPixelVotes& votes, comm::Communicator const& comm);
}  // namespace sectile::ingest
