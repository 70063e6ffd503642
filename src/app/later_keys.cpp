// SPDX-License-Identifier: BSD-3-Clause
#include "app/later_keys.hpp"

#include <algorithm>
#include <array>
#include <string_view>

namespace sectile::app
{
namespace
{
using namespace std::string_view_literals;

constexpr std::array later_keys{"apply_master_tile_crop"sv,
                                "autocrop"sv,
                                "autocrop_margin_px"sv,
                                "coverage_min"sv,
                                "gpu_id"sv,
                                "gpu_id_phase5"sv,
                                "inter_master_merge_enable"sv,
                                "inter_master_min_group_size"sv,
                                "inter_master_overlap_threshold"sv,
                                "inter_master_stack_method"sv,
                                "intertile_gain_limits"sv,
                                "master_tile_crop_percent"sv,
                                "match_background_for_final"sv,
                                "photometric_reference"sv,
                                "quality_gate_enabled"sv,
                                "resume"sv,
                                "sds_coverage_threshold"sv,
                                "sds_lots"sv,
                                "sds_min_batch_size"sv,
                                "sds_min_coverage_keep"sv,
                                "sds_target_batch_size"sv};
}  // namespace

bool is_later_key(std::string const& key)
{
    return std::find(later_keys.begin(), later_keys.end(), key) != later_keys.end();
}
}  // namespace sectile::app
