// SPDX-License-Identifier: BSD-3-Clause
#include "pipeline/p4_grid.hpp"

#include <fstream>
#include <iterator>

#include <fmt/format.h>

#include "sectile/core/error.hpp"
#include "sectile/core/log.hpp"

#include "pipeline/broadcast.hpp"

namespace sectile::pipeline
{
namespace
{
std::string read_whole_file(std::string const& path)
{
    std::ifstream in(path, std::ios::binary);
    if (!in) {
        throw core::ConfigError(core::sentence("the reference grid " + path + " cannot be read",
                                               "there is no such file or no permission",
                                               "check --reference-grid"));
    }
    return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}
}  // namespace

plan::CanvasGrid plan_global_grid(std::vector<plan::FrameRecord>& frames, RunConfig const& config,
                                  Context& context)
{
    std::vector<plan::GridInput> inputs;
    std::vector<std::size_t> frame_of_input;
    for (std::size_t i = 0; i < frames.size(); ++i) {
        if (frames[i].verdict.accepted()) {
            plan::FrameFootprint const& footprint = frames[i].footprint;
            inputs.push_back({footprint.edge, footprint.center, footprint.pixel_scale});
            frame_of_input.push_back(i);
        }
    }
    plan::CanvasGrid const grid =
        plan::grid_from_json(broadcast_text(context.world, "the global grid", [&] {
            plan::GridOptions options = config.grid;
            if (!config.reference_grid_file.empty()) {
                options.reference_grid = read_whole_file(config.reference_grid_file);
            }
            return plan::grid_to_json(plan::plan_canvas(inputs, options));
        }));
    for (std::size_t const index : grid.far_away) {
        context.report.note(fmt::format("{} lies far from all other frames",
                                        frames[frame_of_input[index]].header.path));
    }
    for (std::size_t const index : grid.left_out) {
        frames[frame_of_input[index]].verdict = {
            plan::FrameState::quarantined,
            "it lies so far from all others that it would more than double the canvas "
            "(outlier_tiles drop)"};
    }
    core::log_world(
        core::LogLevel::info,
        fmt::format("canvas {} x {} pixels, {}, {:.4g} arcsec per pixel, hash {}", grid.width(),
                    grid.height(), grid.projection, grid.pixel_scale.arcsec(), grid.hash()));
    return grid;
}
}  // namespace sectile::pipeline
