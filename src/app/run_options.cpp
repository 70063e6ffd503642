// SPDX-License-Identifier: BSD-3-Clause
#include "app/run_options.hpp"

#include <cmath>

#include "sectile/compute/backend.hpp"
#include "sectile/core/error.hpp"

#include "app/frame_options.hpp"
#include "app/table_builder.hpp"

namespace sectile::app
{
namespace
{
using compute::CombineRecipe;
using compute::FinalCombine;
using compute::Rejection;
using pipeline::RunConfig;
using Builder = TableBuilder<RunConfig>;
using Words = std::vector<std::string>;

constexpr double largest_count = 2147483647.0;

/// A field as a generic lambda: the member of a const or non-const configuration.
#define SECTILE_FIELD(member) ([](auto& config) -> auto& { return config.member; })

/// An angle in a unit; `to` and `from` convert between the angle and the number the user writes.
template <class Field>
void add_angle(Builder& table, std::string key, std::string value_name, std::string help,
               Range range, bool in_arcsec, Field field)
{
    table.add(
        std::move(key), std::move(value_name), std::move(help),
        [=](RunConfig& config, std::string const& text) {
            double const value = parse_real(text);
            check_range(value, range);
            field(config) =
                in_arcsec ? core::Angle::from_arcsec(value) : core::Angle::from_degrees(value);
        },
        [=](RunConfig const& config) {
            core::Angle const angle = field(config);
            return Words{format_angle(in_arcsec ? angle.arcsec() : angle.degrees())};
        });
}

/// Degrees, where 0 stands for "not set".
template <class Field>
void add_optional_degrees(Builder& table, std::string key, std::string help, double high,
                          Field field)
{
    table.add(
        std::move(key), "DEGREES", std::move(help),
        [=](RunConfig& config, std::string const& text) {
            double const value = parse_real(text);
            check_range(value, {0.0, high});
            field(config).reset();
            if (value > 0.0) {
                field(config) = core::Angle::from_degrees(value);
            }
        },
        [=](RunConfig const& config) {
            return Words{field(config) ? format_angle(field(config)->degrees()) : "0"};
        });
}

/// A rule by name, or an angle the user writes as a number.
template <class Rule, class Field>
void add_rule_or_angle(Builder& table, std::string key, std::string value_name, std::string help,
                       Choices<Rule> rules, Range range, bool in_arcsec, Field field)
{
    value_name = alternatives(words_of(rules)) + "|" + value_name;
    table.add(
        std::move(key), std::move(value_name), std::move(help),
        [=](RunConfig& config, std::string const& text) {
            for (auto const& [word, rule] : rules) {
                if (trimmed(text) == word) {
                    field(config) = rule;
                    return;
                }
            }
            double value = 0.0;
            try {
                value = parse_real(text);
            } catch (BadValue const&) {
                throw BadValue("it must be one of " + joined(words_of(rules)) +
                               ", or a number of " + (in_arcsec ? "arcseconds" : "degrees"));
            }
            check_range(value, range);
            field(config) =
                in_arcsec ? core::Angle::from_arcsec(value) : core::Angle::from_degrees(value);
        },
        [=](RunConfig const& config) {
            if (auto const* rule = std::get_if<Rule>(&field(config))) {
                return Words{word_of(*rule, rules)};
            }
            core::Angle const angle = std::get<core::Angle>(field(config));
            return Words{format_angle(in_arcsec ? angle.arcsec() : angle.degrees())};
        });
}

/// How the final coadds are combined: one word for rejection and combination together.
struct Combination
{
    Rejection rejection;
    FinalCombine final_combine;
    friend bool operator==(Combination const&, Combination const&) = default;
};

template <class Field>
void add_combination(Builder& table, std::string key, std::string help, Field field)
{
    Choices<Combination> const words{
        {"mean", {Rejection::none, FinalCombine::mean}},
        {"median", {Rejection::none, FinalCombine::median}},
        {"kappa_sigma", {Rejection::kappa_sigma, FinalCombine::mean}},
        {"winsorized", {Rejection::winsorized_sigma_clip, FinalCombine::mean}}};
    table.add(
        std::move(key), alternatives(words_of(words)), std::move(help),
        [=](RunConfig& config, std::string const& text) {
            Combination const meaning = meaning_of(text, words, {});
            field(config).rejection = meaning.rejection;
            field(config).final_combine = meaning.final_combine;
        },
        [=](RunConfig const& config) {
            CombineRecipe const& recipe = field(config);
            return Words{word_of(Combination{recipe.rejection, recipe.final_combine}, words)};
        });
}

void add_input_and_output(Builder& table)
{
    table.section("Input and output", Effect::execution);
    table.add(
        "input", "PATH...",
        "FITS files, directories searched recursively, or @list.txt; may be repeated",
        [](RunConfig& config, std::string const& text) {
            if (trimmed(text).empty()) {
                throw BadValue("it must name a file or a directory");
            }
            config.input.push_back(text);
        },
        [](RunConfig const& config) { return config.input; }, Arity::list);
    table.text("output", "DIR", "directory of the products; made if missing",
               SECTILE_FIELD(output));
    table.choice<pipeline::Keep>("keep", "which intermediate files stay",
                                 {{"none", pipeline::Keep::none},
                                  {"tiles", pipeline::Keep::tiles},
                                  {"all", pipeline::Keep::all}},
                                 SECTILE_FIELD(keep));
    table.flag("rejection_maps",
               "write which share of the samples of each pixel of a master tile was rejected, "
               "into DIR/rejection",
               SECTILE_FIELD(stacking.rejection_maps));
    table.flag("strict", "a quarantined frame is an error (exit code 5)", SECTILE_FIELD(strict));
    table.flag("dry_run", "plan only: no pixel work, no products", SECTILE_FIELD(dry_run));
    table.word("log_level", "least important lines that are logged",
               {"debug", "info", "warning", "error"}, SECTILE_FIELD(log_level));

    table.section("Workflow", Effect::picture);
    table.choice<pipeline::Mode>(
        "mode", "classic: groups to master tiles to mosaic; mosaic-first: all frames at once",
        {{"classic", pipeline::Mode::classic}, {"mosaic-first", pipeline::Mode::mosaic_first}},
        SECTILE_FIELD(mode), {"sds"});
    table.single_word("assembly", "how P5 puts tiles together", "reproject", {"incremental"});
    table.choice<bool>("start_from", "what the input is: raw frames, or finished master tiles",
                       {{"frames", false}, {"master-tiles", true}},
                       SECTILE_FIELD(start_from_tiles));
}

void add_ingest_and_grouping(Builder& table)
{
    table.section("P1 ingest and measure", Effect::picture);
    add_frame_preparation(table);
    add_angle(table, "min_scale", "ARCSEC", "least pixel scale of a frame that is believed",
              {0.0, 36000.0, true}, true, SECTILE_FIELD(wcs_limits.min_scale));
    add_angle(table, "max_scale", "ARCSEC", "largest pixel scale of a frame that is believed",
              {0.0, 36000.0, true}, true, SECTILE_FIELD(wcs_limits.max_scale));

    add_solvers(table);
    table.section("P2 grouping", Effect::picture);
    add_optional_degrees(table, "cluster_panel_threshold",
                         "frames whose centres are nearer are one group; 0: from the field of view",
                         180.0, SECTILE_FIELD(grouping.panel_threshold));
    table.real("cluster_max_span", "largest extent of a group, in field diagonals",
               {0.0, 100.0, true}, SECTILE_FIELD(grouping.max_span));
    add_optional_degrees(table, "cluster_orientation_split_deg",
                         "frames rotated further apart are separate groups; 0: never", 180.0,
                         SECTILE_FIELD(grouping.orientation_split));
    table.integer("cluster_target_groups", "number of groups wanted; 0: automatic",
                  {0.0, largest_count}, SECTILE_FIELD(grouping.target_groups));
    table.flag("group_mix", "group frames of different filters and instruments together",
               SECTILE_FIELD(grouping.mix));
}

void add_master_tiles(Builder& table)
{
    using compute::FluxMode;
    using compute::ResampleKernel;
    table.section("P3 master tiles", Effect::picture);
    table.choice<ResampleKernel>("resample", "interpolation kernel, in every phase",
                                 {{"nearest", ResampleKernel::nearest},
                                  {"bilinear", ResampleKernel::bilinear},
                                  {"bicubic", ResampleKernel::bicubic},
                                  {"lanczos2", ResampleKernel::lanczos2},
                                  {"lanczos3", ResampleKernel::lanczos3},
                                  {"lanczos4", ResampleKernel::lanczos4}},
                                 SECTILE_FIELD(resample.kernel));
    table.choice<FluxMode>(
        "flux_mode", "what a change of pixel scale keeps: values or sums",
        {{"surface_brightness", FluxMode::surface_brightness}, {"flux", FluxMode::flux}},
        SECTILE_FIELD(resample.flux_mode));
    table.choice<tile::Normalize>("stacking_normalize_method",
                                  "how frames of a group are brought to one level",
                                  {{"none", tile::Normalize::none},
                                   {"sky_mean", tile::Normalize::sky_mean},
                                   {"linear_fit", tile::Normalize::linear_fit}},
                                  SECTILE_FIELD(stacking.normalize));
    table.choice<engine::Weighting>("stacking_weighting_method", "weights of the frames",
                                    {{"none", engine::Weighting::none},
                                     {"noise_variance", engine::Weighting::noise_variance},
                                     {"noise_fwhm", engine::Weighting::noise_fwhm}},
                                    SECTILE_FIELD(stacking.weighting));
    table.choice<Rejection>("stacking_rejection_algorithm", "how outliers among samples are found",
                            {{"none", Rejection::none},
                             {"kappa_sigma", Rejection::kappa_sigma},
                             {"winsorized_sigma_clip", Rejection::winsorized_sigma_clip},
                             {"linear_fit_clip", Rejection::linear_fit_clip}},
                            SECTILE_FIELD(stacking.combine.rejection));
    table.real("stacking_kappa_low", "rejection below, in sigma; also of final_combine",
               {0.0, 100.0, true}, SECTILE_FIELD(stacking.combine.kappa_low));
    table.real("stacking_kappa_high", "rejection above, in sigma; also of final_combine",
               {0.0, 100.0, true}, SECTILE_FIELD(stacking.combine.kappa_high));
    table.real("stacking_rejection_ampfrac",
               "share of the light of stars by which samples may differ, in every phase",
               {0.0, 100.0}, SECTILE_FIELD(stacking.combine.ampfrac));
    table.add(
        "stacking_winsor_limits", "LOW,HIGH",
        "fractions of samples that winsorizing pulls in, in every phase",
        [](RunConfig& config, std::string const& text) {
            auto const [low, high] = parse_real_pair(text);
            if (!(low >= 0.0 && high >= 0.0 && low < 0.5 && high < 0.5)) {
                throw BadValue("both fractions must lie between 0 and 0.5");
            }
            config.stacking.combine.winsor_low = low;
            config.stacking.combine.winsor_high = high;
        },
        [](RunConfig const& config) {
            CombineRecipe const& recipe = config.stacking.combine;
            return Words{format_real(recipe.winsor_low) + "," + format_real(recipe.winsor_high)};
        });
    table.choice<FinalCombine>("stacking_final_combine_method",
                               "how surviving samples are combined",
                               {{"mean", FinalCombine::mean}, {"median", FinalCombine::median}},
                               SECTILE_FIELD(stacking.combine.final_combine));
    table.flag("apply_radial_weight", "weights of a frame fall toward its corners",
               SECTILE_FIELD(radial_weight.apply));
    table.real("radial_feather_fraction", "where that begins, of half the frame's diagonal",
               {0.0, 1.0}, SECTILE_FIELD(radial_weight.fraction));
    table.real("radial_shape_power", "power of the cosine by which they fall", {0.0, 100.0, true},
               SECTILE_FIELD(radial_weight.power));
    table.flag("altaz_cleanup_enabled", "less weight for corners of a tile that few frames cover",
               SECTILE_FIELD(altaz.cleanup));
    table.real("altaz_min_coverage", "few: a smaller share of the tile's maximum than this",
               {0.0, 1.0}, SECTILE_FIELD(altaz.min_coverage));
}

void add_grid(Builder& table)
{
    table.section("P4 global grid", Effect::picture);
    table.word(
        "projection", "projection of the mosaic; auto: by the size of the field",
        {"auto", "TAN", "SIN", "STG", "ZEA", "ARC", "CAR", "AIT", "MER", "MOL", "SFL", "CEA"},
        SECTILE_FIELD(grid.projection));
    add_rule_or_angle<plan::PixelScaleRule>(
        table, "pixel_scale", "ARCSEC", "pixel scale of the mosaic, from the inputs or given",
        {{"median", plan::PixelScaleRule::median},
         {"min", plan::PixelScaleRule::min},
         {"max", plan::PixelScaleRule::max}},
        {0.0, 36000.0, true}, true, SECTILE_FIELD(grid.pixel_scale));
    add_rule_or_angle<plan::OrientationRule>(
        table, "orientation", "DEGREES",
        "north up, least area, or position angle of the rows' normal",
        {{"north_up", plan::OrientationRule::north_up},
         {"min_area", plan::OrientationRule::min_area}},
        {-360.0, 360.0}, false, SECTILE_FIELD(grid.orientation));
    table.add(
        "center", "auto|RA,DEC", "centre of the mosaic, degrees or hh:mm:ss,+dd:mm:ss",
        [](RunConfig& config, std::string const& text) {
            config.grid.center.reset();
            if (trimmed(text) != "auto") {
                config.grid.center = parse_position(text);
            }
        },
        [](RunConfig const& config) {
            auto const& center = config.grid.center;
            return Words{center ? format_angle(center->lon.degrees()) + "," +
                                      format_angle(center->lat.degrees())
                                : "auto"};
        });
    table.real("padding_percent", "border around the inputs, percent of the canvas", {0.0, 100.0},
               SECTILE_FIELD(grid.padding_percent));
    table.text(
        "reference_grid", "FILE",
        "use exactly the grid of this FITS file (mosaic.fits, grid.fits, .wcs) or text header "
        "(.hdr, .head)",
        SECTILE_FIELD(reference_grid_file));
    table.integer("max_canvas_pixels", "a larger canvas is an error", {1.0, 9e18},
                  SECTILE_FIELD(grid.max_canvas_pixels));
    table.choice<plan::OutlierTiles>(
        "outlier_tiles", "what happens to a tile far from all others",
        {{"keep", plan::OutlierTiles::keep}, {"drop", plan::OutlierTiles::drop}},
        SECTILE_FIELD(grid.outlier_tiles));
}

void add_photometry_and_assembly(Builder& table)
{
    using photometry::PhotometricMatch;
    table.section("Photometry between tiles", Effect::picture);
    table.choice<PhotometricMatch>("intertile_photometric_match", "how tiles are matched",
                                   {{"off", PhotometricMatch::off},
                                    {"offset", PhotometricMatch::offset},
                                    {"plane", PhotometricMatch::plane}},
                                   SECTILE_FIELD(photometric_match), {"affine"});
    table.real("intertile_overlap_min",
               "least overlap of a pair, fraction of the cells of the smaller source",
               {0.0, 1.0, true}, SECTILE_FIELD(overlap_min));

    table.section("P5 assembly", Effect::picture);
    add_combination(table, "final_combine", "how tiles are combined into the mosaic",
                    SECTILE_FIELD(final_combine));
    table.real("feather_px", "width of the taper toward edges, pixels; 0: none", {0.0, 1e6},
               SECTILE_FIELD(feather));

    table.section("Mosaic-First", Effect::picture);
    add_combination(table, "global_coadd_method", "how frames are combined into the mosaic",
                    SECTILE_FIELD(global_coadd));
    table.add(
        "global_coadd_k", "NUMBER", "rejection of global_coadd_method, in sigma",
        [](RunConfig& config, std::string const& text) {
            double const kappa = parse_real(text);
            check_range(kappa, {0.0, 100.0, true});
            config.global_coadd.kappa_low = kappa;
            config.global_coadd.kappa_high = kappa;
        },
        [](RunConfig const& config) { return Words{format_real(config.global_coadd.kappa_low)}; });
}

void add_execution(Builder& table)
{
    table.section("Backend", Effect::picture);
    table.choice<machine::BackendChoice>(
        "backend", "numerics: fast, or the slow definition in double",
        {{"cpu", machine::BackendChoice::cpu}, {"reference", machine::BackendChoice::reference}},
        SECTILE_FIELD(backend));

    table.section("Parallel plan (never changes the picture)", Effect::execution);
    table.choice<machine::UseGpu>("use_gpu", "auto: a device where one can be used",
                                  {{"auto", machine::UseGpu::automatic},
                                   {"on", machine::UseGpu::on},
                                   {"off", machine::UseGpu::off}},
                                  SECTILE_FIELD(use_gpu));
    table.flag("parallel_autotune_enabled", "plan from what the node offers",
               SECTILE_FIELD(parallel.autotune));
    table.real("parallel_target_cpu_load", "share of this rank's cores that work", {0.0, 1.0, true},
               SECTILE_FIELD(parallel.target_cpu_load));
    table.real("parallel_target_ram_fraction", "share of the available RAM that is planned for",
               {0.70, 0.80}, SECTILE_FIELD(parallel.target_ram_fraction));
    table.integer("parallel_max_cpu_workers", "most threads of a rank; 0: automatic",
                  {0.0, largest_count}, SECTILE_FIELD(parallel.max_cpu_workers));
    table.add(
        "ram_limit", "BYTES", "most memory of all ranks of a node, such as 8GiB; 0: no limit",
        [](RunConfig& config, std::string const& text) {
            config.parallel.ram_limit = parse_bytes(text);
        },
        [](RunConfig const& config) { return Words{format_bytes(config.parallel.ram_limit)}; });
    table.real("parallel_gpu_vram_fraction", "share of a device's free memory that is planned for",
               {0.0, 0.65, true}, SECTILE_FIELD(parallel.gpu_vram_fraction));
    table.add(
        "vram_limit", "BYTES", "most memory of a device, such as 4GiB; 0: no limit",
        [](RunConfig& config, std::string const& text) {
            config.parallel.vram_limit = parse_bytes(text);
        },
        [](RunConfig const& config) { return Words{format_bytes(config.parallel.vram_limit)}; });
    table.integer("rows_per_chunk", "rows of a strip, for tests and experts; 0: automatic",
                  {0.0, largest_count}, SECTILE_FIELD(parallel.rows_per_chunk));
    table.choice<std::optional<engine::Route>>(
        "exchange_route", "how samples reach the owner of a row band",
        {{"auto", std::nullopt}, {"pull", engine::Route::pull}, {"push", engine::Route::push}},
        SECTILE_FIELD(route));
    table.real("telemetry_interval", "seconds between samples of telemetry.csv; 0: none",
               {0.0, 3600.0}, SECTILE_FIELD(telemetry_interval));
    table.text("inject_faults", "KIND=N[xCOUNT][@RANK],…",
               "for tests: let the Nth allocation, device call or write fail (and COUNT - 1 more)",
               SECTILE_FIELD(faults));
}
#undef SECTILE_FIELD

/// Options that a reference grid makes meaningless, where they differ from their defaults.
Words overruled_by_reference_grid(RunConfig const& config)
{
    RunConfig const defaults;
    Words names;
    auto const compare = [&](bool changed, char const* name) {
        if (changed) {
            names.emplace_back(name);
        }
    };
    compare(config.grid.projection != defaults.grid.projection, "projection");
    compare(config.grid.pixel_scale != defaults.grid.pixel_scale, "pixel_scale");
    compare(config.grid.orientation != defaults.grid.orientation, "orientation");
    compare(config.grid.center.has_value(), "center");
    compare(config.grid.padding_percent != defaults.grid.padding_percent, "padding_percent");
    return names;
}

void check_device(RunConfig const& config, Problems& problems)
{
    // A plan for another machine uses the devices that are there.
    if (config.use_gpu != machine::UseGpu::on || config.machine.gpus.value_or(0) > 0) {
        return;
    }
    if (config.backend == machine::BackendChoice::reference) {
        problems.add(
            "use_gpu on and backend reference contradict each other (the reference backend "
            "runs on the CPU); drop one of them");
        return;
    }
    try {
        static_cast<void>(compute::make_cuda_backend(0));
    } catch (core::DeviceError const& error) {
        problems.add(
            core::sentence("use_gpu on is not possible", error.what(), "use auto, or off"));
    }
}
}  // namespace

std::vector<Option<RunConfig>> const& run_options()
{
    static std::vector<Option<RunConfig>> const table = [] {
        Builder builder;
        add_input_and_output(builder);
        add_ingest_and_grouping(builder);
        add_master_tiles(builder);
        add_grid(builder);
        add_photometry_and_assembly(builder);
        add_execution(builder);
        return builder.take();
    }();
    return table;
}

void complete(RunConfig& config)
{
    CombineRecipe const& stacking = config.stacking.combine;
    config.final_combine.kappa_low = stacking.kappa_low;
    config.final_combine.kappa_high = stacking.kappa_high;
    for (CombineRecipe* recipe : {&config.final_combine, &config.global_coadd}) {
        recipe->winsor_low = stacking.winsor_low;
        recipe->winsor_high = stacking.winsor_high;
        recipe->ampfrac = stacking.ampfrac;
    }
    // The reference backend runs on the processor.
    config.parallel.use_gpu = config.use_gpu != machine::UseGpu::off &&
                              config.backend != machine::BackendChoice::reference;
}

void check_run(RunConfig const& config, Problems& problems)
{
    if (config.input.empty()) {
        problems.add("there is no input; give files or directories with --input PATH...");
    }
    if (config.output.empty() && !config.dry_run) {
        problems.add("there is no output; give a directory with --output DIR");
    }
    if (config.wcs_limits.min_scale >= config.wcs_limits.max_scale) {
        problems.add("min_scale must be less than max_scale (" +
                     format_angle(config.wcs_limits.min_scale.arcsec()) + " and " +
                     format_angle(config.wcs_limits.max_scale.arcsec()) + " arcseconds)");
    }
    if (config.mode == pipeline::Mode::mosaic_first && config.start_from_tiles) {
        problems.add(
            "start_from master-tiles and mode mosaic-first contradict each other "
            "(mosaic-first starts from raw frames); drop one of them");
    }
    if (!config.reference_grid_file.empty()) {
        Words const overruled = overruled_by_reference_grid(config);
        if (!overruled.empty()) {
            problems.add("reference_grid fixes the whole grid and cannot be combined with " +
                         joined(overruled) + "; drop one or the other");
        }
    }
    check_device(config, problems);
}

void describe_options(RunConfig& config)
{
    config.options_text = to_ini(run_options(), config);
    config.picture_options_text = to_ini(run_options(), config, true);
}
}  // namespace sectile::app
