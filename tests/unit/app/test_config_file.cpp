// SPDX-License-Identifier: BSD-3-Clause
#include <filesystem>
#include <fstream>
#include <unistd.h>

#include <gtest/gtest.h>

#include "sectile/core/error.hpp"

#include "app/config_file.hpp"
#include "app/run_options.hpp"
#include "app/run_request.hpp"
#include "app/simulate_options.hpp"

namespace sectile::app
{
namespace
{
using Words = std::vector<std::string>;

/// A file that lives as long as the test.
class ScratchFile
{
  public:
    ScratchFile(std::string const& name, std::string const& text)
        : folder_(std::filesystem::temp_directory_path() /
                  ("sectile_config_test_" + std::to_string(::getpid()))),
          path_(folder_ / name)
    {
        std::filesystem::create_directories(folder_);
        std::ofstream(path_) << text;
    }
    ~ScratchFile() { std::filesystem::remove_all(folder_); }
    ScratchFile(ScratchFile const&) = delete;
    ScratchFile& operator=(ScratchFile const&) = delete;
    [[nodiscard]] std::string path() const { return path_.string(); }

  private:
    std::filesystem::path folder_;
    std::filesystem::path path_;
};

RunRequest read_with(ScratchFile const& file, Words words = {})
{
    words.insert(words.end(), {"--config", file.path()});
    return read_run_request(words, false);
}

std::string error_with(ScratchFile const& file, Words const& words = {})
{
    try {
        static_cast<void>(read_with(file, words));
    } catch (core::ConfigError const& error) {
        return error.what();
    }
    return {};
}

bool holds(std::string const& text, std::string const& part)
{
    return text.find(part) != std::string::npos;
}

TEST(ConfigFile, CommandLineWinsOverFileWinsOverDefault)
{
    ScratchFile const file("run.ini",
                           "# a comment\n[paths]\ninput = x\ninput = y\noutput = from_file\n"
                           "[stacking]\nstacking_kappa_low = 2.5 # why not\nfeather_px = 4\n");

    pipeline::RunConfig const config =
        read_with(file, {"--output", "from_line", "--feather-px", "8"}).config;

    EXPECT_EQ(config.input, (Words{"x", "y"}));
    EXPECT_EQ(config.output, "from_line");
    EXPECT_EQ(config.feather, 8.0);
    EXPECT_EQ(config.stacking.combine.kappa_low, 2.5);
    EXPECT_EQ(config.stacking.combine.kappa_high, 3.0);
}

TEST(ConfigFile, InputsOfTheCommandLineReplaceThoseOfTheFile)
{
    ScratchFile const file("run.ini", "input = x\noutput = o\n");

    EXPECT_EQ(read_with(file, {"--input", "z"}).config.input, Words{"z"});
}

TEST(ConfigFile, UnknownKeyIsAnErrorWithTheNearestKey)
{
    ScratchFile const file("run.ini", "input = x\noutput = o\nstacking_kapa_low = 3\n");

    EXPECT_EQ(error_with(file), "unknown option stacking_kapa_low in " + file.path() +
                                    "; did you mean stacking_kappa_low?");
}

TEST(ConfigFile, NamesTheFileOfABadValue)
{
    ScratchFile const file("run.ini", "input = x\noutput = o\nfeather_px = wide\nmode = sds\n");

    std::string const text = error_with(file);

    EXPECT_TRUE(holds(text, "feather_px in " + file.path() + " cannot be 'wide'")) << text;
    EXPECT_TRUE(holds(text, "mode in " + file.path() + " cannot be 'sds'")) << text;
}

TEST(ConfigFile, AValueThatTheCommandLineReplacesIsNoProblem)
{
    ScratchFile const file("run.ini", "input = x\noutput = o\nmode = sds\n");

    EXPECT_EQ(error_with(file, {"--mode", "classic"}), "");
}

TEST(ConfigFile, RefusesRepeatedKeysAndBrokenLines)
{
    ScratchFile const repeated("run.ini",
                               "input = x\noutput = o\nfeather_px = 1\nfeather_px = 2\n");
    EXPECT_TRUE(holds(error_with(repeated),
                      "feather_px in " + repeated.path() + " is given more than once"));

    ScratchFile const broken("run2.ini", "input = x\nthis is no line\n");
    EXPECT_TRUE(holds(error_with(broken, {"--output", "o", "--input", "x"}),
                      "cannot read the configuration file " + broken.path()));
}

TEST(ConfigFile, MissingFileAndDirectoryAreProblems)
{
    for (char const* path : {"/nonexistent/run.ini", "/"}) {
        Problems problems;
        static_cast<void>(read_config_file(path, infos_of(run_options()), problems));
        EXPECT_FALSE(problems.empty()) << path;
    }
}

TEST(ConfigFile, AnEmptyFileSaysNothing)
{
    ScratchFile const file("empty.ini", "");

    EXPECT_EQ(error_with(file, {"--input", "x", "--output", "o"}), "");
}

TEST(ConfigFile, TakesWhatPrintConfigPrints)
{
    pipeline::RunConfig const printed =
        read_run_request({"--input", "a#b", "c d", "--output", "o", "--center", "12.5,-3.25",
                          "--ram-limit", "3GB", "--stacking-winsor-limits", "0.1,0.15"},
                         false)
            .config;
    ScratchFile const file("printed.ini", printed.options_text);

    EXPECT_EQ(read_with(file).config.options_text, printed.options_text);
}

TEST(ZeMosaicJson, MapsItsKeys)
{
    ScratchFile const file("zemosaic_config.json", R"({
        "input_dir": "lights", "output_dir": "out",
        "stacking_normalize_method": "sky_mean", "stacking_kappa_low": 2.5,
        "stacking_winsor_limits": "0.1,0.2", "cluster_target_groups": 4,
        "final_assembly_method": "reproject_coadd", "sds_mode_default": false,
        "global_wcs_pixelscale_mode": "max", "global_wcs_padding_percent": 2.0,
        "global_wcs_orientation": "min_area", "use_gpu_phase5": true,
        "num_processing_workers": -1, "cache_retention": "keep",
        "intertile_photometric_match": false, "parallel_target_ram_fraction": 0.8,
        "global_coadd_method": "kappa_sigma", "global_coadd_k": 2.5
    })");

