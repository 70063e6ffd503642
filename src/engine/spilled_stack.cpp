// SPDX-License-Identifier: BSD-3-Clause
#include "engine/spilled_stack.hpp"

#include <algorithm>
#include <vector>

#include "sectile/io/scratch_file.hpp"

#include "engine/sample_planes.hpp"
#include "engine/strip_loader.hpp"

namespace sectile::engine
{
namespace
{
using Samples = std::vector<float, core::BufferAllocator<float>>;

/// Bytes of samples that are combined at once; small, since this is the last resort of a rank
/// without memory.
constexpr std::int64_t piece_bytes = std::int64_t{4} << 20;
/// Columns of a piece at least: one block of the combine kernels.
constexpr std::int64_t least_columns = 64;

/// The samples of one input in the file, row by row: all plane groups of a row together, so that a
/// piece of a row is one short read per plane.
struct SpilledInput
{
    PlacedSource const* input = nullptr;
    core::Box box;
    std::int64_t offset = 0;  ///< bytes from the start of the file
    int groups = 0;           ///< see sample_planes()
};

SpilledInput spill(CoaddJob const& job, Team const& team, compute::Backend& backend,
                   LoadedWindow const& window, io::ScratchFile& file)
{
    SpilledInput spilled{window.input, window.part, file.size(), sample_planes(job, *window.input)};
    Samples samples(static_cast<std::size_t>(spilled.box.area() * spilled.groups), 0.0F);
    (void)team;
    resample_into(job, backend, window, samples.data());
    file.append(std::as_bytes(std::span(samples)));
    return spilled;
}

/// Reads the part of an input's samples that lies in `piece`.
void read_piece(io::ScratchFile const& file, SpilledInput const& spilled, core::Box const& part,
                float* out)
{
    std::int64_t const width = spilled.box.width();
    for (int plane = 0; plane < spilled.groups; ++plane) {
        for (std::int64_t y = part.y0; y < part.y1; ++y) {
            std::int64_t const at = (plane * spilled.box.height() + (y - spilled.box.y0)) * width +
                                    (part.x0 - spilled.box.x0);
            file.read(
                spilled.offset + at * static_cast<std::int64_t>(sizeof(float)),
                std::as_writable_bytes(std::span(out, static_cast<std::size_t>(part.width()))));
            out += part.width();
        }
    }
}

/// Combines one piece of the strip from the file.
void combine_piece(CoaddJob const& job, compute::Backend& backend, io::ScratchFile const& file,
                   std::span<SpilledInput const> inputs, core::Box const& piece,
                   compute::StripOutput const& out)
{
    std::int64_t floats = 0;
    for (SpilledInput const& spilled : inputs) {
        floats += spilled.box.clipped_to(piece).area() * spilled.groups;
    }
    Samples samples(static_cast<std::size_t>(floats));
    std::vector<compute::StripSource> sources;
    float* data = samples.data();
    for (SpilledInput const& spilled : inputs) {
        core::Box const part = spilled.box.clipped_to(piece);
        if (part.empty()) {
            continue;
        }
        read_piece(file, spilled, part, data);
        sources.emplace_back(sample_block(job, *spilled.input, part, data));
        data += part.area() * spilled.groups;
    }
    backend.combine(sources, job.recipe, out.clipped_to(piece));
}
}  // namespace

void combine_on_disk(CoaddJob const& job, Team const& team, compute::Backend& backend,
                     std::span<PlacedSource const* const> inputs, core::Box const& strip,
                     compute::StripOutput const& out, CoaddStatistics& statistics)
{
    io::ScratchFile file(team.scratch);
    std::vector<SpilledInput> spilled;
    for (PlacedSource const* const input : inputs) {
        PlacedSource const* const one[] = {input};
        for (auto const& window : load_windows(job, one, strip, *team.runner, statistics)) {
            spilled.push_back(spill(job, team, backend, *window, file));
        }
    }
    std::int64_t const per_pixel =
        std::max<std::int64_t>(1, std::ssize(spilled)) * 5 * job.planes * 4;
    std::int64_t const pixels = std::max(least_columns, piece_bytes / per_pixel);
    std::int64_t const columns = std::min(strip.width(), pixels);
    std::int64_t const rows = std::max<std::int64_t>(1, pixels / columns);
    for (std::int64_t y = strip.y0; y < strip.y1; y += rows) {
        for (std::int64_t x = strip.x0; x < strip.x1; x += columns) {
            core::Box const piece = core::Box{x, y, x + columns, y + rows}.clipped_to(strip);
            combine_piece(job, backend, file, spilled, piece, out);
        }
    }
}
}  // namespace sectile::engine
