// SPDX-License-Identifier: BSD-3-Clause
#include "engine/strip_maker.hpp"

#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

#include "engine/spilled_stack.hpp"
#include "engine/strip_loader.hpp"

namespace sectile::engine
{
namespace
{
using Windows = std::vector<std::unique_ptr<LoadedWindow>>;

std::vector<compute::StripSource> windows_of(Windows const& loaded)
{
    std::vector<compute::StripSource> sources;
    sources.reserve(loaded.size());
    for (auto const& window : loaded) {
        sources.emplace_back(window->window());
    }
    return sources;
}
}  // namespace

StripMaker::StripMaker(CoaddJob const& job, Team const& team, std::size_t batch,
                       Ladder const& ladder, CoaddStatistics& statistics)
    : job_(job),
      team_(team),
      batch_(ladder.is_slim() ? 1 : std::max<std::size_t>(1, batch)),
      ladder_(ladder),
      statistics_(statistics)
{}

StripPixels StripMaker::make(core::Box const& strip) const
{
    StripPixels result(strip, job_.planes, job_.rejection_maps);
    auto const inputs = inputs_over(job_, strip);
    if (job_.recipe.combine.is_running_mean()) {
        add_in_batches(inputs, strip, result);
    } else if (ladder_.is_spilling()) {
        combine_on_disk(job_, team_, ladder_.backend(), inputs, strip, result.output(),
                        statistics_);
    } else {
        auto const loaded = load_windows(job_, inputs, strip, *team_.runner, statistics_);
        ladder_.backend().combine(windows_of(loaded), job_.recipe, result.output());
    }
    return result;
}

/// Reads the next batch while the last one is added to the sums.
void StripMaker::add_in_batches(std::span<PlacedSource const* const> inputs, core::Box const& strip,
                                StripPixels& result) const
{
    compute::StripSums sums(strip, job_.planes, job_.recipe.output_weight);
    auto const load = [&](std::size_t first) {
        auto const part = inputs.subspan(std::min(first, inputs.size()));
        return load_windows(job_, part.first(std::min(batch_, part.size())), strip, *team_.runner,
                            statistics_);
    };
    Windows current = load(0);
    for (std::size_t next = batch_; !current.empty() || next < inputs.size(); next += batch_) {
        Windows following;
        machine::TbbRunner::Background reading(*team_.runner, [&] { following = load(next); });
        ladder_.backend().accumulate(windows_of(current), job_.recipe, sums);
        reading.wait();
        current = std::move(following);
    }
    ladder_.backend().finish(sums, result.output());
}

StripPixels StripMaker::make_from(PushRound const& round, core::Box const& strip) const
{
    StripPixels result(strip, job_.planes, job_.rejection_maps);
    auto const blocks = round.blocks();
    if (job_.recipe.combine.is_running_mean()) {
        compute::StripSums sums(strip, job_.planes, job_.recipe.output_weight);
        ladder_.backend().accumulate(blocks, job_.recipe, sums);
        ladder_.backend().finish(sums, result.output());
    } else {
        ladder_.backend().combine(blocks, job_.recipe, result.output());
    }
    return result;
}
}  // namespace sectile::engine
