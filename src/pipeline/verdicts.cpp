// SPDX-License-Identifier: BSD-3-Clause
#include "pipeline/verdicts.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "sectile/core/error.hpp"
#include "sectile/core/log.hpp"

namespace sectile::pipeline
{
void log_quarantined(plan::FrameRecord const& frame)
{
    core::log_world(core::LogLevel::warning,
                    fmt::format("quarantined {}[{}]: {}", frame.header.path, frame.header.hdu,
                                frame.verdict.reason));
}

void obey_strict(std::vector<plan::FrameRecord> const& frames, RunConfig const& config,
                 comm::Communicator const& world)
{
    if (!config.strict) {
        return;
    }
    comm::agree(world, "judging the frames strictly", [&] {
        auto const bad = std::ranges::find_if(
            frames, [](plan::FrameRecord const& frame) { return !frame.verdict.accepted(); });
        if (bad != frames.end()) {
            throw core::Error(core::ExitCode::strict_quarantine,
                              core::sentence("a frame was quarantined and --strict was given",
                                             bad->header.path + ": " + bad->verdict.reason,
                                             "see report.json for every frame"));
        }
    });
}
}  // namespace sectile::pipeline
