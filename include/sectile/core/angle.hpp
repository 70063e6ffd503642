// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <compare>
#include <numbers>

namespace sectile::core
{
/// A plane angle; made from and read in a named unit so that degrees and radians never mix.
class Angle
{
  public:
    constexpr Angle() = default;
    [[nodiscard]] static constexpr Angle from_radians(double value) { return Angle(value); }
    [[nodiscard]] static constexpr Angle from_degrees(double value)
    {
        return Angle(value * (std::numbers::pi / 180.0));
    }
    [[nodiscard]] static constexpr Angle from_arcsec(double value)
    {
        return from_degrees(value / 3600.0);
    }
    [[nodiscard]] constexpr double radians() const { return radians_; }
    [[nodiscard]] constexpr double degrees() const { return radians_ * (180.0 / std::numbers::pi); }
    [[nodiscard]] constexpr double arcsec() const { return degrees() * 3600.0; }
    // clang-tidy 14 takes the comparison with 0 for one with a pointer.
    // NOLINTNEXTLINE(modernize-use-nullptr)
    friend constexpr auto operator<=>(Angle const&, Angle const&) = default;

  private:
    explicit constexpr Angle(double radians) : radians_(radians) {}
    double radians_ = 0.0;
};
}  // namespace sectile::core
