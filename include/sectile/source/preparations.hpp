// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "sectile/comm/communicator.hpp"
#include "sectile/sky/frame_header.hpp"
#include "sectile/source/frame_preparation.hpp"

namespace sectile::source
{
/// Images that say something about the pixels of frames.
struct PartnerOptions
{
    std::string
        weight_suffix;  ///< a rule of ingest/partner_search.hpp; empty: there are no weight maps
    WeightType weight_type = WeightType::map_weight;
    std::string mask_suffix;                      ///< the same for masks
    std::uint64_t mask_bits = ~std::uint64_t{0};  ///< bits of a mask that mean a bad pixel
};

/// Files of master frames; empty: none.
struct MasterOptions
{
    std::string dark;
    std::string flat;
    std::string bad_pixels;
};

/// What the user chose about the pixels of frames.
struct PreparationOptions
{
    /// How colour mosaics become colours; none: they stay mosaics.
    std::optional<compute::DebayerMethod> debayer = compute::DebayerMethod::bilinear;
    PartnerOptions partners;
    MasterOptions masters;
};

/// How the frames of this run are prepared when they are read. The same on every rank.
class Preparations
{
  public:
    /// None of the steps but those that a header asks for.
    Preparations() = default;
    /// *Collective*: opens the master frames; the level of the flat is measured on rank 0. Throws
    /// core::ConfigError, alike on every rank, when one of them cannot be used.
    Preparations(PreparationOptions const& options, comm::Communicator const& members);

    [[nodiscard]] FramePreparation of(sky::FrameHeader const& header) const;

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
    FramePreparation common_;
    std::map<std::string, std::shared_ptr<std::vector<compute::DefectPosition> const>> defects_;
};
}  // namespace sectile::source
