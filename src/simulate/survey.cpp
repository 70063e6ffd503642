// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <numbers>

#include "sectile/core/error.hpp"

#include "simulate/counter_random.hpp"
#include "simulate/render.hpp"

namespace sectile::simulate
{
namespace
{
/// Red, green and blue part of a moonless sky.
constexpr Colours sky_colour = {1.05, 1.0, 0.85};

/// Satellite trails: the bars of rejection are for +500 ADU (METHODS.md, section 17).
constexpr double trail_brightness = 500.0;

/// Hot pixels from barely visible to almost saturated, in units of the noise.
constexpr double faintest_hot_pixel = 20.0;
constexpr double brightest_hot_pixel = 2000.0;

/// Seconds from one exposure to the next.
constexpr int cadence = 12;

/// Seconds of all exposures, or of the shorter ones.
constexpr double shortest_exposure = 10.0;

/// Soft frames are spread evenly over those of a pointing.
bool is_soft(SimulateConfig const& config, int index)
{
    int const place = index % config.frames_per_pointing;
    return std::floor((place + 1) * config.soft_share) > std::floor(place * config.soft_share);
}

WcsError header_error(SimulateConfig const& config, CounterRandom const& random)
{
    auto const shift = random.normal_pair(4);
    return {config.wcs_error * shift.first, config.wcs_error * shift.second,
            config.wcs_turn * random.normal(5)};
}

image::BayerPattern pattern_named(std::string const& name)
{
    using image::BayerPattern;
    if (name == "RGGB") {
        return BayerPattern::rggb;
    }
    if (name == "BGGR") {
        return BayerPattern::bggr;
    }
    if (name == "GRBG") {
        return BayerPattern::grbg;
    }
    if (name == "GBRG") {
        return BayerPattern::gbrg;
    }
    return BayerPattern::none;
}

int pointings_of(SimulateConfig const& config)
{
    return (config.frames + config.frames_per_pointing - 1) / config.frames_per_pointing;
}

int columns_of(SimulateConfig const& config)
{
    if (config.columns > 0) {
        return config.columns;
    }
    return static_cast<int>(std::ceil(std::sqrt(static_cast<double>(pointings_of(config)))));
}

/// Spacing of the raster, degrees.
double step_of(SimulateConfig const& config, int pixels)
{
    return pixels * config.scale / 3600.0 * (1.0 - config.overlap);
}

/// All problems of a configuration, each a clause.
class Problems
{
  public:
    void check(bool good, std::string const& problem)
    {
        if (!good) {
            text_ += (text_.empty() ? "" : "; ") + problem;
        }
    }
    void check_at_least_zero(std::initializer_list<std::pair<char const*, double>> values)
    {
        for (auto const& [name, value] : values) {
            check(std::isfinite(value) && value >= 0.0,
                  std::string(name) + " must not be negative");
        }
    }
    [[nodiscard]] std::string const& text() const { return text_; }

