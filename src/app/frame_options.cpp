// SPDX-License-Identifier: BSD-3-Clause
#include "app/frame_options.hpp"

#include "sectile/pipeline/partner_names.hpp"

namespace sectile::app
{
namespace
{
using pipeline::RunConfig;
using Builder = TableBuilder<RunConfig>;
using Words = std::vector<std::string>;

/// A field as a generic lambda: the member of a const or non-const configuration.
#define SECTILE_FIELD(member) ([](auto& config) -> auto& { return config.member; })

template <class Field>
void add_partner_rule(Builder& table, std::string key, std::string help, Field field)
{
    table.add(
        std::move(key), "RULE", std::move(help),
        [field](RunConfig& config, std::string const& text) {
            std::string const rule = trimmed(text);
            if (std::string const reason = pipeline::reason_bad_partner_rule(rule);
                !reason.empty()) {
                throw BadValue(reason);
            }
            field(config) = rule;
        },
        [field](RunConfig const& config) {
            std::string const& rule = field(config);
            return rule.empty() ? Words{} : Words{rule};
        });
}
}  // namespace

void add_frame_partners(TableBuilder<RunConfig>& table)
{
    using pipeline::WeightType;
    table.text("master_dark", "FILE", "master dark, subtracted from every frame",
               SECTILE_FIELD(masters.dark));
    table.text("master_flat", "FILE",
               "master flat; frames are divided by it, over its level in each colour",
               SECTILE_FIELD(masters.flat));
    table.text("bad_pixel_map", "FILE", "image of the sensor, not zero where a pixel is bad",
               SECTILE_FIELD(masters.bad_pixels));
    add_partner_rule(table, "weight_suffix",
                     "where the weight map of a frame is: .weight (a.weight.fits), OLD=NEW in "
                     "the file name, or [EXTNAME]",
                     SECTILE_FIELD(partners.weight_suffix));
    table.choice<WeightType>("weight_type",
                             "what weight maps hold; map_weight: relative inverse variance",
                             {{"none", WeightType::none},
                              {"map_weight", WeightType::map_weight},
                              {"inverse_variance", WeightType::inverse_variance},
                              {"map_variance", WeightType::map_variance},
                              {"map_rms", WeightType::map_rms}},
                             SECTILE_FIELD(partners.weight_type));
    add_partner_rule(table, "mask_suffix", "where the mask of a frame is, as for weight_suffix",
                     SECTILE_FIELD(partners.mask_suffix));
    table.add(
        "mask_bits", "all|INTEGER", "bits of a mask that mean a bad pixel, as a sum such as 5",
        [](RunConfig& config, std::string const& text) {
            constexpr std::uint64_t all = ~std::uint64_t{0};
            config.partners.mask_bits = trimmed(text) == "all" ? all : parse_count(text);
            if (config.partners.mask_bits == 0) {
                throw BadValue("it must be all, or a number above 0");
            }
        },
        [](RunConfig const& config) {
            std::uint64_t const bits = config.partners.mask_bits;
            return Words{bits == ~std::uint64_t{0} ? "all" : std::to_string(bits)};
        });
}
#undef SECTILE_FIELD
}  // namespace sectile::app
