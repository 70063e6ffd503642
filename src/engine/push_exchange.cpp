// SPDX-License-Identifier: BSD-3-Clause
#include "engine/push_exchange.hpp"

#include <algorithm>
#include <span>

#include "engine/strip_loader.hpp"

namespace sectile::engine
{
namespace
{
/// Plane group `which` (0 value, 1 weight, 2 coverage, 3 noise) of a block's samples.
template <class T>
image::ImageView<T> plane_group(T* samples, core::Box const& box, int planes, int which)
{
    std::ptrdiff_t const plane = box.width() * box.height();
    return {samples + which * planes * plane, box, planes, box.width(), plane};
}

/// Rejection compares samples with their noise: where that differs from pixel to pixel it has to
/// travel with them. Both sides must come to the same answer, hence from the input alone (compare
/// compute::has_varying_noise).
bool noise_travels(CoaddJob const& job, CoaddInput const& input)
{
    bool const varies =
        job.recipe.resample.flux_mode == compute::FluxMode::flux ||
        std::ranges::any_of(input.noise_sigma, [](double sigma) { return !(sigma > 0.0); });
    return job.recipe.combine.rejection != compute::Rejection::none && varies;
}

std::size_t samples_of(CoaddJob const& job, CoaddInput const& input, core::Box const& box)
{
    int const groups = noise_travels(job, input) ? 4 : 3;
    return static_cast<std::size_t>(box.area() * job.planes * groups);
}
}  // namespace

PushRound::PushRound(CoaddJob const& job, Team const& team,
                     plan::Decomposition const& decomposition, std::size_t round,
                     CoaddStatistics& statistics)
    : job_(job), team_(team)
{
    int const self = team.comm.rank();
    for (int owner = 0; owner < team.comm.size(); ++owner) {
        core::Box const strip = decomposition.strip_of(round, owner);
        for (CoaddInput const* input : inputs_over(job, strip)) {
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
}

void PushRound::resample(Block& block, CoaddStatistics& statistics)
{
    block.samples.assign(samples_of(job_, *block.input, block.box), 0.0F);
    CoaddInput const* const inputs[] = {block.input};
    auto const loaded = load_windows(job_, inputs, block.box, *team_.runner, statistics);
    if (loaded.empty()) {
        return;
    }
    float* const data = block.samples.data();
    compute::SampleOutput out{plane_group(data, block.box, job_.planes, 0),
                              plane_group(data, block.box, job_.planes, 1),
                              plane_group(data, block.box, job_.planes, 2)};
    if (noise_travels(job_, *block.input)) {
        out.sigma = plane_group(data, block.box, job_.planes, 3);
    }
    team_.backend->resample(loaded.front()->window(), job_.recipe, out);
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
        block.samples.resize(samples_of(job_, *block.input, block.box));
        incoming.push_back({block.peer, static_cast<int>(block.input->id.value),
                            std::as_writable_bytes(std::span(block.samples))});
    }
    exchange_.emplace(team_.comm, outgoing, incoming);
}

void PushRound::wait(CoaddStatistics& statistics)
{
    exchange_->wait();
    statistics.bytes_sent += exchange_->bytes_sent();
    exchange_.reset();
    outgoing_.clear();
}

std::vector<compute::StripSource> PushRound::blocks() const
{
    std::vector<compute::StripSource> sources;
    sources.reserve(incoming_.size());
    for (Block const& block : incoming_) {
        float const* const data = block.samples.data();
        compute::SampleBlock samples{block.input->id,
                                     block.box,
                                     plane_group(data, block.box, job_.planes, 0),
                                     plane_group(data, block.box, job_.planes, 1),
                                     plane_group(data, block.box, job_.planes, 2),
                                     block.input->noise_sigma};
        if (noise_travels(job_, *block.input)) {
            samples.sigma = plane_group(data, block.box, job_.planes, 3);
        }
        sources.emplace_back(samples);
    }
    return sources;
}
}  // namespace sectile::engine
