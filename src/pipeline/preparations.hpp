// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "sectile/comm/communicator.hpp"
#include "sectile/engine/frame_preparation.hpp"
#include "sectile/pipeline/run_config.hpp"
#include "sectile/sky/frame_header.hpp"

namespace sectile::pipeline
{
/// How the frames of this run are prepared when they are read. The same on every rank.
class Preparations
{
  public:
    /// None of the steps but those that a header asks for.
    Preparations() = default;
    /// *Collective*: opens the master frames; the level of the flat is measured on rank 0. Throws
    /// core::ConfigError, alike on every rank, when one of them cannot be used.
    Preparations(RunConfig const& config, comm::Communicator const& members);

    [[nodiscard]] engine::FramePreparation of(sky::FrameHeader const& header) const;

    /// Why the frame cannot be calibrated: it has another shape than a master.
    [[nodiscard]] std::optional<std::string> reason_unfit(sky::FrameHeader const& header) const;

    /// Pixels to repair in the frames of a camera (camera_of()): ascending y, x, and the same on
    /// every rank. Not thread-safe against of().
    void set_defects(std::string const& camera,
                     std::shared_ptr<std::vector<compute::DefectPosition> const> defects)
    {
        defects_[camera] = std::move(defects);
    }

  private:
    engine::FramePreparation common_;
    std::map<std::string, std::shared_ptr<std::vector<compute::DefectPosition> const>> defects_;
};
}  // namespace sectile::pipeline
