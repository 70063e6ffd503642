// SPDX-License-Identifier: BSD-3-Clause
// The synthetic survey is what its truth.json says: everything that is measured against it rests on
// this.
#include <algorithm>
#include <cmath>
#include <map>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <tbb/global_control.h>

#include "sectile/core/error.hpp"
#include "sectile/io/frame_reader.hpp"
#include "sectile/simulate/write_survey.hpp"
#include "sectile/sky/sky_wcs.hpp"

#include "support/read_image.hpp"
#include "support/run_program.hpp"

namespace
{
using nlohmann::json;
using sectile::core::Angle;
using sectile::image::Image;
using sectile::simulate::simulate_survey;
using sectile::simulate::SimulateConfig;
using sectile::test::read_file;
using sectile::test::ScratchFolder;
namespace io = sectile::io;
namespace sky = sectile::sky;

/// A survey of few stars without any disturbance: what is measured must be the truth.
SimulateConfig undisturbed(std::string const& output)
{
    SimulateConfig config;
    config.output = output;
    config.frames = 2;
    config.frames_per_pointing = 1;
    config.width = 400;
    config.height = 300;
    config.scale = 6.0;
    config.colour = "mono";
    config.bits_per_pixel = -32;
    config.star_density = 200.0;
    config.nebulosity = 0.0;
    config.gradient = 0.0;
    config.noise = 0.0;
    config.hot_pixels = 0.0;
    config.trails = 0.0;
    return config;
}

std::string frame_path(SimulateConfig const& config, int index)
{
    return config.output + "/frame_0000" + std::to_string(index) + ".fits";
}

json truth_of(SimulateConfig const& config)
{
    return json::parse(read_file(config.output + "/truth.json"));
}

sky::FrameHeader header_of(std::string const& path)
{
    io::FileScan scan = io::scan_file(path, true);
    EXPECT_TRUE(scan.unreadable.empty()) << path;
    EXPECT_EQ(scan.frames.size(), 1U) << path;
    return scan.frames.at(0);
}

Image<float> pixels_of(std::string const& path)
{
    return sectile::test::read_image(header_of(path));
}

struct Placed
{
    sky::PixelPos at;
    double flux = 0.0;
};

/// Stars of the truth in pixels of a frame, by the program's own reading of its header.
std::vector<Placed> placed_stars(SimulateConfig const& config, int index)
{
    sky::SkyWcs const wcs(header_of(frame_path(config, index)).wcs);
    json const truth = truth_of(config);
    std::vector<Placed> stars;
    for (json const& star : truth["stars"]) {
        sky::SkyCoord const coord{Angle::from_degrees(star["ra"]),
                                  Angle::from_degrees(star["dec"])};
        sky::PixelPos const at = wcs.sky_to_pixel(coord);
        if (std::isfinite(at.x) && std::isfinite(at.y)) {
            stars.push_back({at, star["flux"][0]});
        }
    }
    return stars;
}

/// ADU; a star of this flux peaks at about 40,000 ADU, brighter ones saturate.
constexpr double saturating_flux = 3e5;

constexpr int box_radius = 9;  ///< pixels; more than 6 sigma of the PSF, where its light ends

/// Unsaturated stars whose box lies in the frame and holds no light of another star.
std::vector<Placed> isolated_stars(SimulateConfig const& config, int index)
{
    std::vector<Placed> const all = placed_stars(config, index);
    std::vector<Placed> isolated;
    double const clear = 2.0 * box_radius + 2.0;
    for (Placed const& star : all) {
        bool const inside = star.at.x > box_radius + 1 && star.at.y > box_radius + 1 &&
                            star.at.x < config.width - box_radius - 2 &&
                            star.at.y < config.height - box_radius - 2;
        auto const near = [&](Placed const& other) {
            return std::hypot(other.at.x - star.at.x, other.at.y - star.at.y) < clear;
        };
        bool const is_linear = star.flux < saturating_flux;
        if (inside && is_linear && std::count_if(all.begin(), all.end(), near) == 1) {
            isolated.push_back(star);
        }
    }
    return isolated;
}

/// Flux and centroid above a known sky.
Placed measured_at(Image<float> const& pixels, sky::PixelPos const& at, double sky_level)
{
    auto const x0 = static_cast<std::int64_t>(std::lround(at.x)) - box_radius;
    auto const y0 = static_cast<std::int64_t>(std::lround(at.y)) - box_radius;
    Placed sum;
    for (std::int64_t y = y0; y <= y0 + 2 * box_radius; ++y) {
        for (std::int64_t x = x0; x <= x0 + 2 * box_radius; ++x) {
            double const value = pixels.view().at(0, x, y) - sky_level;
            sum.flux += value;
            sum.at.x += value * static_cast<double>(x);
            sum.at.y += value * static_cast<double>(y);
        }
    }
    return {{sum.at.x / sum.flux, sum.at.y / sum.flux}, sum.flux};
}

TEST(Simulate, SameConfigurationGivesTheSameBytesOnAnyNumberOfThreads)
{
    ScratchFolder const scratch("simulate_bytes");
    SimulateConfig first;
    first.output = scratch / "first";
    first.frames = 4;
    first.width = 120;
    first.height = 90;
    first.trails = 1.5;
    SimulateConfig second = first;
    second.output = scratch / "second";
    SimulateConfig other_seed = first;
    other_seed.output = scratch / "other";
    other_seed.seed = 2;

    simulate_survey(first);
    simulate_survey(other_seed);
    {
        tbb::global_control const one_thread(tbb::global_control::max_allowed_parallelism, 1);
        simulate_survey(second);
    }

    for (std::string const name : {"/frame_00000.fits", "/frame_00003.fits", "/truth.json"}) {
        EXPECT_TRUE(read_file(first.output + name) == read_file(second.output + name)) << name;
        EXPECT_FALSE(read_file(first.output + name) == read_file(other_seed.output + name)) << name;
    }
}

TEST(Simulate, StarsHoldTheirFluxWhereTheHeaderPutsThem)
{
    for (double const distortion : {0.0, 1.5}) {
        ScratchFolder const scratch("simulate_stars");
        SimulateConfig config = undisturbed(scratch / "frames");
        config.distortion = distortion;
        config.rotation = 40.0;
        simulate_survey(config);

        for (int index = 0; index < config.frames; ++index) {
            json const frame = truth_of(config)["frames"][static_cast<std::size_t>(index)];
            double const gain = frame["gain"];
            double const sky_level = frame["sky"][0];
            Image<float> const pixels = pixels_of(frame_path(config, index));
            std::vector<Placed> const stars = isolated_stars(config, index);
            ASSERT_GE(stars.size(), 10U);
            for (Placed const& star : stars) {
                Placed const measured = measured_at(pixels, star.at, sky_level);

                // Pixels of about 1000 ADU are rounded to 6e-5 ADU: 361 of them add up to below
                // 0.01 ADU, and shift the centroid of the faintest star (200 ADU) by less than 5e-4
                // pixels.
                EXPECT_NEAR(measured.flux, gain * star.flux, 0.01 + 1e-6 * star.flux);
                EXPECT_NEAR(measured.at.x, star.at.x, 5e-4);
                EXPECT_NEAR(measured.at.y, star.at.y, 5e-4);
            }
        }
    }
}

TEST(Simulate, NamedPatternOrdersTheColours)
{
    using sectile::image::BayerPattern;
    std::map<std::string, BayerPattern> const patterns = {{"RGGB", BayerPattern::rggb},
                                                          {"BGGR", BayerPattern::bggr},
                                                          {"GRBG", BayerPattern::grbg},
                                                          {"GBRG", BayerPattern::gbrg}};
    for (auto const& [name, pattern] : patterns) {
        ScratchFolder const scratch("simulate_bayer");
        SimulateConfig config = undisturbed(scratch / "frames");
        config.frames = 1;
        config.colour = "bayer";
        config.bayer_pattern = name;
        config.star_density = 0.0;
        simulate_survey(config);

        sky::FrameHeader const header = header_of(frame_path(config, 0));
        EXPECT_EQ(header.geometry.bayer, pattern);
        EXPECT_EQ(header.geometry.planes, 3);
        json const levels = truth_of(config)["frames"][0]["sky"];
        Image<float> const pixels = pixels_of(frame_path(config, 0));
        for (std::int64_t y = 0; y < 4; ++y) {
            for (std::int64_t x = 0; x < 4; ++x) {
                auto const plane = static_cast<std::size_t>(bayer_plane(pattern, x, y));
                EXPECT_FLOAT_EQ(pixels.view().at(0, x, y), levels[plane].get<float>())
                    << name << " " << x << "," << y;
            }
        }
    }
}

TEST(Simulate, NoiseHasTheAskedSigma)
{
    ScratchFolder const scratch("simulate_noise");
    SimulateConfig config = undisturbed(scratch / "frames");
    config.star_density = 0.0;
    config.noise = 10.0;
    simulate_survey(config);

    double const level = truth_of(config)["frames"][1]["sky"][0];
    Image<float> const pixels = pixels_of(frame_path(config, 1));
    double sum = 0.0;
    double squares = 0.0;
    double neighbours = 0.0;
    for (std::int64_t y = 0; y < config.height; ++y) {
        for (std::int64_t x = 0; x + 1 < config.width; ++x) {
            double const value = pixels.view().at(0, x, y) - level;
            sum += value;
            squares += value * value;
            neighbours += value * (pixels.view().at(0, x + 1, y) - level);
        }
    }

    // 119,700 samples: five standard errors of mean, sigma and correlation.
    double const count = (config.width - 1.0) * config.height;
    EXPECT_NEAR(sum / count, 0.0, 5.0 * 10.0 / std::sqrt(count));
    EXPECT_NEAR(std::sqrt(squares / count), 10.0, 5.0 * 10.0 / std::sqrt(2.0 * count));
    EXPECT_NEAR(neighbours / squares, 0.0, 5.0 / std::sqrt(count));
}

TEST(Simulate, HotPixelsStayOnTheDetectorAndTrailsAreWhereTheTruthSays)
{
    ScratchFolder const scratch("simulate_defects");
    SimulateConfig config = undisturbed(scratch / "frames");
    config.star_density = 0.0;
    config.hot_pixels = 1e-3;
    config.trails = 1.0;
    simulate_survey(config);
    json const truth = truth_of(config);
    ASSERT_GE(truth["hot_pixels"].size(), 10U);

    for (int index = 0; index < config.frames; ++index) {
        json const frame = truth["frames"][static_cast<std::size_t>(index)];
        double const level = frame["sky"][0];
        Image<float> const pixels = pixels_of(frame_path(config, index));
        ASSERT_EQ(frame["trails"].size(), 1U);
        json const trail = frame["trails"][0];
        auto const x = static_cast<std::int64_t>(std::lround(trail["x"].get<double>()));
        auto const y = static_cast<std::int64_t>(std::lround(trail["y"].get<double>()));
        // The nearest pixel lies at most 0.71 px from the line, whose full brightness reaches
        // width / 2 - 0.5 (at least 0.5) px and then falls by 1 per pixel: at least 79 % is left.
        EXPECT_GE(pixels.view().at(0, x, y) - level, 0.78 * 500.0);
        for (json const& hot : truth["hot_pixels"]) {
            double const excess = pixels.view().at(0, hot["x"], hot["y"]) - level;
            EXPECT_GE(excess, hot["excess"].get<double>() - 0.01);
        }
    }
}

TEST(Simulate, HeaderTellsTheFactsOfACamera)
{
    ScratchFolder const scratch("simulate_header");
    SimulateConfig config;
    config.output = scratch / "frames";
    config.frames = 3;
    config.width = 120;
    config.height = 90;
    simulate_survey(config);

    sky::FrameHeader const first = header_of(frame_path(config, 0));
    sky::FrameHeader const last = header_of(frame_path(config, 2));
    EXPECT_EQ(first.facts.instrument, "sectile-sim");
    EXPECT_EQ(first.facts.filter, "RGB");
    EXPECT_EQ(first.facts.object, "simulated sky");
    EXPECT_DOUBLE_EQ(first.facts.exposure.value_or(0.0), 10.0);
    ASSERT_TRUE(first.facts.mjd && last.facts.mjd);
    // 2025-01-01T20:00 is MJD 60676 + 20/24; two cadences of 12 s later.
    EXPECT_NEAR(*first.facts.mjd, 60676.0 + 20.0 / 24.0, 1e-8);
    EXPECT_NEAR((*last.facts.mjd - *first.facts.mjd) * 86400.0, 24.0, 1e-3);
    EXPECT_EQ(first.geometry.bits_per_pixel, 16);
    EXPECT_EQ(first.geometry.width, 120);
    EXPECT_EQ(first.wcs_origin, "header");
    EXPECT_NEAR(sky::SkyWcs(first.wcs).pixel_scale().arcsec(), config.scale, 1e-6);
}

TEST(Simulate, DetectorSaturates)
{
    ScratchFolder const scratch("simulate_saturation");
    SimulateConfig config = undisturbed(scratch / "frames");
    config.bits_per_pixel = 16;
    config.frames = 1;
    config.star_density = 0.0;
    config.sky_level = 65000.0;
    config.sky_scatter = 0.0;
    config.gradient = 0.1;
    simulate_survey(config);

    Image<float> const pixels = pixels_of(frame_path(config, 0));
    float largest = 0.0F;
    float smallest = 1e9F;
    for (std::int64_t y = 0; y < config.height; ++y) {
        for (std::int64_t x = 0; x < config.width; ++x) {
            float const value = pixels.view().at(0, x, y);
            ASSERT_EQ(value, std::floor(value));
            largest = std::max(largest, value);
            smallest = std::min(smallest, value);
        }
    }
    EXPECT_EQ(largest, 65535.0F);
    EXPECT_LT(smallest, 62500.0F);
}

TEST(Simulate, AllProblemsOfAConfigurationAreNamedAtOnce)
{
    SimulateConfig config;
    config.output = "unused";
    config.frames = 0;
    config.bayer_pattern = "RGBG";
    config.overlap = 1.0;

    try {
        simulate_survey(config);
        FAIL() << "accepted";
    } catch (sectile::core::ConfigError const& error) {
        std::string const text = error.what();
        EXPECT_NE(text.find("frames"), std::string::npos) << text;
        EXPECT_NE(text.find("bayer-pattern"), std::string::npos) << text;
        EXPECT_NE(text.find("overlap"), std::string::npos) << text;
    }
}

TEST(Simulate, FramesOfALongerSurveyAreNotMixedIn)
{
    ScratchFolder const scratch("simulate_mixed");
    SimulateConfig config = undisturbed(scratch / "frames");
    config.frames = 3;
    simulate_survey(config);

    config.frames = 2;

    EXPECT_THROW(simulate_survey(config), sectile::core::ConfigError);
}
}  // namespace