    pipeline::RunConfig const config = read_with(file).config;

    EXPECT_EQ(config.input, Words{"lights"});
    EXPECT_EQ(config.output, "out");
    EXPECT_EQ(config.stacking.normalize, tile::Normalize::sky_mean);
    EXPECT_EQ(config.stacking.combine.kappa_low, 2.5);
    EXPECT_EQ(config.stacking.combine.winsor_high, 0.2);
    EXPECT_EQ(config.grouping.target_groups, 4);
    EXPECT_EQ(std::get<plan::PixelScaleRule>(config.grid.pixel_scale), plan::PixelScaleRule::max);
    EXPECT_EQ(config.grid.padding_percent, 2.0);
    EXPECT_EQ(std::get<plan::OrientationRule>(config.grid.orientation),
              plan::OrientationRule::min_area);
    EXPECT_EQ(config.use_gpu, machine::UseGpu::automatic);
    EXPECT_EQ(config.parallel.max_cpu_workers, 0);
    EXPECT_EQ(config.keep, pipeline::Keep::all);
    EXPECT_EQ(config.photometric_match, photometry::PhotometricMatch::off);
    EXPECT_EQ(config.parallel.target_ram_fraction, 0.8);
    EXPECT_EQ(config.global_coadd.kappa_high, 2.5);
    EXPECT_EQ(config.mode, pipeline::Mode::classic);
    EXPECT_TRUE(config.notes.empty());
}

TEST(ZeMosaicJson, NamesIgnoredKeysOnce)
{
    ScratchFile const file("settings", R"(  {"language": "fr", "qt_theme_mode": "dark",
        "photometric_reference": 1, "input_dir": "a", "output_dir": ""})");

