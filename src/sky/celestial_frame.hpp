// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <array>
#include <optional>
#include <string>

namespace sectile::sky
{
using Vector = std::array<double, 3>;
using Matrix = std::array<Vector, 3>;

/// What a header says about the reference system of its celestial axes.
struct FrameKeywords
{
    std::string longitude_type;     ///< "RA", "GLON", "ELON", "SLON"
    std::string radesys;            ///< may be empty
    std::optional<double> equinox;  ///< years, Besselian for FK4, else Julian
    std::optional<double> mjd_obs;  ///< days; FK4 only
};

/// Rotation between the celestial frame of a header and the ICRS.
///
/// FK5 J2000 is taken as the ICRS: they differ by 0.023 arcsec at most, and files that say FK5 or
/// only EQUINOX = 2000 are in practice solved against ICRS catalogues. Other equinoxes of FK5 are
/// precessed by the IAU 1976 model (Lieske 1977, A&A 58, 1). FK4 follows Murray 1989 (A&A 218, 325)
/// with the E-terms of aberration and Newcomb precession from equinoxes other than B1950: within
/// 0.01 arcsec for objects without proper motion. Galactic coordinates have the pole of Blaauw et
/// al. 1960 carried to FK5 J2000; ecliptic ones are of the mean ecliptic and equinox of EQUINOX
/// (IAU 1980 obliquity); supergalactic ones of de Vaucouleurs.
/// RADESYS absent: FK4 before EQUINOX 1984, FK5 from it on, ICRS without EQUINOX (FITS 4.0 8.3). A
/// RADESYS that is none of ICRS, FK5, FK4, FK4-NO-E is read as absent.
class CelestialFrame
{
  public:
    /// Throws core::InputError for frames that cannot be converted (geocentric apparent, bodies
    /// other than the sky).
    explicit CelestialFrame(FrameKeywords const& keywords);

    [[nodiscard]] bool is_icrs() const { return identity_; }
    [[nodiscard]] Vector to_icrs(Vector const& direction) const;
    [[nodiscard]] Vector from_icrs(Vector const& direction) const;

  private:
    Matrix to_icrs_{};  ///< from the frame without E-terms
    Matrix from_icrs_{};
    std::optional<Vector> e_terms_;  ///< aberration vector of FK4
    bool identity_ = false;
};

/// Unit vector of longitude and latitude in degrees, and back (longitude in [0, 360)).
[[nodiscard]] Vector direction_of(double lon_degrees, double lat_degrees);
[[nodiscard]] std::array<double, 2> degrees_of(Vector const& direction);
}  // namespace sectile::sky
