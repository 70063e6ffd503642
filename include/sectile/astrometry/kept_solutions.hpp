// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <optional>
#include <string>

#include "sectile/plan/frame_record.hpp"
#include "sectile/sky/sky_wcs.hpp"

namespace sectile::astrometry
{
/// Name of a frame for files about it, without extension: its stem and 8 hexadecimal digits of a
/// hash of its absolute path and HDU, so that equal names in other folders stay apart.
[[nodiscard]] std::string solution_name(sky::FrameHeader const& header);

/// Solutions that earlier runs found. Thread-safe.
class EarlierSolutions
{
  public:
    virtual ~EarlierSolutions() = default;
    /// That of a frame, unless it is older than the frame or cannot be used.
    [[nodiscard]] virtual std::optional<sky::WcsDescription> find(
        sky::FrameHeader const& header, sky::WcsLimits const& limits) const = 0;
};

/// The solutions of a run in <output>/solutions/NAME.wcs, each as a plate solver would have written
/// it, so that a later run, or another program, can use them.
class KeptSolutions final : public EarlierSolutions
{
  public:
    /// Nothing is made yet. An empty `output` keeps and finds nothing.
    explicit KeptSolutions(std::string const& output);
    [[nodiscard]] std::optional<sky::WcsDescription> find(
        sky::FrameHeader const& header, sky::WcsLimits const& limits) const override;
    /// Writes the WCS of a frame. Throws core::IoError.
    void keep(sky::FrameHeader const& header) const;

  private:
    std::string folder_;
};
}  // namespace sectile::astrometry
