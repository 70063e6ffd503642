// SPDX-License-Identifier: BSD-3-Clause
#include "pipeline/p4_grid.hpp"

#include <fstream>

#include <fmt/format.h>

#include "sectile/core/error.hpp"
#include "sectile/core/log.hpp"
#include "sectile/io/frame_reader.hpp"
#include "sectile/io/wcs_file.hpp"
#include "sectile/plan/tile_grid.hpp"

#include "pipeline/broadcast.hpp"
#include "pipeline/verdicts.hpp"

namespace sectile::pipeline
{
namespace
{
core::ConfigError unusable_grid(std::string const& path, std::string const& why)
{
    return core::ConfigError(core::sentence("the reference grid " + path + " cannot be used", why,
                                            "check --reference-grid"));
}

std::string integer_card(char const* keyword, std::int64_t value)
{
    return fmt::format("{:<80}", fmt::format("{:<8}= {:>20}", keyword, value));
}

/// Cards of the first image of a FITS file, or of its header alone, with the size.
std::string fits_grid(std::string const& path)
{
    io::FileScan const scan = io::scan_file(path, false);
    sky::WcsDescription wcs;
    if (!scan.frames.empty()) {
        wcs = scan.frames.front().wcs;
    } else if (io::WcsFile const header = io::read_wcs_file(path); header.reason.empty()) {
        wcs = header.wcs;  // grid.fits, or what a plate solver wrote
    } else {
        throw unusable_grid(
            path, scan.unreadable.empty() ? header.reason : scan.unreadable.front().reason);
    }
    return integer_card("NAXIS", 2) + integer_card("NAXIS1", wcs.width) +
           integer_card("NAXIS2", wcs.height) + wcs.cards;
}

/// The header a reference grid is given by: a text file, or an image of a FITS file.
std::string reference_header(std::string const& path)
{
    constexpr std::size_t longest_text = 1 << 20;
    std::ifstream in(path, std::ios::binary);
    std::string text(longest_text, '\0');
    if (!in) {
        throw unusable_grid(path, "there is no such file or no permission");
    }
    in.read(text.data(), static_cast<std::streamsize>(text.size()));
    text.resize(static_cast<std::size_t>(in.gcount()));
    bool const is_text = text.find('\n') <= 80;
    return is_text ? text : fits_grid(path);
}
}  // namespace

plan::CanvasGrid plan_global_grid(std::vector<plan::FrameRecord>& frames, RunConfig const& config,
                                  Context& context)
{
    std::vector<plan::GridInput> inputs;
    std::vector<std::size_t> frame_of_input;
    for (std::size_t i = 0; i < frames.size(); ++i) {
        if (frames[i].verdict.accepted()) {
            inputs.push_back(plan::grid_input_of(frames[i].footprint));
            frame_of_input.push_back(i);
        }
    }
    plan::CanvasGrid grid =
        plan::grid_from_json(broadcast_text(context.world, "the global grid", [&] {
            plan::GridOptions options = config.grid;
            if (!config.reference_grid_file.empty()) {
                options.reference_grid = reference_header(config.reference_grid_file);
            }
            return plan::grid_to_json(plan::plan_canvas(inputs, options));
        }));
    for (std::size_t const index : grid.far_away) {
        context.report.note(fmt::format("{} lies far from all other frames",
                                        frames[frame_of_input[index]].header.path),
                            core::LogChannel::world);
    }
    char const* const reason =
        config.reference_grid_file.empty()
            ? "it lies so far from all others that it would more than double the canvas "
              "(outlier_tiles drop)"
            : "it does not lie on the reference grid";
    for (std::size_t const index : grid.left_out) {
        plan::FrameRecord& frame = frames[frame_of_input[index]];
        frame.verdict = {plan::VerdictCode::far_away, reason};
        log_quarantined(frame);
    }
    core::log_world(
        core::LogLevel::info,
        fmt::format("canvas {} x {} pixels, {}, {:.4g} arcsec per pixel, hash {}", grid.width(),
                    grid.height(), grid.projection, grid.pixel_scale.arcsec(), grid.hash()));
    return grid;
}
}  // namespace sectile::pipeline
