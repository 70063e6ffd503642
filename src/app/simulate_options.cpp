// SPDX-License-Identifier: BSD-3-Clause
#include "app/simulate_options.hpp"

#include "app/table_builder.hpp"

namespace sectile::app
{
namespace
{
using simulate::SimulateConfig;
using Builder = TableBuilder<SimulateConfig>;

constexpr double largest_count = 2147483647.0;

#define SECTILE_FIELD(member) ([](auto& config) -> auto& { return config.member; })

void add_survey(Builder& table)
{
    table.section("Survey", Effect::execution);
    table.text("output", "DIR", "directory of the frames and truth.json", SECTILE_FIELD(output));
    table.integer("frames", "number of frames", {1.0, largest_count}, SECTILE_FIELD(frames));
    table.integer("columns", "pointings in a row of the raster; 0: near-square",
                  {0.0, largest_count}, SECTILE_FIELD(columns));
    table.integer("frames_per_pointing", "dithered frames per pointing", {1.0, largest_count},
                  SECTILE_FIELD(frames_per_pointing));
    table.real("overlap", "of neighbouring pointings, fraction of the frame", {0.0, 0.99},
               SECTILE_FIELD(overlap));
    table.real("dither", "rms offset of the frames of a pointing, pixels", {0.0, 1e4},
               SECTILE_FIELD(dither));
    table.real("rotation", "field rotation over the survey, degrees", {-360.0, 360.0},
               SECTILE_FIELD(rotation));
    table.real("ra", "right ascension of the centre, degrees", {0.0, 360.0}, SECTILE_FIELD(ra));
    table.real("dec", "declination of the centre, degrees", {-90.0, 90.0}, SECTILE_FIELD(dec));
    table.flag("headers_only", "no pixels: files of full size that take no space, for planning",
               SECTILE_FIELD(headers_only));
    table.add(
        "seed", "INTEGER", "of the random numbers; equal seeds give equal surveys",
        [](SimulateConfig& config, std::string const& text) { config.seed = parse_count(text); },
        [](SimulateConfig const& config) {
            return std::vector<std::string>{std::to_string(config.seed)};
        });
}

void add_camera(Builder& table)
{
    table.section("Camera", Effect::execution);
    table.integer("width", "sensor pixels", {16.0, 100000.0}, SECTILE_FIELD(width));
    table.integer("height", "sensor rows", {16.0, 100000.0}, SECTILE_FIELD(height));
    table.real("scale", "arcseconds per pixel", {0.0, 600.0, true}, SECTILE_FIELD(scale));
    table.real("distortion", "SIP displacement at the corner, pixels; 0: plain TAN", {-1e3, 1e3},
               SECTILE_FIELD(distortion));
    table.word("colour", "sensor with a Bayer mosaic, grey, or three planes",
               {"bayer", "mono", "rgb"}, SECTILE_FIELD(colour));
    table.word("bayer_pattern", "colour filters of the sensor", {"RGGB", "BGGR", "GRBG", "GBRG"},
               SECTILE_FIELD(bayer_pattern));
    table.choice<int>("bits_per_pixel", "16: unsigned integers; -32: float",
                      {{"16", 16}, {"-32", -32}}, SECTILE_FIELD(bits_per_pixel));
    table.real("noise", "sigma of sky and read-out, ADU", {0.0, 1e5}, SECTILE_FIELD(noise));
    table.real("full_well", "ADU at which pixels saturate", {0.0, 65535.0, true},
               SECTILE_FIELD(full_well));
    table.real("hot_pixels", "fraction of sensor pixels, fixed on the detector", {0.0, 1.0},
               SECTILE_FIELD(hot_pixels));
}

void add_sky(Builder& table)
{
    Range const scatter{0.0, 1.0};
    table.section("Sky and night", Effect::execution);
    table.real("star_density", "stars per square degree", {0.0, 1e7}, SECTILE_FIELD(star_density));
    table.real("nebulosity", "brightness of the diffuse light, in ten sky noises; 0: none",
               {0.0, 1e4}, SECTILE_FIELD(nebulosity));
    table.real("seeing", "FWHM of the stars, pixels", {0.5, 1e3}, SECTILE_FIELD(seeing));
    table.real("seeing_scatter", "relative, frame to frame", scatter,
               SECTILE_FIELD(seeing_scatter));
    table.real("soft_seeing", "FWHM of soft frames, pixels", {0.5, 1e3},
               SECTILE_FIELD(soft_seeing));
    table.real("soft_share", "fraction of the frames of a pointing that are soft", {0.0, 1.0},
               SECTILE_FIELD(soft_share));
    table.real("wings", "exponent of a Moffat profile; 0: Gaussian stars", {0.0, 100.0},
               SECTILE_FIELD(wings));
    table.real("elongation", "of the stars, 1 - b/a", {0.0, 0.9}, SECTILE_FIELD(elongation));
    table.real("galaxies", "fraction of the stars that have a size of their own", {0.0, 1.0},
               SECTILE_FIELD(galaxies));
    table.real("sky_level", "background, ADU", {0.0, 1e9}, SECTILE_FIELD(sky_level));
    table.real("sky_scatter", "relative, frame to frame", scatter, SECTILE_FIELD(sky_scatter));
    table.real("gradient", "of the background over a frame, peak to peak, relative", {0.0, 10.0},
               SECTILE_FIELD(gradient));
    table.real("gain_scatter", "relative photometric gain, frame to frame", scatter,
               SECTILE_FIELD(gain_scatter));
    table.real("exposure_step", "every second frame is exposed so many times longer",
               {0.0, 1e4, true}, SECTILE_FIELD(exposure_step));
    table.real("wcs_error", "rms shift of the WCS in the headers, pixels", {0.0, 1e4},
               SECTILE_FIELD(wcs_error));
    table.real("wcs_turn", "rms turn of the WCS in the headers, degrees", {0.0, 180.0},
               SECTILE_FIELD(wcs_turn));
    table.real("trails", "satellite trails per frame", {0.0, 1e3}, SECTILE_FIELD(trails));
}
#undef SECTILE_FIELD
}  // namespace

std::vector<Option<SimulateConfig>> const& simulate_options()
{
    static std::vector<Option<SimulateConfig>> const table = [] {
        Builder builder;
        add_survey(builder);
        add_camera(builder);
        add_sky(builder);
        return builder.take();
    }();
    return table;
}

Request<SimulateConfig> read_simulate_request(std::vector<std::string> const& words)
{
    Problems problems;
    Request<SimulateConfig> request = read_options(words, simulate_options(), problems);
    if (request.help) {
        return request;
    }
    if (request.config.output.empty() && !request.print_config) {
        problems.add("there is no output; give a directory with --output DIR");
    }
    problems.throw_if_any();
    return request;
}
}  // namespace sectile::app
