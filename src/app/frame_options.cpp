// SPDX-License-Identifier: BSD-3-Clause
#include "app/frame_options.hpp"

#include "sectile/ingest/partner_search.hpp"

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
            if (std::string const reason = ingest::reason_bad_partner_rule(rule); !reason.empty()) {
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

void add_frame_preparation(TableBuilder<RunConfig>& table)
{
    using source::WeightType;
    table.choice<std::optional<compute::DebayerMethod>>(
        "debayer", "how Bayer mosaics become RGB",
        {{"bilinear", compute::DebayerMethod::bilinear},
         {"vng", compute::DebayerMethod::vng},
         {"superpixel", compute::DebayerMethod::superpixel},
         {"none", std::nullopt}},
        SECTILE_FIELD(preparation.debayer));
    table.choice<bool>("cosmetic", "hot pixels of camera frames are repaired before debayering",
                       {{"auto", true}, {"off", false}}, SECTILE_FIELD(cosmetic));
    table.choice<bool>("registration",
                       "frames of a group are tied by their stars, or lie as their WCS say",
                       {{"stars", true}, {"wcs", false}}, SECTILE_FIELD(registers_stars));
    table.choice<plan::QualityGate>(
        "quality_gate", "frames that stand out by width of stars, shape, number, sky or noise",
        {{"off", plan::QualityGate::off},
         {"report", plan::QualityGate::report},
         {"reject", plan::QualityGate::reject}},
        SECTILE_FIELD(quality_gate));
    table.real("quality_gate_sigma", "deviations from the frames of its kind", {0.0, 1000.0, true},
               SECTILE_FIELD(quality_gate_sigma));
    table.text("master_dark", "FILE", "master dark, subtracted from every frame",
               SECTILE_FIELD(preparation.masters.dark));
    table.text("master_flat", "FILE",
               "master flat; frames are divided by it, over its level in each colour",
               SECTILE_FIELD(preparation.masters.flat));
    table.text("bad_pixel_map", "FILE", "image of the sensor, not zero where a pixel is bad",
               SECTILE_FIELD(preparation.masters.bad_pixels));
    add_partner_rule(table, "weight_suffix",
                     "where the weight map of a frame is: .weight (a.weight.fits), OLD=NEW in "
                     "the file name, or [EXTNAME]",
                     SECTILE_FIELD(preparation.partners.weight_suffix));
    table.choice<WeightType>("weight_type",
                             "what weight maps hold; map_weight: relative inverse variance",
                             {{"none", WeightType::none},
                              {"map_weight", WeightType::map_weight},
                              {"inverse_variance", WeightType::inverse_variance},
                              {"map_variance", WeightType::map_variance},
                              {"map_rms", WeightType::map_rms}},
                             SECTILE_FIELD(preparation.partners.weight_type));
    add_partner_rule(table, "mask_suffix", "where the mask of a frame is, as for weight_suffix",
                     SECTILE_FIELD(preparation.partners.mask_suffix));
    table.add(
        "mask_bits", "all|INTEGER", "bits of a mask that mean a bad pixel, as a sum such as 5",
        [](RunConfig& config, std::string const& text) {
            constexpr std::uint64_t all = ~std::uint64_t{0};
            config.preparation.partners.mask_bits =
                trimmed(text) == "all" ? all : parse_count(text);
            if (config.preparation.partners.mask_bits == 0) {
                throw BadValue("it must be all, or a number above 0");
            }
        },
        [](RunConfig const& config) {
            std::uint64_t const bits = config.preparation.partners.mask_bits;
            return Words{bits == ~std::uint64_t{0} ? "all" : std::to_string(bits)};
        });
}

void add_solvers(TableBuilder<RunConfig>& table)
{
    table.section("Frames without a WCS", Effect::picture);
    table.choice<astrometry::SolverChoice>("solver", "external program that solves them",
                                           {{"none", astrometry::SolverChoice::none},
                                            {"astap", astrometry::SolverChoice::astap},
                                            {"solve-field", astrometry::SolverChoice::solve_field}},
                                           SECTILE_FIELD(solver.program));
    table.real("astap_default_search_radius", "degrees that astap searches around a hint",
               {0.0, 180.0, true}, SECTILE_FIELD(solver.astap_radius));

    table.section("External programs", Effect::execution);
    table.real("solver_timeout", "seconds that a solver may take for one frame",
               {0.0, 86400.0, true}, SECTILE_FIELD(solver.timeout));
    table.text("astap_executable_path", "FILE", "astap; default: the one in PATH",
               SECTILE_FIELD(solver.astap_executable));
    table.text("astap_data_directory_path", "DIR", "star database of astap; default: its own",
               SECTILE_FIELD(solver.astap_data));
    table.text("solve_field_executable_path", "FILE", "solve-field; default: the one in PATH",
               SECTILE_FIELD(solver.solve_field_executable));
    table.text("solve_field_index_directory", "DIR",
               "index files of solve-field; default: those of its configuration",
               SECTILE_FIELD(solver.solve_field_index));
}
#undef SECTILE_FIELD
}  // namespace sectile::app
