// SPDX-License-Identifier: BSD-3-Clause
#include "sectile/sky/sky_wcs.hpp"

#include <cmath>
#include <limits>
#include <numbers>

#include "sectile/core/error.hpp"

#include "sky/celestial_wcs.hpp"
#include "sky/header_cards.hpp"
#include "sky/newton_inverse.hpp"
#include "sky/pixel_distortion.hpp"

namespace sectile::sky
{
namespace
{
constexpr double to_radians = std::numbers::pi / 180.0;
constexpr std::size_t block = 256;  ///< positions per pass through the chain

/// Change of the direction on the sky, east and north, per pixel in x and in y at the image centre.
struct Jacobian
{
    double east_x = 0.0, east_y = 0.0, north_x = 0.0, north_y = 0.0;

    [[nodiscard]] double determinant() const { return east_x * north_y - east_y * north_x; }
};
}  // namespace

struct SkyWcs::Impl
{
    explicit Impl(WcsDescription const& given) : Impl(given, HeaderCards(given.cards.text())) {}

    WcsDescription description;
    PixelDistortion distortion;
    CelestialWcs celestial;
    CelestialFrame frame;
    Jacobian jacobian;

    [[nodiscard]] Pair centre() const  ///< 1-based
    {
        return {0.5 * static_cast<double>(description.width + 1),
                0.5 * static_cast<double>(description.height + 1)};
    }
    [[nodiscard]] Pair undistorted(Pair const& pixel) const
    {
        if (distortion.empty() || !std::isfinite(pixel[0]) || !std::isfinite(pixel[1])) {
            return pixel;
        }
        auto const forward = [this](Pair const& raw) { return distortion.forward(raw); };
        return newton_inverse(forward, pixel, 0.5, 1e-9);
    }

