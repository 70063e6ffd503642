// SPDX-License-Identifier: BSD-3-Clause
#include "simulate/camera_wcs.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <limits>
#include <numbers>
#include <string_view>

namespace sectile::simulate
{
namespace
{
constexpr double degree = std::numbers::pi / 180.0;

double dot(Direction const& a, Direction const& b)
{
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
}

Direction east_at(sky::SkyCoord const& coord)
{
    double const lon = coord.lon.radians();
    return {-std::sin(lon), std::cos(lon), 0.0};
}

Direction north_at(sky::SkyCoord const& coord)
{
    double const lon = coord.lon.radians();
    double const lat = coord.lat.radians();
    return {-std::sin(lat) * std::cos(lon), -std::sin(lat) * std::sin(lon), std::cos(lat)};
}

sky::SkyCoord coord_of(Direction const& direction)
{
    double lon = std::atan2(direction[1], direction[0]) / degree;
    if (lon < 0.0) {
        lon += 360.0;
    }
    double const lat = std::atan2(direction[2], std::hypot(direction[0], direction[1])) / degree;
    return {core::Angle::from_degrees(lon), core::Angle::from_degrees(lat)};
}

/// A number as the header holds it: 20 characters, 13 significant digits (1e-10 degrees of 360).
std::string number_text(double value)
{
    std::array<char, 32> text{};
    std::snprintf(text.data(), text.size(), "%20.12E", value);
    return text.data();
}

double as_in_header(double value)
{
    return std::strtod(number_text(value).c_str(), nullptr);
}

/// Value fields: strings and numbers right-aligned to column 30 or from column 11 (FITS 4.2).
void append_card(std::string& cards, std::string_view keyword, std::string_view value)
{
    std::string card(keyword);
    card.resize(8, ' ');
    card += "= ";
    card += value;
    card.resize(80, ' ');
    cards += card;
}

void append_text(std::string& cards, std::string_view keyword, std::string_view text)
{
    std::string value(1, '\'');
    value.append(text);
    value.resize(std::max<std::size_t>(value.size(), 9), ' ');
    value.push_back('\'');
    append_card(cards, keyword, value);
}

void append_integer(std::string& cards, std::string_view keyword, int number)
{
    std::string const digits = std::to_string(number);
    append_card(cards, keyword, std::string(20 - digits.size(), ' ') + digits);
}
}  // namespace

Direction direction_of(sky::SkyCoord const& coord)
{
    double const lon = coord.lon.radians();
    double const lat = coord.lat.radians();
    return {std::cos(lat) * std::cos(lon), std::cos(lat) * std::sin(lon), std::sin(lat)};
}

FrameWcs::FrameWcs(Setup const& setup)
    : center_{core::Angle::from_degrees(as_in_header(setup.center.lon.degrees())),
              core::Angle::from_degrees(as_in_header(setup.center.lat.degrees()))},
      reference_x_((setup.width - 1) / 2.0),
      reference_y_((setup.height - 1) / 2.0),
      width_(setup.width),
      height_(setup.height),
      toward_(direction_of(center_)),
      east_(east_at(center_)),
      north_(north_at(center_))
{
    // East to the left of north (negative determinant), +y at the position angle.
    double const scale = setup.scale.degrees();
    double const sine = std::sin(setup.position_angle.radians());
    double const cosine = std::cos(setup.position_angle.radians());
    cd_ = {as_in_header(-scale * cosine), as_in_header(scale * sine), as_in_header(scale * sine),
           as_in_header(scale * cosine)};
    double const determinant = cd_[0] * cd_[3] - cd_[1] * cd_[2];
    inverse_ = {cd_[3] / determinant, -cd_[1] / determinant, -cd_[2] / determinant,
                cd_[0] / determinant};
    double const corner = std::hypot(reference_x_, reference_y_);
    radial_ = as_in_header(setup.corner_distortion / (corner * corner * corner));
}

double FrameWcs::undistorted_radius(double distorted) const
{
    double radius = distorted;
    // Newton's method; the distortion is a few pixels, so that few steps reach the last bit.
    constexpr int most_steps = 20;
    for (int step = 0; step < most_steps; ++step) {
        double const square = radial_ * radius * radius;
        double const correction = (radius * (1.0 + square) - distorted) / (1.0 + 3.0 * square);
        radius -= correction;
        if (std::abs(correction) <= 1e-14 * distorted) {
            break;
        }
    }
    return radius;
}

sky::PixelPos FrameWcs::pixel_of(Direction const& direction) const
{
    double const along = dot(direction, toward_);
    if (along <= 0.0) {
        double const nan = std::numeric_limits<double>::quiet_NaN();
        return {nan, nan};
    }
    double const xi = dot(direction, east_) / along / degree;
    double const eta = dot(direction, north_) / along / degree;
    double const u = inverse_[0] * xi + inverse_[1] * eta;
    double const v = inverse_[2] * xi + inverse_[3] * eta;
    double factor = 1.0;
    double const distorted = std::hypot(u, v);
    // Far outside the frame a negative cubic folds back; nothing there can reach the frame.
    bool const near_frame = distorted < 2.0 * std::hypot(width_, height_);
    if (radial_ != 0.0 && distorted > 0.0 && near_frame) {
        factor = undistorted_radius(distorted) / distorted;
    }
    return {reference_x_ + u * factor, reference_y_ + v * factor};
}

Direction FrameWcs::direction_at(sky::PixelPos const& pixel) const
{
    double const u = pixel.x - reference_x_;
    double const v = pixel.y - reference_y_;
    double const factor = 1.0 + radial_ * (u * u + v * v);
    double const xi = (cd_[0] * u + cd_[1] * v) * factor * degree;
    double const eta = (cd_[2] * u + cd_[3] * v) * factor * degree;
    double const norm = 1.0 / std::sqrt(1.0 + xi * xi + eta * eta);
    Direction direction{};
    for (std::size_t i = 0; i < 3; ++i) {
        direction[i] = (toward_[i] + xi * east_[i] + eta * north_[i]) * norm;
    }
    return direction;
}

core::Angle FrameWcs::radius() const
{
    Direction const corner = direction_at({-0.5, -0.5});
    return core::Angle::from_radians(std::acos(std::min(1.0, dot(corner, toward_))));
}

std::string FrameWcs::cards() const
{
    std::string const suffix = radial_ != 0.0 ? "-SIP" : "";
    std::string cards;
    append_integer(cards, "WCSAXES", 2);
    append_text(cards, "CTYPE1", "RA---TAN" + suffix);
    append_text(cards, "CTYPE2", "DEC--TAN" + suffix);
    append_text(cards, "CUNIT1", "deg");
    append_text(cards, "CUNIT2", "deg");
    append_card(cards, "CRPIX1", number_text(reference_x_ + 1.0));
    append_card(cards, "CRPIX2", number_text(reference_y_ + 1.0));
    append_card(cards, "CRVAL1", number_text(center_.lon.degrees()));
    append_card(cards, "CRVAL2", number_text(center_.lat.degrees()));
    append_card(cards, "CD1_1", number_text(cd_[0]));
    append_card(cards, "CD1_2", number_text(cd_[1]));
    append_card(cards, "CD2_1", number_text(cd_[2]));
    append_card(cards, "CD2_2", number_text(cd_[3]));
    append_text(cards, "RADESYS", "ICRS");
    if (radial_ != 0.0) {
        std::string const value = number_text(radial_);
        append_integer(cards, "A_ORDER", 3);
        append_card(cards, "A_3_0", value);
        append_card(cards, "A_1_2", value);
        append_integer(cards, "B_ORDER", 3);
        append_card(cards, "B_0_3", value);
        append_card(cards, "B_2_1", value);
    }
    return cards;
}

sky::SkyCoord equidistant_point(sky::SkyCoord const& center, double east, double north)
{
    double const distance = std::hypot(east, north);
    if (distance == 0.0) {
        return center;
    }
    double const sine = std::sin(distance * degree) / distance;
    double const cosine = std::cos(distance * degree);
    Direction const toward = direction_of(center);
    Direction const east_axis = east_at(center);
    Direction const north_axis = north_at(center);
    Direction direction{};
    for (std::size_t i = 0; i < 3; ++i) {
        direction[i] = toward[i] * cosine + (east_axis[i] * east + north_axis[i] * north) * sine;
    }
    return coord_of(direction);
}

core::Angle position_angle(sky::SkyCoord const& from, sky::SkyCoord const& to)
{
    Direction const target = direction_of(to);
    return core::Angle::from_radians(
        std::atan2(dot(target, east_at(from)), dot(target, north_at(from))));
}
}  // namespace sectile::simulate