  private:
    std::string text_;
};

void check_survey(SimulateConfig const& config, Problems& problems)
{
    problems.check(!config.output.empty(), "output must name a directory");
    problems.check(config.frames >= 1, "frames must be at least 1");
    problems.check(config.frames_per_pointing >= 1, "frames-per-pointing must be at least 1");
    problems.check(config.columns >= 0, "columns must not be negative");
    problems.check(config.overlap >= 0.0 && config.overlap < 1.0, "overlap must lie in 0 to 1");
    problems.check(std::isfinite(config.ra), "ra must be a number of degrees");
    problems.check(config.dec >= -90.0 && config.dec <= 90.0, "dec must lie in -90 to 90");
    problems.check(std::isfinite(config.rotation), "rotation must be a number of degrees");
    problems.check_at_least_zero({{"dither", config.dither},
                                  {"star-density", config.star_density},
                                  {"nebulosity", config.nebulosity},
                                  {"sky-level", config.sky_level},
                                  {"sky-scatter", config.sky_scatter},
                                  {"gain-scatter", config.gain_scatter},
                                  {"seeing-scatter", config.seeing_scatter},
                                  {"wcs-error", config.wcs_error},
                                  {"wcs-turn", config.wcs_turn},
                                  {"trails", config.trails}});
}

void check_camera(SimulateConfig const& config, Problems& problems)
{
    constexpr int smallest = 16;
    constexpr int largest = 100000;
    auto const fits = [](int side) { return side >= smallest && side <= largest; };
    problems.check(fits(config.width) && fits(config.height),
                   "width and height must lie in 16 to 100000");
    problems.check(config.scale > 0.0 && config.scale <= 600.0,
                   "scale must lie above 0, up to 600 arcsec per pixel");
    problems.check(config.colour == "bayer" || config.colour == "mono" || config.colour == "rgb",
                   "colour must be bayer, mono or rgb");
    problems.check(pattern_named(config.bayer_pattern) != image::BayerPattern::none,
                   "bayer-pattern must be RGGB, BGGR, GRBG or GBRG");
    problems.check(config.bits_per_pixel == 16 || config.bits_per_pixel == -32,
                   "bits-per-pixel must be 16 or -32");
    problems.check(config.seeing >= 0.5, "seeing must be at least 0.5 pixels");
    problems.check(config.soft_seeing >= 0.5, "soft-seeing must be at least 0.5 pixels");
    problems.check(config.soft_share >= 0.0 && config.soft_share <= 1.0,
                   "soft-share is a fraction from 0 to 1");
    problems.check(config.galaxies >= 0.0 && config.galaxies <= 1.0,
                   "galaxies is a fraction from 0 to 1");
    problems.check(config.elongation >= 0.0 && config.elongation <= 0.9,
                   "elongation must lie in 0 to 0.9");
    problems.check(config.wings == 0.0 || config.wings >= 1.5, "wings must be 0 or at least 1.5");
    problems.check(config.exposure_step > 0.0, "exposure-step must be positive");
    problems.check(config.full_well > 0.0 && config.full_well <= 65535.0,
                   "full-well must lie above 0, up to 65535 ADU");
    problems.check(config.hot_pixels >= 0.0 && config.hot_pixels <= 1.0,
                   "hot-pixels is a fraction from 0 to 1");
    problems.check(std::isfinite(config.gradient), "gradient must be a number");
    problems.check_at_least_zero({{"noise", config.noise}});
    // The radial cubic must stay monotonic (invertible) to well outside the frame.
    double const corner = std::hypot(config.width, config.height) / 2.0;
    problems.check(std::abs(config.distortion) <= 0.02 * corner,
                   "distortion must be at most 2 % of half the diagonal");
}

void check_extent(SimulateConfig const& config, Problems& problems)
{
    int const columns = columns_of(config);
    int const rows = (pointings_of(config) + columns - 1) / columns;
    double const extent =
        std::hypot(columns * step_of(config, config.width), rows * step_of(config, config.height));
    constexpr double widest = 150.0;
    problems.check(extent <= widest, "the raster spans more than 150 degrees");
}

SimulateConfig checked(SimulateConfig const& config)
{
    Problems problems;
    check_survey(config, problems);
    check_camera(config, problems);
    if (problems.text().empty()) {
        check_extent(config, problems);
    }
    if (!problems.text().empty()) {
        throw core::ConfigError(core::sentence("the survey cannot be simulated", problems.text()));
    }
    return config;
}

std::vector<HotPixel> make_hot_pixels(SimulateConfig const& config, int planes)
{
    std::vector<HotPixel> hot;
    if (config.hot_pixels <= 0.0) {
        return hot;
    }
    double const unit = brightness_unit(config);
    for (int plane = 0; plane < planes; ++plane) {
        CounterRandom const random(config.seed, Purpose::hot_pixel,
                                   {static_cast<std::uint64_t>(plane)});
        for (int y = 0; y < config.height; ++y) {
            for (int x = 0; x < config.width; ++x) {
                auto const site =
                    static_cast<std::uint64_t>(y) * static_cast<std::uint64_t>(config.width) +
                    static_cast<std::uint64_t>(x);
                if (random.uniform(2 * site) < config.hot_pixels) {
                    double const excess = unit * faintest_hot_pixel *
                                          std::pow(brightest_hot_pixel / faintest_hot_pixel,
                                                   random.uniform(2 * site + 1));
                    hot.push_back({x, y, plane, excess});
                }
            }
        }
    }
    return hot;
}

std::vector<Trail> make_trails(SimulateConfig const& config, int index)
{
    CounterRandom const random(config.seed, Purpose::trail, {static_cast<std::uint64_t>(index)});
    auto const count = static_cast<std::uint64_t>(config.trails + random.uniform(0));
    std::vector<Trail> trails(count);
    for (std::uint64_t n = 0; n < count; ++n) {
        constexpr std::uint64_t numbers_per_trail = 4;
        std::uint64_t const first = 1 + n * numbers_per_trail;
        trails[n] = {random.uniform(first, 0.2, 0.8) * config.width,
                     random.uniform(first + 1, 0.2, 0.8) * config.height,
                     random.uniform(first + 2, 0.0, 180.0), random.uniform(first + 3, 2.0, 3.0),
                     trail_brightness};
    }
    return trails;
}

/// ISO 8601 start of an exposure; the survey begins at a fixed, invented evening.
std::string date_text(int index)
{
    using namespace std::chrono;
    sys_seconds const start = sys_days{year{2025} / January / 1} + hours{20};
    sys_seconds const time = start + seconds{std::int64_t{cadence} * index};
    sys_days const day = floor<days>(time);
    year_month_day const date{day};
    hh_mm_ss const clock{time - day};
    std::array<char, 64> text{};
    std::snprintf(text.data(), text.size(), "%04d-%02u-%02uT%02d:%02d:%02d.000",
                  static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                  static_cast<unsigned>(date.day()), static_cast<int>(clock.hours().count()),
                  static_cast<int>(clock.minutes().count()),
                  static_cast<int>(clock.seconds().count()));
    return text.data();
}

/// 1 with a relative scatter, kept positive for any scatter.
double scattered(double scatter, double normal)
{
    constexpr double least = 0.2;
    return std::max(least, 1.0 + scatter * normal);
}
}  // namespace

Survey::Survey(SimulateConfig const& config)
    : config_(checked(config)),
      pattern_(config.colour == "bayer" ? pattern_named(config.bayer_pattern)
                                        : image::BayerPattern::none),
      sky_(config),
      hot_pixels_(make_hot_pixels(config, stored_planes()))
{}

std::size_t Survey::colour_at(int plane, std::int64_t x, std::int64_t y) const
{
    if (pattern_ != image::BayerPattern::none) {
        return static_cast<std::size_t>(image::bayer_plane(pattern_, x, y));
    }
    constexpr std::size_t green = 1;
    return stored_planes() == 3 ? static_cast<std::size_t>(plane) : green;
}

sky::SkyCoord Survey::pointing_center(int pointing, double north_shift) const
{
    int const columns = columns_of(config_);
    int const rows = (pointings_of(config_) + columns - 1) / columns;
    // Column 0 lies in the east, the left of the mosaic.
    double const east =
        -(pointing % columns - (columns - 1) / 2.0) * step_of(config_, config_.width);
    int const row = pointing / columns;
    double const north = (row - (rows - 1) / 2.0) * step_of(config_, config_.height) + north_shift;
    sky::SkyCoord const center{core::Angle::from_degrees(config_.ra),
                               core::Angle::from_degrees(config_.dec)};
    return equidistant_point(center, east, north);
}

FrameWcs Survey::frame_wcs(int index, int pointing, WcsError const& error) const
{
    // Frames stand upright on the raster, so that they tile the field at any declination.
    constexpr double small_shift = 1e-3;
    sky::SkyCoord const aim = pointing_center(pointing, 0.0);
    core::Angle const upright = position_angle(aim, pointing_center(pointing, small_shift));
    double const progress =
        config_.frames > 1 ? static_cast<double>(index) / (config_.frames - 1) - 0.5 : 0.0;
    CounterRandom const random(config_.seed, Purpose::exposure,
                               {static_cast<std::uint64_t>(index)});
    auto const offset = random.normal_pair(0);
    double const dither = config_.dither * config_.scale / 3600.0;
    FrameWcs::Setup setup;
    double const pixel = config_.scale / 3600.0;
    setup.center = equidistant_point(aim, offset.first * dither + error.east * pixel,
                                     offset.second * dither + error.north * pixel);
    setup.scale = core::Angle::from_arcsec(config_.scale);
    setup.position_angle =
        core::Angle::from_degrees(upright.degrees() + config_.rotation * progress + error.turn);
    setup.corner_distortion = config_.distortion;
    setup.width = config_.width;
    setup.height = config_.height;
    return FrameWcs(setup);
}

Exposure Survey::exposure(int index) const
{
    int const pointing = index / config_.frames_per_pointing;
    CounterRandom const random(config_.seed, Purpose::exposure,
                               {static_cast<std::uint64_t>(index)});
    auto const camera = random.normal_pair(1);
    auto const night = random.normal_pair(2);
    double const sky_level = config_.sky_level * scattered(config_.sky_scatter, night.first);
    double const direction = 2.0 * std::numbers::pi * random.uniform(6);
    double const sine = std::sin(direction);
    double const cosine = std::cos(direction);
    double const span = std::abs(sine) + std::abs(cosine);
    bool const is_long = index % 2 == 1;
    double const exposed = is_long ? config_.exposure_step : 1.0;
    double const seeing = is_soft(config_, index) ? config_.soft_seeing : config_.seeing;
    Exposure exposure{index,
                      pointing,
                      date_text(index),
                      exposed * scattered(config_.gain_scatter, camera.first),
                      {},
                      config_.gradient * cosine / span,
                      config_.gradient * sine / span,
                      config_.noise * std::sqrt(exposed),
                      seeing * scattered(config_.seeing_scatter, camera.second),
                      std::numbers::pi * random.uniform(7),
                      exposed * shortest_exposure,
                      make_trails(config_, index),
                      frame_wcs(index, pointing, {}),
                      frame_wcs(index, pointing, header_error(config_, random))};
    bool const has_colour = config_.colour != "mono";
    for (std::size_t c = 0; c < exposure.sky.size(); ++c) {
        exposure.sky[c] = exposed * sky_level * (has_colour ? sky_colour[c] : 1.0);
    }
    return exposure;
}

core::Angle Survey::reach(Exposure const& exposure) const
{
    constexpr double widest_galaxy = 5.0;
    Star const widest{{}, {}, {}, config_.galaxies > 0.0 ? widest_galaxy : 0.0};
    double const margin = profile_of(*this, exposure, widest).reach() * config_.scale;
    return core::Angle::from_arcsec(exposure.wcs.radius().arcsec() * 1.01 + margin);
}

StarProfile profile_of(Survey const& survey, Exposure const& exposure, Star const& star)
{
    SimulateConfig const& config = survey.config();
    double const longer = std::hypot(exposure.seeing, star.size);
    double const shorter = std::hypot(exposure.seeing * (1.0 - config.elongation), star.size);
    return {longer, shorter, exposure.position_angle, config.wings};
}
}  // namespace sectile::simulate
