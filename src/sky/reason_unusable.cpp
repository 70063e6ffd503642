// SPDX-License-Identifier: BSD-3-Clause
#include <array>
#include <cmath>
#include <cstdio>
#include <vector>

#include "sectile/core/error.hpp"
#include "sectile/sky/sky_wcs.hpp"

namespace sectile::sky
{
namespace
{
constexpr double max_round_trip = 0.05;  ///< pixels
constexpr int lattice_side = 5;          ///< positions from the first to the last pixel

/// A full-sky map in a cylindrical projection may show the column of its seam twice.
bool repeats_every_turn(std::string const& projection)
{
    return projection == "CAR" || projection == "MER" || projection == "CEA" || projection == "CYP";
}

std::string number(double value)
{
    std::array<char, 32> text{};
    std::snprintf(text.data(), text.size(), "%.3g", value);
    return text.data();
}

/// Outcome of pixel to sky to pixel at one position.
struct RoundTrip
{
    bool on_sky = false;
    double error = 0.0;  ///< pixels; NaN when there is no way back
};

std::vector<RoundTrip> round_trips(SkyWcs const& wcs)
{
    std::vector<PixelPos> pixels;
    for (int j = 0; j < lattice_side; ++j) {
        for (int i = 0; i < lattice_side; ++i) {
            pixels.push_back({static_cast<double>(wcs.width() - 1) * i / (lattice_side - 1),
                              static_cast<double>(wcs.height() - 1) * j / (lattice_side - 1)});
        }
    }
    std::vector<SkyCoord> sky(pixels.size());
    std::vector<PixelPos> back(pixels.size());
    wcs.pixel_to_sky(pixels, sky);
    wcs.sky_to_pixel(sky, back);
    bool const repeats = repeats_every_turn(wcs.projection());
    std::vector<RoundTrip> trips(pixels.size());
    for (std::size_t i = 0; i < pixels.size(); ++i) {
        trips[i].on_sky =
            std::isfinite(sky[i].lon.radians()) && std::isfinite(sky[i].lat.radians());
        trips[i].error = std::hypot(back[i].x - pixels[i].x, back[i].y - pixels[i].y);
        if (repeats && trips[i].error > max_round_trip) {
            SkyCoord const again = wcs.pixel_to_sky(back[i]);
            double const turn = std::remainder(again.lon.radians() - sky[i].lon.radians(),
                                               core::Angle::from_degrees(360.0).radians());
            double const rise = again.lat.radians() - sky[i].lat.radians();
            double const apart = std::hypot(turn * std::cos(sky[i].lat.radians()), rise);
            trips[i].error = apart / wcs.pixel_scale().radians();
        }
    }
    return trips;
}
}  // namespace

std::optional<std::string> reason_unusable(SkyWcs const& wcs, WcsLimits const& limits)
{
    auto const because = [](std::string const& why) {
        return core::sentence("the WCS cannot be used", why);
    };
    if (wcs.width() < 1 || wcs.height() < 1) {
        return because("the image has no pixels");
    }
    double const scale = wcs.pixel_scale().arcsec();
    if (!std::isfinite(scale)) {
        return because("the centre of the image is not on the sky");
    }
    if (scale < limits.min_scale.arcsec() || scale > limits.max_scale.arcsec()) {
        return because("the pixel scale of " + number(scale) + " arcsec is outside " +
                       number(limits.min_scale.arcsec()) + " to " +
                       number(limits.max_scale.arcsec()) + " arcsec");
    }
    std::vector<RoundTrip> const trips = round_trips(wcs);
    std::size_t on_sky = 0;
    double worst = 0.0;
    for (RoundTrip const& trip : trips) {
        if (!trip.on_sky) {
            continue;
        }
        ++on_sky;
        if (!(trip.error <= max_round_trip)) {
            worst = std::isnan(trip.error) || std::isnan(worst) ? std::nan("")
                                                                : std::max(worst, trip.error);
        }
    }
    if (2 * on_sky < trips.size() || !trips[trips.size() / 2].on_sky) {
        return because("most of the image is not on the sky");
    }
    if (std::isnan(worst)) {
        return because("it cannot be inverted everywhere in the image");
    }
    if (worst > max_round_trip) {
        return because("going to the sky and back misses by " + number(worst) + " pixels");
    }
    return std::nullopt;
}
}  // namespace sectile::sky
