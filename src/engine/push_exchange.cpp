// SPDX-License-Identifier: BSD-3-Clause
#include "engine/push_exchange.hpp"

#include <span>

#include "engine/sample_planes.hpp"
#include "engine/strip_loader.hpp"

namespace sectile::engine
{
namespace
{
std::size_t samples_of(CoaddJob const& job, PlacedSource const& input, core::Box const& box)
{
    return static_cast<std::size_t>(box.area() * sample_planes(job, input));
}
}  // namespace

PushRound::PushRound(CoaddJob const& job, Team const& team, compute::Backend& backend,
                     plan::Decomposition const& decomposition, std::size_t round,
                     CoaddStatistics& statistics)
    : job_(job), team_(team), backend_(backend)
{
    int const self = team.comm.rank();
    for (int owner = 0; owner < team.comm.size(); ++owner) {
        core::Box const strip = decomposition.strip_of(round, owner);
        for (PlacedSource const* input : inputs_over(job, strip)) {
            Block block{input, owner, input->footprint.clipped_to(strip), {}};
            if (input->home == self) {
                outgoing_.push_back(block);
            }
            if (owner == self) {
                block.peer = input->home;
                incoming_.push_back(std::move(block));
            }
        }
    }
    for (Block& block : outgoing_) {
        resample(block, statistics);
    }
    // Taken here, where a lack of memory can still be told to the other ranks.
    for (Block& block : incoming_) {
        block.samples.resize(samples_of(job_, *block.input, block.box));
    }
}

void PushRound::resample(Block& block, CoaddStatistics& statistics)
{
    block.samples.assign(samples_of(job_, *block.input, block.box), 0.0F);
    PlacedSource const* const inputs[] = {block.input};
    auto const loaded = load_windows(job_, inputs, block.box, *team_.runner, statistics);
    if (loaded.empty()) {
        return;
    }
    resample_into(job_, backend_, *loaded.front(), block.samples.data());
}

void PushRound::start()
{
    std::vector<comm::OutgoingMessage> outgoing;
    for (Block const& block : outgoing_) {
        outgoing.push_back({block.peer, static_cast<int>(block.input->id.value),
                            std::as_bytes(std::span(block.samples))});
    }
    std::vector<comm::IncomingMessage> incoming;
    for (Block& block : incoming_) {
        incoming.push_back({block.peer, static_cast<int>(block.input->id.value),
                            std::as_writable_bytes(std::span(block.samples))});
    }
    exchange_.emplace(team_.comm, outgoing, incoming);
}

void PushRound::wait(CoaddStatistics& statistics)
{
    if (!exchange_) {
        return;
    }
    exchange_->wait();
    statistics.bytes_sent += exchange_->bytes_sent();
    exchange_.reset();
    outgoing_.clear();
}

void PushRound::wait_if(bool is_needed, CoaddStatistics& statistics)
{
    if (is_needed) {
        wait(statistics);
    }
}

std::vector<compute::StripSource> PushRound::blocks() const
{
    std::vector<compute::StripSource> sources;
    sources.reserve(incoming_.size());
    for (Block const& block : incoming_) {
        sources.emplace_back(sample_block(job_, *block.input, block.box, block.samples.data()));
    }
    return sources;
}
}  // namespace sectile::engine
