// SPDX-License-Identifier: BSD-3-Clause
#include "engine/strip_loader.hpp"

#include <utility>

#include "sectile/sky/make_grid_map.hpp"

namespace sectile::engine
{
compute::SourceWindow LoadedWindow::window() const
{
    compute::SourceWindow window;
    window.id = input->id;
    window.science = pixels.science.view();
    if (!pixels.weight.empty()) {
        window.weight = pixels.weight.view();
    }
    if (!pixels.coverage.empty()) {
        window.coverage = pixels.coverage.view();
    }
    if (!pixels.alpha.empty()) {
        window.alpha = pixels.alpha.view();
    }
    window.frame = input->pixels->bounds();
    window.map = &map;
    window.footprint = part;
    window.photometry = input->photometry;
    window.weight_scale = input->weight_scale;
    window.noise_sigma = input->noise_sigma;
    window.noise_covariance = input->noise_covariance;
    return window;
}

std::vector<PlacedSource const*> inputs_over(CoaddJob const& job, core::Box const& strip)
{
    std::vector<PlacedSource const*> result;
    for (PlacedSource const& input : job.inputs) {
        if (!input.footprint.clipped_to(strip).empty()) {
            result.push_back(&input);
        }
    }
    return result;
}

std::unique_ptr<LoadedWindow> load_window(CoaddJob const& job, PlacedSource const& input,
                                          core::Box const& strip)
{
    auto loaded = std::make_unique<LoadedWindow>();
    loaded->input = &input;
    loaded->part = input.footprint.clipped_to(strip);
    if (loaded->part.empty()) {
        return nullptr;
    }
    // A transform uses scratch inside the system it belongs to, hence a copy of the grid's for this
    // call.
    sky::SkyWcs const grid(*job.grid);
    sky::SkyWcs const source(*input.wcs);
    loaded->map = sky::make_grid_map(grid, source, loaded->part, input.map_spacing);
    core::Box const frame = input.pixels->bounds();
    int const margin = compute::kernel_margin(job.recipe.resample.kernel);
    // The source pixels asked for, without what lies so far outside that no kernel reaches the
    // frame.
    core::Box const asked =
        loaded->map.source_bounds(loaded->part).clipped_to(frame.grown_by(margin));
    if (asked.clipped_to(frame).empty() && asked.grown_by(margin).clipped_to(frame).empty()) {
        return nullptr;
    }
    loaded->pixels = input.pixels->read(asked.grown_by(margin));
    return loaded;
}

std::vector<std::unique_ptr<LoadedWindow>> load_windows(CoaddJob const& job,
                                                        std::span<PlacedSource const* const> inputs,
                                                        core::Box const& strip,
                                                        machine::TbbRunner& runner,
                                                        CoaddStatistics& statistics)
{
    std::vector<std::unique_ptr<LoadedWindow>> loaded(inputs.size());
    runner.for_each(inputs.size(), [&](std::size_t index, int /*worker*/) {
        loaded[index] = load_window(job, *inputs[index], strip);
    });
    std::erase(loaded, nullptr);
    for (auto const& window : loaded) {
        statistics.windows_read += 1;
        statistics.samples += static_cast<std::uint64_t>(window->part.area());
        statistics.bytes_read += window->pixels.science.bytes() + window->pixels.weight.bytes() +
                                 window->pixels.coverage.bytes() + window->pixels.alpha.bytes();
    }
    return loaded;
}
}  // namespace sectile::engine
