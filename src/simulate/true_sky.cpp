// SPDX-License-Identifier: BSD-3-Clause
#include "simulate/true_sky.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "simulate/counter_random.hpp"

namespace sectile::simulate
{
namespace
{
constexpr double degree = std::numbers::pi / 180.0;

/// Size of the cells that stars are drawn in: about 100 stars at the default density.
constexpr core::Angle star_cell_size = core::Angle::from_degrees(0.25);

/// Faintest and brightest star, in units of the noise: from just lost in one frame to saturated.
constexpr double faintest_flux = 20.0;
constexpr double brightest_flux = 2e5;
constexpr double number_slope = 0.8;

/// Scatter and mean of the stars' colour index (red minus blue), magnitudes.
constexpr double colour_scatter = 0.5;
constexpr double colour_mean = 0.2;

/// FWHM of galaxies, pixels, before the seeing.
constexpr double smallest_galaxy = 1.0;
constexpr double largest_galaxy = 5.0;

/// Sizes of the glow relative to the frame, and their share of the brightness.
constexpr std::array<double, 3> glow_octaves = {1.0, 0.4, 0.15};
constexpr std::array<double, 3> glow_shares = {1.0, 0.5, 0.25};
/// Cells that hold a blob: some of the sky stays dark.
constexpr double glow_filling = 0.6;
/// Sigmas after which a blob ends; a Gaussian is 4e-6 of its peak there.
constexpr double blob_reach = 5.0;

constexpr Colours reddish = {1.0, 0.45, 0.55};
constexpr Colours bluish = {0.45, 0.7, 1.0};

std::uint64_t cell_id(std::int64_t zone, std::int64_t column)
{
    return (static_cast<std::uint64_t>(zone) << 32U) | static_cast<std::uint64_t>(column);
}

/// Half width in longitude of a circle, degrees; 180 when it holds a pole.
double longitude_reach(sky::SkyCoord const& center, double radius_degrees)
{
    double const lat = std::abs(center.lat.degrees());
    if (lat + radius_degrees >= 90.0) {
        return 180.0;
    }
    double const sine = std::sin(radius_degrees * degree) / std::cos(lat * degree);
    return std::min(180.0, std::asin(std::min(1.0, sine)) / degree);
}
}  // namespace

double SkyCell::area() const
{
    return (lon_high - lon_low) * (sin_lat_high - sin_lat_low) / degree;
}

sky::SkyCoord SkyCell::point_at(double along_lon, double along_area) const
{
    double const sine = sin_lat_low + (sin_lat_high - sin_lat_low) * along_area;
    return {core::Angle::from_degrees(lon_low + (lon_high - lon_low) * along_lon),
            core::Angle::from_radians(std::asin(sine))};
}

std::vector<SkyCell> cells_near(core::Angle size, sky::SkyCoord const& center, core::Angle radius)
{
    auto const zones = static_cast<std::int64_t>(std::ceil(180.0 / size.degrees()));
    double const height = 180.0 / static_cast<double>(zones);
    double const lat = center.lat.degrees();
    double const reach = radius.degrees();
    auto const zone_of = [&](double latitude) {
        return std::clamp(static_cast<std::int64_t>(std::floor((latitude + 90.0) / height)),
                          std::int64_t{0}, zones - 1);
    };
    double const lon_reach = longitude_reach(center, reach);

    std::vector<SkyCell> cells;
    for (std::int64_t zone = zone_of(lat - reach); zone <= zone_of(lat + reach); ++zone) {
        double const low = -90.0 + height * static_cast<double>(zone);
        double const middle_cosine = std::cos((low + height / 2.0) * degree);
        auto const columns = std::max<std::int64_t>(
            1, static_cast<std::int64_t>(std::ceil(360.0 * middle_cosine / height)));
        double const width = 360.0 / static_cast<double>(columns);
        for (std::int64_t column = 0; column < columns; ++column) {
            double const lon_low = width * static_cast<double>(column);
            double const away =
                std::abs(std::remainder(lon_low + width / 2.0 - center.lon.degrees(), 360.0));
            if (away - width / 2.0 <= lon_reach) {
                cells.push_back({cell_id(zone, column), lon_low, lon_low + width,
                                 std::sin(low * degree), std::sin((low + height) * degree)});
            }
        }
    }
    return cells;
}

double brightness_unit(SimulateConfig const& config)
{
    constexpr double unit_without_noise = 10.0;
    return config.noise > 0.0 ? config.noise : unit_without_noise;
}

SkyModel::SkyModel(SimulateConfig const& config)
    : seed_(config.seed),
      star_density_(config.star_density),
      galaxies_(config.galaxies),
      flux_unit_(brightness_unit(config)),
      glow_(config.nebulosity * 10.0 * brightness_unit(config))
{
    // Cells of more than 10 degrees would only make the few blobs of a wide field coarser.
    double const frame = std::max(config.width, config.height) * config.scale / 3600.0;
    glow_size_ = core::Angle::from_degrees(std::min(10.0, frame));
}

std::vector<SkyCell> SkyModel::star_cells(sky::SkyCoord const& center, core::Angle radius) const
{
    return cells_near(star_cell_size, center, radius);
}

std::vector<Star> SkyModel::stars_of(SkyCell const& cell) const
{
    CounterRandom const count_random(seed_, Purpose::star_count, {cell.id});
    double const expected = star_density_ * cell.area();
    auto const count = static_cast<std::uint64_t>(expected + count_random.uniform(0));
    CounterRandom const random(seed_, Purpose::star, {cell.id});
    std::vector<Star> stars(count);
    for (std::uint64_t n = 0; n < count; ++n) {
        constexpr std::uint64_t numbers_per_star = 8;
        std::uint64_t const first = n * numbers_per_star;
        Star& star = stars[n];
        star.coord = cell.point_at(random.uniform(first), random.uniform(first + 1));
        star.direction = direction_of(star.coord);
        double const relative =
            std::min(brightest_flux,
                     faintest_flux * std::pow(random.uniform(first + 2), -1.0 / number_slope));
        double const colour = colour_mean + colour_scatter * random.normal(first / 2 + 2);
        if (random.uniform(first + 6) < galaxies_) {
            star.size = random.uniform(first + 7, smallest_galaxy, largest_galaxy);
        }
        double const flux = relative * flux_unit_;
        star.flux = {flux * std::pow(10.0, 0.2 * colour), flux,
                     flux * std::pow(10.0, -0.2 * colour)};
    }
    return stars;
}

std::vector<Star> SkyModel::stars_near(sky::SkyCoord const& center, core::Angle radius) const
{
    std::vector<Star> stars;
    for (SkyCell const& cell : star_cells(center, radius)) {
        std::vector<Star> const more = stars_of(cell);
        stars.insert(stars.end(), more.begin(), more.end());
    }
    return stars;
}

std::vector<Blob> SkyModel::blobs_near(sky::SkyCoord const& center, core::Angle radius) const
{
    std::vector<Blob> blobs;
    if (glow_ <= 0.0) {
        return blobs;
    }
    for (std::size_t octave = 0; octave < glow_octaves.size(); ++octave) {
        double const size = glow_size_.degrees() * glow_octaves[octave];
        double const widest = size / 2.0;
        auto const reach = core::Angle::from_degrees(radius.degrees() + blob_reach * widest);
        for (SkyCell const& cell : cells_near(core::Angle::from_degrees(size), center, reach)) {
            CounterRandom const random(seed_, Purpose::blob, {octave, cell.id});
            if (random.uniform(0) > glow_filling) {
                continue;
            }
            Blob blob;
            blob.coord = cell.point_at(random.uniform(1), random.uniform(2));
            blob.direction = direction_of(blob.coord);
            blob.sigma = core::Angle::from_degrees(random.uniform(3, size / 4.0, widest));
            double const peak = glow_ * glow_shares[octave] * random.uniform(4, 0.2, 1.0);
            double const blueness = random.uniform(5);
            for (std::size_t c = 0; c < blob.brightness.size(); ++c) {
                blob.brightness[c] = peak * (reddish[c] + (bluish[c] - reddish[c]) * blueness);
            }
            blobs.push_back(blob);
        }
    }
    return blobs;
}
}  // namespace sectile::simulate
