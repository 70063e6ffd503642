// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "sectile/pipeline/run_config.hpp"
#include "sectile/plan/parallel_plan.hpp"

/// The phases of a run, each declared once. Timing, telemetry, progress, the report and the
/// parallel plan of a phase go by its declaration.
namespace sectile::pipeline
{
/// What phases hand to each other.
enum class Artefact : std::uint8_t
{
    files,    ///< of the input
    records,  ///< of all frames, with what was measured
    solved,   ///< records whose frames have a WCS or a reason why not
    canvas_grid,
    groups,      ///< of the accepted frames
    registered,  ///< records tied to their group
    local_plan,  ///< how each rank executes what is to come
    tiles,       ///< finished master tiles, made or given
    levels,      ///< offsets and slopes that bring the sources of the canvas to one level
    canvas,      ///< mosaic.h5
    products     ///< all other files of the output
};
[[nodiscard]] char const* name_of(Artefact artefact);

struct Phase
{
    std::string_view name;  ///< in the log, the report and telemetry
    /// Of its parallel plan, against which it is measured; none: it holds nothing that needs one.
    std::optional<plan::PlanKind> kind;
    std::span<std::string_view const> options;  ///< keys of those that change what it makes
    std::span<Artefact const> reads;
    std::span<Artefact const> makes;
};

namespace phases
{
extern Phase const ingest;
extern Phase const solve;
extern Phase const grid;
extern Phase const group;
extern Phase const register_stars;
extern Phase const planning;
extern Phase const master_tiles;
extern Phase const match_tiles;   ///< photometry before P5
extern Phase const match_frames;  ///< photometry before Mosaic-First
extern Phase const assemble;
extern Phase const mosaic_first;
extern Phase const finish;
}  // namespace phases

/// All that a run goes through, in the order in which they run.
[[nodiscard]] std::span<Phase const* const> phases_of(RunConfig const& config);

/// Hash of what the options of a phase are set to: those lines of `options` ("key = value") whose
/// keys it declares.
[[nodiscard]] std::string options_hash(Phase const& phase, std::string const& options);
}  // namespace sectile::pipeline
