// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <map>
#include <set>

#include <gtest/gtest.h>

#include "sectile/compute/backend.hpp"
#include "sectile/core/error.hpp"

#include "app/run_options.hpp"
#include "app/run_request.hpp"

namespace sectile::app
{
namespace
{
using pipeline::RunConfig;
using Words = std::vector<std::string>;

/// Options that stand for a good command line, and more.
RunConfig read_good(Words words)
{
    words.insert(words.end(), {"--input", "frames", "--output", "out"});
    return read_run_request(words, false).config;
}

/// The text of the error of a command line.
std::string error_of(Words const& words)
{
    try {
        static_cast<void>(read_run_request(words, false));
    } catch (core::ConfigError const& error) {
        return error.what();
    }
    return {};
}

std::string error_with_paths(Words words)
{
    words.insert(words.end(), {"--input", "frames", "--output", "out"});
    return error_of(words);
}

bool holds(std::string const& text, std::string const& part)
{
    return text.find(part) != std::string::npos;
}

/// A value other than the default for every option.
std::map<std::string, std::string> const& other_values()
{
    static std::map<std::string, std::string> const values{
        {"input", "a b#c.fits"},
        {"output", " \"odd\" name "},
        {"keep", "tiles"},
        {"rejection_maps", "true"},
        {"strict", "true"},
        {"dry_run", "true"},
        {"log_level", "debug"},
        {"mode", "mosaic-first"},
        {"assembly", "reproject"},  // the only one of this version
        {"start_from", "master-tiles"},
        {"registration", "wcs"},
        {"quality_gate", "reject"},
        {"quality_gate_sigma", "5.5"},
        {"cosmetic", "off"},
        {"debayer", "none"},
        {"master_dark", "dark.fits"},
        {"master_flat", "flat.fits"},
        {"bad_pixel_map", "bad.fits"},
        {"weight_suffix", "_ooi=_oow"},
        {"weight_type", "map_rms"},
        {"mask_suffix", "[DQ]"},
        {"mask_bits", "5"},
        {"min_scale", "0.3"},
        {"max_scale", "7.7"},
        {"solver", "solve-field"},
        {"solver_timeout", "7.5"},
        {"astap_default_search_radius", "12"},
        {"astap_executable_path", "/opt/astap/astap"},
        {"astap_data_directory_path", "/opt/astap/data"},
        {"solve_field_executable_path", "/opt/bin/solve-field"},
        {"solve_field_index_directory", "/opt/index"},
        {"cluster_panel_threshold", "0.1"},
        {"cluster_max_span", "0.7"},
        {"cluster_orientation_split_deg", "12.3"},
        {"cluster_target_groups", "5"},
        {"group_mix", "true"},
        {"resample", "bicubic"},
        {"flux_mode", "flux"},
        {"stacking_normalize_method", "none"},
        {"stacking_weighting_method", "noise_fwhm"},
        {"stacking_rejection_algorithm", "linear_fit_clip"},
        {"stacking_kappa_low", "2.1"},
        {"stacking_kappa_high", "4.3"},
        {"stacking_rejection_ampfrac", "0.7"},
        {"stacking_winsor_limits", "0.1,0.2"},
        {"stacking_final_combine_method", "median"},
        {"apply_radial_weight", "true"},
        {"radial_feather_fraction", "0.6"},
        {"radial_shape_power", "1.5"},
        {"altaz_cleanup_enabled", "false"},
        {"altaz_min_coverage", "0.25"},
        {"projection", "ZEA"},
        {"pixel_scale", "1.23"},
        {"orientation", "-33.3"},
        {"center", "187.7,-12.39"},
        {"padding_percent", "2.5"},
        {"reference_grid", "tmpl.hdr"},
        {"max_canvas_pixels", "123456789012"},
        {"outlier_tiles", "drop"},
        {"intertile_photometric_match", "off"},
        {"intertile_overlap_min", "0.15"},
        {"final_combine", "winsorized"},
        {"feather_px", "16.5"},
        {"global_coadd_method", "median"},
        {"global_coadd_k", "1.7"},
        {"backend", "reference"},
        {"use_gpu", "off"},
        {"parallel_autotune_enabled", "false"},
        {"parallel_target_cpu_load", "0.5"},
        {"parallel_target_ram_fraction", "0.72"},
        {"parallel_gpu_vram_fraction", "0.4"},
        {"parallel_max_cpu_workers", "3"},
        {"ram_limit", "8GiB"},
        {"vram_limit", "3GiB"},
        {"rows_per_chunk", "17"},
        {"telemetry_interval", "2.5"},
        {"inject_faults", "write=3"},
        {"exchange_route", "push"}};
    return values;
}

TEST(RunRequest, DefaultsAreThoseOfTheMethods)
{
    RunConfig const config = read_good({});

    EXPECT_EQ(config.input, Words{"frames"});
    EXPECT_EQ(config.output, "out");
    EXPECT_EQ(config.mode, pipeline::Mode::classic);
    EXPECT_EQ(config.resample.kernel, compute::ResampleKernel::lanczos3);
    EXPECT_EQ(config.stacking.combine.rejection, compute::Rejection::winsorized_sigma_clip);
    EXPECT_EQ(config.stacking.combine.kappa_low, 3.0);
    EXPECT_EQ(config.stacking.combine.winsor_high, 0.05);
    EXPECT_TRUE(config.final_combine.is_running_mean());
    EXPECT_EQ(config.global_coadd.rejection, compute::Rejection::kappa_sigma);
    EXPECT_EQ(config.global_coadd.kappa_low, 2.0);
    EXPECT_EQ(config.global_coadd.kappa_high, 2.0);
    EXPECT_EQ(config.parallel.target_ram_fraction, 0.75);
    EXPECT_FALSE(config.dry_run);
}

TEST(RunRequest, PutsValuesIntoTheirMembers)
{
    RunConfig const config = read_good({"--mode",
                                        "mosaic-first",
                                        "--stacking-kappa-low=1.5",
                                        "--orientation",
                                        "-30",
                                        "--pixel-scale",
                                        "2.5",
                                        "--center",
                                        "10,-5",
                                        "--strict",
                                        "--ram-limit",
                                        "2GiB",
                                        "--cluster-panel-threshold",
                                        "0.25",
                                        "--final-combine",
                                        "kappa_sigma",
                                        "--exchange-route",
                                        "pull",
                                        "--stacking-winsor-limits",
                                        "0.1,0.2"});

    EXPECT_EQ(config.mode, pipeline::Mode::mosaic_first);
    EXPECT_EQ(config.stacking.combine.kappa_low, 1.5);
    EXPECT_EQ(std::get<core::Angle>(config.grid.orientation), core::Angle::from_degrees(-30.0));
    EXPECT_EQ(std::get<core::Angle>(config.grid.pixel_scale), core::Angle::from_arcsec(2.5));
    EXPECT_EQ(config.grid.center->lat, core::Angle::from_degrees(-5.0));
    EXPECT_TRUE(config.strict);
    EXPECT_EQ(config.parallel.ram_limit, std::int64_t{2} << 30);
    EXPECT_EQ(config.grouping.panel_threshold, core::Angle::from_degrees(0.25));
    EXPECT_EQ(config.route, engine::Route::pull);
    EXPECT_EQ(config.final_combine.rejection, compute::Rejection::kappa_sigma);
    // One definition of rejection: thresholds of the stacking hold for the other coadds too.
    EXPECT_EQ(config.final_combine.kappa_low, 1.5);
    EXPECT_EQ(config.final_combine.winsor_low, 0.1);
    EXPECT_EQ(config.global_coadd.winsor_high, 0.2);
}

TEST(RunRequest, CollectsAllInputs)
{
    Words const words{"--input", "a", "b c", "--output", "o", "--input", "d"};

    EXPECT_EQ(read_run_request(words, false).config.input, (Words{"a", "b c", "d"}));
}

TEST(RunRequest, PlanIsADryRunWithoutOutput)
{
    RunRequest const request = read_run_request({"--input", "frames"}, true);

    EXPECT_TRUE(request.config.dry_run);
    EXPECT_TRUE(request.config.output.empty());
}

TEST(RunRequest, PrintedConfigurationReadsBackToTheSame)
{
    std::string text;
    for (auto const& [key, value] : other_values()) {
        text += ini_line(key, value) + "\n";
    }

    RunConfig const config = run_config_from_text(text);
    RunConfig const again = run_config_from_text(config.options_text);

    EXPECT_EQ(again.options_text, config.options_text);
    for (Option<RunConfig> const& option : run_options()) {
        ASSERT_TRUE(other_values().contains(option.info.key)) << option.info.key;
        Words const expected{other_values().at(option.info.key)};
        EXPECT_EQ(option.get(config), expected) << option.info.key;
        EXPECT_EQ(option.get(again), expected) << option.info.key;
        if (option.info.key != "assembly") {
            EXPECT_NE(option.get(RunConfig{}), expected) << option.info.key;
        }
    }
    EXPECT_EQ(again.grid.pixel_scale, config.grid.pixel_scale);
    EXPECT_EQ(again.grid.orientation, config.grid.orientation);
    EXPECT_EQ(again.wcs_limits.max_scale, config.wcs_limits.max_scale);
    EXPECT_EQ(again.grid.center->lon, config.grid.center->lon);
}

TEST(RunRequest, DefaultsRoundTripToo)
{
    RunConfig const config = run_config_from_text("");

    EXPECT_EQ(run_config_from_text(config.options_text).options_text, config.options_text);
}

TEST(RunRequest, RejectionMapsAreOfMasterTiles)
{
    EXPECT_FALSE(read_good({}).stacking.rejection_maps);
    EXPECT_TRUE(read_good({"--rejection-maps"}).stacking.rejection_maps);
    EXPECT_TRUE(read_good({"--rejection-maps"}).notes.empty());
    // The maps are no part of the picture: products are the same with and without.
    EXPECT_EQ(read_good({"--rejection-maps"}).picture_options_text,
              read_good({}).picture_options_text);
    for (Words const& words : {Words{"--mode", "mosaic-first"}, {"--start-from", "master-tiles"}}) {
        Words with_maps = words;
        with_maps.emplace_back("--rejection-maps");
        ASSERT_EQ(read_good(with_maps).notes.size(), 1U);
        EXPECT_TRUE(holds(read_good(with_maps).notes[0], "rejection_maps has no effect"));
        EXPECT_TRUE(read_good(words).notes.empty());
    }
}

TEST(RunRequest, KeepsNumbersOfManyInputs)
{
    RunConfig const config = run_config_from_text("input = a\ninput = b\ninput = \"c # d\"\n");

    EXPECT_EQ(config.input, (Words{"a", "b", "c # d"}));
    EXPECT_EQ(run_config_from_text(config.options_text).input, config.input);
}

TEST(RunRequest, PictureTextLeavesOutPathsAndPlans)
{
    RunConfig const here = read_good({"--rows-per-chunk", "7", "--ram-limit", "1GiB"});
    RunConfig const there =
        read_run_request({"--input", "elsewhere", "--output", "other"}, false).config;
    RunConfig const changed = read_good({"--feather-px", "3"});

    EXPECT_EQ(here.picture_options_text, there.picture_options_text);
    EXPECT_NE(here.picture_options_text, changed.picture_options_text);
    EXPECT_FALSE(holds(here.picture_options_text, "input"));
}

TEST(RunRequest, SuggestsTheNearestOption)
{
    EXPECT_EQ(error_with_paths({"--stacking-kapa-low", "3"}),
              "unknown option --stacking-kapa-low; did you mean --stacking-kappa-low?");
    EXPECT_EQ(error_with_paths({"--stacking_kappa_low", "3"}),
              "unknown option --stacking_kappa_low; did you mean --stacking-kappa-low?");
    EXPECT_EQ(error_with_paths({"--quux"}), "unknown option --quux; see --help");
}

TEST(RunRequest, AbbreviationsAreUnknown)
{
    EXPECT_TRUE(holds(error_with_paths({"--stacking-kappa", "3"}), "unknown option"));
}

TEST(RunRequest, SaysWhatThisVersionOffers)
{
    EXPECT_EQ(error_with_paths({"--mode", "sds"}),
              "--mode cannot be 'sds' (it is planned for a later version; this version offers "
              "classic, mosaic-first)");
    EXPECT_TRUE(holds(error_with_paths({"--intertile-photometric-match", "affine"}),
                      "this version offers off, offset"));
    EXPECT_TRUE(holds(error_with_paths({"--mode", "moasic-first"}), "did you mean mosaic-first?"));
    EXPECT_EQ(error_with_paths({"--assembly", "incremental"}),
              "--assembly cannot be 'incremental' (it is planned for a later version; this version "
              "offers reproject)");
    EXPECT_EQ(error_with_paths({"--sds-lots", "3"}),
              "the option --sds-lots is planned for a later version and not offered yet");
}

TEST(RunRequest, ReportsAllProblemsAtOnce)
{
    std::string const text =
        error_of({"stray.fits", "--mode", "sds", "--stacking-kappa-low", "-1", "--wrong-one", "5",
                  "--padding-percent", "--parallel-target-ram-fraction", "0.9"});

    EXPECT_TRUE(holds(text, "there are 8 problems with the options:\n")) << text;
    EXPECT_TRUE(holds(text,
                      "'stray.fits' belongs to no option; give files and directories as "
                      "--input stray.fits"))
        << text;
    EXPECT_TRUE(holds(text, "--mode cannot be 'sds'")) << text;
    EXPECT_TRUE(holds(text, "--stacking-kappa-low cannot be '-1' (it must be more than 0")) << text;
    EXPECT_TRUE(holds(text, "unknown option --wrong-one")) << text;
    EXPECT_TRUE(holds(text, "--padding-percent needs a value: NUMBER")) << text;
    EXPECT_TRUE(holds(text,
                      "--parallel-target-ram-fraction cannot be '0.9' (it must lie between "
                      "0.7 and 0.8)"))
        << text;
    EXPECT_TRUE(holds(text, "there is no input")) << text;
    EXPECT_FALSE(holds(text, "'5'")) << "the value of an unknown option is no second problem";
}

TEST(RunRequest, ReportsMissingPathsTogether)
{
    std::string const text = error_of({});

    EXPECT_TRUE(holds(text, "there is no input")) << text;
    EXPECT_TRUE(holds(text, "there is no output")) << text;
}

TEST(RunRequest, RefusesRepeatedOptions)
{
    EXPECT_EQ(error_with_paths({"--mode", "classic", "--mode", "classic"}),
              "--mode is given more than once; keep one of them");
}

TEST(RunRequest, RefusesValuesOutOfRange)
{
    for (Words const& words : {Words{"--stacking-kappa-high", "0"},
                               Words{"--stacking-winsor-limits", "0.5,0.1"},
                               Words{"--stacking-winsor-limits", "0.1"},
                               Words{"--padding-percent", "-1"},
                               Words{"--feather-px", "-0.1"},
                               Words{"--intertile-overlap-min", "1.5"},
                               Words{"--cluster-target-groups", "-2"},
                               Words{"--cluster-target-groups", "2.5"},
                               Words{"--max-canvas-pixels", "0"},
                               Words{"--pixel-scale", "0"},
                               Words{"--pixel-scale", "mean"},
                               Words{"--center", "400,0"},
                               Words{"--ram-limit", "8G"},
                               Words{"--parallel-target-cpu-load", "1.1"},
                               Words{"--parallel-max-cpu-workers", "-1"},
                               Words{"--projection", "tan"},
                               Words{"--strict=perhaps"},
                               Words{"--mask-bits", "0"},
                               Words{"--mask-bits", "-1"},
                               Words{"--weight-suffix", "="},
                               Words{"--mask-suffix", "[]"},
                               Words{"--output", "a\nb"}}) {
        EXPECT_TRUE(holds(error_of(words),
                          words.front().substr(0, words.front().find('=')) + " cannot be '"))
            << words.front() << ": " << error_of(words);
    }
}

TEST(RunRequest, RefusesContradictions)
{
    EXPECT_TRUE(holds(error_with_paths({"--min-scale", "5", "--max-scale", "4"}),
                      "min_scale must be less"));
    EXPECT_TRUE(holds(error_with_paths({"--mode", "mosaic-first", "--start-from", "master-tiles"}),
                      "contradict"));
    EXPECT_TRUE(holds(
        error_with_paths({"--reference-grid", "g.hdr", "--projection", "TAN", "--center", "1,1"}),
        "projection, center"));
    EXPECT_TRUE(
        holds(error_with_paths({"--use-gpu", "on", "--backend", "reference"}), "contradict"));
}

TEST(RunRequest, AsksForADeviceThatIsThere)
{
    std::string const text = error_with_paths({"--use-gpu", "on"});

    if (compute::cuda_device_count() > 0) {
        EXPECT_EQ(text, "");
    } else {
        EXPECT_TRUE(holds(text, "use_gpu on is not possible")) << text;
    }
    EXPECT_EQ(error_with_paths({"--use-gpu", "auto"}), "");
}

TEST(RunRequest, HelpNamesEveryOptionAndNeedsNothingElse)
{
    RunRequest const request = read_run_request({"--help", "--mode", "sds"}, false);
    std::string const text = help_text(infos_of(run_options()));

    EXPECT_TRUE(request.help);
    for (auto const& [key, value] : other_values()) {
        EXPECT_TRUE(holds(text, "  " + dashed(key))) << key;
    }
    EXPECT_TRUE(holds(text, "P3 master tiles:"));
    EXPECT_TRUE(holds(text, "(default lanczos3)"));
}

TEST(RunRequest, PrintingNeedsNoPaths)
{
    RunRequest const request = read_run_request({"--print-config", "--feather-px", "2"}, false);

    EXPECT_TRUE(request.print_config);
    EXPECT_TRUE(holds(request.config.options_text, "\nfeather_px = 2\n"));
}
}  // namespace
}  // namespace sectile::app