  private:
    Impl(WcsDescription const& given, HeaderCards const& cards)
        : description(given),
          distortion(cards, given),
          celestial(cards, distortion),
          frame(celestial.frame())
    {}
};

SkyWcs::SkyWcs(WcsDescription const& description) : impl_(std::make_unique<Impl>(description))
{
    PixelPos const centre{impl_->centre()[0] - 1.0, impl_->centre()[1] - 1.0};
    std::array<PixelPos, 5> const pixels{
        centre, PixelPos{centre.x - 0.5, centre.y}, PixelPos{centre.x + 0.5, centre.y},
        PixelPos{centre.x, centre.y - 0.5}, PixelPos{centre.x, centre.y + 0.5}};
    std::array<SkyCoord, 5> sky;
    pixel_to_sky(pixels, sky);
    std::array<Vector, 5> direction{};
    for (std::size_t i = 0; i < 5; ++i) {
        direction[i] = direction_of(sky[i].lon.degrees(), sky[i].lat.degrees());
    }
    double const lon = sky[0].lon.radians();
    double const lat = sky[0].lat.radians();
    Vector const east{-std::sin(lon), std::cos(lon), 0.0};
    Vector const north{-std::sin(lat) * std::cos(lon), -std::sin(lat) * std::sin(lon),
                       std::cos(lat)};
    auto const along = [&direction](std::size_t from, std::size_t to, Vector const& axis) {
        double sum = 0.0;
        for (std::size_t k = 0; k < 3; ++k) {
            sum += (direction[to][k] - direction[from][k]) * axis[k];
        }
        return sum;
    };
    impl_->jacobian = {along(1, 2, east), along(3, 4, east), along(1, 2, north),
                       along(3, 4, north)};
}

SkyWcs::SkyWcs(SkyWcs const& other) : impl_(std::make_unique<Impl>(*other.impl_)) {}
SkyWcs::SkyWcs(SkyWcs&& other) noexcept = default;
SkyWcs& SkyWcs::operator=(SkyWcs const& other)
{
    if (this != &other) {
        impl_ = std::make_unique<Impl>(*other.impl_);
    }
    return *this;
}
SkyWcs& SkyWcs::operator=(SkyWcs&& other) noexcept = default;
SkyWcs::~SkyWcs() = default;

void SkyWcs::pixel_to_sky(std::span<PixelPos const> pixels, std::span<SkyCoord> sky) const
{
    core::require(pixels.size() == sky.size(), "spans of equal length");
    std::array<Pair, block> pixel;
    std::array<Pair, block> native;
    for (std::size_t begin = 0; begin < pixels.size(); begin += block) {
        std::size_t const count = std::min(block, pixels.size() - begin);
        for (std::size_t i = 0; i < count; ++i) {
            pixel[i] = {pixels[begin + i].x + 1.0, pixels[begin + i].y + 1.0};
            if (!impl_->distortion.empty()) {
                pixel[i] = impl_->distortion.forward(pixel[i]);
            }
        }
        impl_->celestial.to_native(std::span(pixel).first(count), std::span(native).first(count));
        for (std::size_t i = 0; i < count; ++i) {
            Pair degrees = native[i];
            if (!impl_->frame.is_icrs()) {
                degrees = degrees_of(impl_->frame.to_icrs(direction_of(degrees[0], degrees[1])));
            } else if (degrees[0] < 0.0 || degrees[0] >= 360.0) {
                degrees[0] -= 360.0 * std::floor(degrees[0] / 360.0);
                degrees[0] = degrees[0] < 360.0 ? degrees[0] : 0.0;
            }
            sky[begin + i] = {core::Angle::from_radians(degrees[0] * to_radians),
                              core::Angle::from_radians(degrees[1] * to_radians)};
        }
    }
}

void SkyWcs::sky_to_pixel(std::span<SkyCoord const> sky, std::span<PixelPos> pixels) const
{
    core::require(pixels.size() == sky.size(), "spans of equal length");
    Pair const centre =
        impl_->distortion.empty() ? impl_->centre() : impl_->distortion.forward(impl_->centre());
    std::array<Pair, block> native;
    std::array<Pair, block> pixel;
    for (std::size_t begin = 0; begin < sky.size(); begin += block) {
        std::size_t const count = std::min(block, sky.size() - begin);
        for (std::size_t i = 0; i < count; ++i) {
            native[i] = {sky[begin + i].lon.degrees(), sky[begin + i].lat.degrees()};
            if (!impl_->frame.is_icrs()) {
                native[i] =
                    degrees_of(impl_->frame.from_icrs(direction_of(native[i][0], native[i][1])));
            }
        }
        impl_->celestial.to_pixels(std::span(native).first(count), centre,
                                   std::span(pixel).first(count));
        for (std::size_t i = 0; i < count; ++i) {
            Pair const raw = impl_->undistorted(pixel[i]);
            pixels[begin + i] = {raw[0] - 1.0, raw[1] - 1.0};
        }
    }
}

SkyCoord SkyWcs::pixel_to_sky(PixelPos const& pixel) const
{
    SkyCoord sky;
    pixel_to_sky(std::span(&pixel, 1), std::span(&sky, 1));
    return sky;
}

PixelPos SkyWcs::sky_to_pixel(SkyCoord const& sky) const
{
    PixelPos pixel;
    sky_to_pixel(std::span(&sky, 1), std::span(&pixel, 1));
    return pixel;
}

core::Angle SkyWcs::pixel_scale() const
{
    return core::Angle::from_radians(std::sqrt(std::fabs(impl_->jacobian.determinant())));
}

core::Angle SkyWcs::position_angle() const
{
    return core::Angle::from_radians(std::atan2(impl_->jacobian.east_y, impl_->jacobian.north_y));
}

bool SkyWcs::is_mirrored() const
{
    return impl_->jacobian.determinant() > 0.0;
}

std::int64_t SkyWcs::width() const
{
    return impl_->description.width;
}

std::int64_t SkyWcs::height() const
{
    return impl_->description.height;
}

WcsDescription const& SkyWcs::description() const
{
    return impl_->description;
}

std::string SkyWcs::projection() const
{
    return impl_->celestial.projection();
}
}  // namespace sectile::sky
