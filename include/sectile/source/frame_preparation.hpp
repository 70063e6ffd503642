// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "sectile/compute/calibrate.hpp"
#include "sectile/compute/debayer.hpp"
#include "sectile/compute/hot_pixels.hpp"
#include "sectile/sky/frame_header.hpp"

namespace sectile::source
{
/// Master frames by their files: read in the windows that the frames need, never whole.
struct CalibrationFrames
{
    std::optional<sky::FrameHeader> dark;
    std::optional<sky::FrameHeader> flat;
    std::optional<sky::FrameHeader> bad_pixels;
    compute::FlatLevel flat_level;       ///< of a frame without colour filters, per plane
    compute::FlatLevel flat_level_rggb;  ///< of the colours; bggr is this one in reverse
    compute::FlatLevel flat_level_grbg;  ///< of the colours; gbrg is this one in reverse

    [[nodiscard]] compute::FlatLevel level_of(image::BayerPattern pattern) const;
};

/// What the weight maps of frames hold. map_weight: inverse variances in any unit, brought to that
/// of the frame by its measured noise; the others are taken by their word.
enum class WeightType : std::uint8_t
{
    none,  ///< they are not used
    map_weight,
    inverse_variance,
    map_variance,
    map_rms
};

inline constexpr std::uint64_t all_mask_bits = ~std::uint64_t{0};

/// All that is done to the raw pixels of a frame when they are read, in this order: calibration,
/// masking, repair of defects, colours. Frames of one camera share what is large.
struct FramePreparation
{
    compute::DebayerMethod debayer = compute::DebayerMethod::bilinear;
    /// Ascending y, x, in stored pixels; null: none. Not for frames that are stored in colour.
    std::shared_ptr<std::vector<compute::DefectPosition> const> defects;
    std::shared_ptr<CalibrationFrames const> calibration;  ///< null: none
    /// A pixel is masked where its mask has one of these bits.
    std::uint64_t mask_bits = all_mask_bits;
    WeightType weight_type = WeightType::inverse_variance;
    /// False: the weight map masks the pixels without weight, and that is all.
    bool weighs = true;
};
}  // namespace sectile::source