    RunRequest const request = read_with(file, {"--output", "o"});

    ASSERT_EQ(request.notes.size(), 2U);
    EXPECT_EQ(request.notes[0], "options in " + file.path() +
                                    " that this version does not offer yet: "
                                    "photometric_reference");
    EXPECT_EQ(request.notes[1], "keys in " + file.path() +
                                    " that have no meaning here are ignored: language, "
                                    "qt_theme_mode");
    EXPECT_EQ(request.config.notes, request.notes);
}

TEST(ZeMosaicJson, RefusesWhatThisVersionDoesNotOffer)
{
    ScratchFile const file("c.json", R"({"input_dir": "a", "output_dir": "o",
        "sds_mode_default": true, "intertile_photometric_match": "affine"})");

    std::string const text = error_with(file);

    EXPECT_TRUE(holds(text, "mode in " + file.path() + " cannot be 'sds'")) << text;
    EXPECT_TRUE(holds(text, "this version offers off, offset")) << text;
    EXPECT_EQ(error_with(file, {"--mode", "classic", "--intertile-photometric-match", "off"}), "");
}

TEST(ZeMosaicJson, TakesListsAndRefusesObjects)
{
    ScratchFile const lists("c.json", R"({"input": ["a", "b"], "output": "o",
        "stacking_winsor_limits": [0.1, 0.2], "global_coadd_k": null})");
    pipeline::RunConfig const config = read_with(lists).config;
    EXPECT_EQ(config.input, (Words{"a", "b"}));
    EXPECT_EQ(config.stacking.combine.winsor_low, 0.1);
    EXPECT_EQ(config.global_coadd.kappa_low, 2.0);

    ScratchFile const object("d.json", R"({"input": "a", "output": "o", "feather_px": {"x": 1}})");
    EXPECT_TRUE(holds(error_with(object), "feather_px in " + object.path()));
}

TEST(ZeMosaicJson, RefusesBrokenText)
{
    ScratchFile const broken("c.json", "{\"input\": ");
    EXPECT_TRUE(holds(error_with(broken, {"--input", "a", "--output", "o"}),
                      "cannot read the configuration file"));

    ScratchFile const list("d.json", "[1, 2]");
    EXPECT_TRUE(holds(error_with(list, {"--input", "a", "--output", "o"}), "no JSON object"));
}

TEST(SimulateOptions, RoundTripAndRanges)
{
    auto const request =
        read_simulate_request({"--output", "s", "--frames", "7", "--bits-per-pixel", "-32", "--dec",
                               "-12.5", "--seed", "18446744073709551615", "--colour", "rgb"});
    std::string const text = to_ini(simulate_options(), request.config);
    ScratchFile const file("s.ini", text);
    auto const again = read_simulate_request({"--config", file.path()});

    EXPECT_EQ(again.config.frames, 7);
    EXPECT_EQ(again.config.bits_per_pixel, -32);
    EXPECT_EQ(again.config.dec, -12.5);
    EXPECT_EQ(again.config.seed, std::numeric_limits<std::uint64_t>::max());
    EXPECT_EQ(to_ini(simulate_options(), again.config), text);
    for (Words const& words :
         {Words{"--frames", "0"}, Words{"--overlap", "1"}, Words{"--bits-per-pixel", "8"},
          Words{"--colour", "cmyk"}, Words{"--seed", "-1"}}) {
        Words all{"--output", "s"};
        all.insert(all.end(), words.begin(), words.end());
        EXPECT_THROW(static_cast<void>(read_simulate_request(all)), core::ConfigError)
            << words.front();
    }
    EXPECT_THROW(static_cast<void>(read_simulate_request({})), core::ConfigError);
}
}  // namespace
}  // namespace sectile::app
