// SPDX-License-Identifier: BSD-3-Clause
#include "sky/celestial_frame.hpp"

#include <cmath>
#include <numbers>

#include "sectile/core/error.hpp"

namespace sectile::sky
{
namespace
{
constexpr double degree = std::numbers::pi / 180.0;
constexpr double arcsec = degree / 3600.0;

Matrix product(Matrix const& a, Matrix const& b)
{
    Matrix c{};
    for (std::size_t i = 0; i < 3; ++i) {
        for (std::size_t j = 0; j < 3; ++j) {
            c[i][j] = a[i][0] * b[0][j] + a[i][1] * b[1][j] + a[i][2] * b[2][j];
        }
    }
    return c;
}

Matrix transposed(Matrix const& a)
{
    Matrix t{};
    for (std::size_t i = 0; i < 3; ++i) {
        for (std::size_t j = 0; j < 3; ++j) {
            t[i][j] = a[j][i];
        }
    }
    return t;
}

/// By cofactors; Murray's matrix with its rate is not exactly orthogonal, so that the transposed
/// one would not take a position back to where it came from.
Matrix inverse(Matrix const& a)
{
    Matrix cofactor{};
    for (std::size_t i = 0; i < 3; ++i) {
        for (std::size_t j = 0; j < 3; ++j) {
            std::size_t const i1 = (i + 1) % 3;
            std::size_t const i2 = (i + 2) % 3;
            std::size_t const j1 = (j + 1) % 3;
            std::size_t const j2 = (j + 2) % 3;
            cofactor[i][j] = a[i1][j1] * a[i2][j2] - a[i1][j2] * a[i2][j1];
        }
    }
    double const determinant =
        a[0][0] * cofactor[0][0] + a[0][1] * cofactor[0][1] + a[0][2] * cofactor[0][2];
    Matrix result = transposed(cofactor);
    for (Vector& row : result) {
        for (double& value : row) {
            value /= determinant;
        }
    }
    return result;
}

Vector applied(Matrix const& a, Vector const& v)
{
    Vector w{};
    for (std::size_t i = 0; i < 3; ++i) {
        w[i] = a[i][0] * v[0] + a[i][1] * v[1] + a[i][2] * v[2];
    }
    return w;
}

double dot(Vector const& a, Vector const& b)
{
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
}

Vector normalised(Vector const& v)
{
    double const length = std::sqrt(dot(v, v));
    return {v[0] / length, v[1] / length, v[2] / length};
}

/// Rotations of the axes (not of the vector) by an angle in radians.
Matrix about_x(double angle)
{
    double const c = std::cos(angle);
    double const s = std::sin(angle);
    return {Vector{1, 0, 0}, Vector{0, c, s}, Vector{0, -s, c}};
}
Matrix about_y(double angle)
{
    double const c = std::cos(angle);
    double const s = std::sin(angle);
    return {Vector{c, 0, -s}, Vector{0, 1, 0}, Vector{s, 0, c}};
}
Matrix about_z(double angle)
{
    double const c = std::cos(angle);
    double const s = std::sin(angle);
    return {Vector{c, s, 0}, Vector{-s, c, 0}, Vector{0, 0, 1}};
}

constexpr Matrix unit{Vector{1, 0, 0}, Vector{0, 1, 0}, Vector{0, 0, 1}};

/// Equatorial coordinates of FK5 at `equinox` to J2000: IAU 1976, Lieske 1977.
Matrix fk5_to_j2000(double equinox)
{
    double const base = (equinox - 2000.0) / 100.0;
    double const t = -base;
    double const rate = 2306.2181 + (1.39656 - 0.000139 * base) * base;
    double const zeta = (rate + ((0.30188 - 0.000344 * base) + 0.017998 * t) * t) * t;
    double const z = (rate + ((1.09468 + 0.000066 * base) + 0.018203 * t) * t) * t;
    double const theta = ((2004.3109 - (0.85330 + 0.000217 * base) * base) -
                          ((0.42665 + 0.000217 * base) + 0.041833 * t) * t) *
                         t;
    return product(about_z(-z * arcsec), product(about_y(theta * arcsec), about_z(-zeta * arcsec)));
}

/// Newcomb's precession from a Besselian epoch to B1950 (Explanatory Supplement, 1992).
Matrix fk4_to_b1950(double equinox)
{
    double const t1 = (equinox - 1850.0) / 1000.0;
    double const dt = (1950.0 - equinox) / 1000.0;
    double const rate = 23035.545 + (139.720 + 0.060 * t1) * t1;
    double const zeta = (rate + ((30.240 - 0.27 * t1) + 17.995 * dt) * dt) * dt;
    double const z = (rate + ((109.480 + 0.39 * t1) + 18.325 * dt) * dt) * dt;
    double const theta =
        ((20051.12 - (85.29 + 0.37 * t1) * t1) + ((-42.65 - 0.37 * t1) - 41.8 * dt) * dt) * dt;
    return product(about_z(-z * arcsec), product(about_y(theta * arcsec), about_z(-zeta * arcsec)));
}

/// Murray 1989, equations 28 and 29: B1950 without E-terms to J2000; FK4 rotates slowly, hence the
/// epoch of observation in Julian years.
Matrix b1950_to_j2000(double epoch)
{
    constexpr Matrix at_1950{Vector{0.9999256794956877, -0.0111814832204662, -0.0048590038153592},
                             Vector{0.0111814832391717, 0.9999374848933135, -0.0000271625947142},
                             Vector{0.0048590037723143, -0.0000271702937440, 0.9999881946023742}};
    constexpr Matrix per_century{Vector{-0.0026455262e-6, -1.1539918689e-6, 2.1111346190e-6},
                                 Vector{1.1540628161e-6, -0.0129042997e-6, 0.0236021478e-6},
                                 Vector{-2.1112979048e-6, -0.0056024448e-6, 0.0102587734e-6}};
    double const t = (epoch - 1950.0) / 100.0;
    Matrix result{};
    for (std::size_t i = 0; i < 3; ++i) {
        for (std::size_t j = 0; j < 3; ++j) {
            result[i][j] = at_1950[i][j] + per_century[i][j] * t;
        }
    }
    return result;
}

/// Mean obliquity of the ecliptic, IAU 1980, radians; centuries from J2000.
double mean_obliquity(double centuries)
{
    return (84381.448 + (-46.8150 + (-0.00059 + 0.001813 * centuries) * centuries) * centuries) *
           arcsec;
}

/// Julian date of a Besselian epoch (Lieske 1979).
double jd_of_besselian(double epoch)
{
    return 2415020.31352 + (epoch - 1900.0) * 365.242198781;
}

/// E-terms of aberration at a Besselian equinox (Explanatory Supplement, 1992).
Vector e_terms_at(double equinox)
{
    constexpr double aberration = 0.0056932 * degree;
    double const jd = jd_of_besselian(equinox);
    double const t = (jd - 2433282.42345905) / 36525.0;
    double const eccentricity = 0.01673011 + (-0.00004193 - 0.000000126 * t) * t;
    double const perigee = (1015489.951 + (6190.67 + (1.65 + 0.012 * t) * t) * t) * arcsec;
    double const obliquity = mean_obliquity((jd - 2451545.0) / 36525.0);
    double const size = eccentricity * aberration;
    return {size * std::sin(perigee), -size * std::cos(perigee) * std::cos(obliquity),
            -size * std::cos(perigee) * std::sin(obliquity)};
}

/// FK5 J2000 to galactic: pole and zero of longitude.
Matrix j2000_to_galactic()
{
    return product(
        about_z((180.0 - 122.9319185680026) * degree),
        product(about_y((90.0 - 27.12825118085622) * degree), about_z(192.8594812065348 * degree)));
}

Matrix galactic_to_supergalactic()
{
    return product(about_z(90.0 * degree),
                   product(about_y((90.0 - 6.32) * degree), about_z(47.37 * degree)));
}

/// The direction freed from the E-terms (Explanatory Supplement 1992), not normalised.
Vector without_e_terms(Vector const& direction, Vector const& e)
{
    double const stretch = 1.0 + dot(e, direction);
    return {direction[0] * stretch - e[0], direction[1] * stretch - e[1],
            direction[2] * stretch - e[2]};
}

std::string system_of(FrameKeywords const& keywords)
{
    std::string const& named = keywords.radesys;
    if (named == "ICRS" || named == "FK5" || named == "FK4" || named == "FK4-NO-E" ||
        named == "GAPPT") {
        return named;
    }
    if (!keywords.equinox) {
        return "ICRS";
    }
    return *keywords.equinox < 1984.0 ? "FK4" : "FK5";
}
}  // namespace

CelestialFrame::CelestialFrame(FrameKeywords const& keywords)
{
    std::string const& type = keywords.longitude_type;
    std::string const system = system_of(keywords);
    if (type == "GLON") {
        to_icrs_ = transposed(j2000_to_galactic());
    } else if (type == "SLON") {
        to_icrs_ = transposed(product(galactic_to_supergalactic(), j2000_to_galactic()));
    } else if (type == "ELON") {
        double const equinox = keywords.equinox.value_or(2000.0);
        to_icrs_ =
            product(fk5_to_j2000(equinox), about_x(-mean_obliquity((equinox - 2000.0) / 100.0)));
    } else if (type != "RA" || system == "GAPPT") {
        throw core::InputError(
            core::sentence("the celestial frame of the WCS cannot be used",
                           type != "RA" ? "axis type " + type : "geocentric apparent place",
                           "convert it to ICRS or FK5"));
    } else if (system == "ICRS") {
        to_icrs_ = unit;
        identity_ = true;
    } else if (system == "FK5") {
        double const equinox = keywords.equinox.value_or(2000.0);
        identity_ = equinox == 2000.0;
        to_icrs_ = identity_ ? unit : fk5_to_j2000(equinox);
    } else {
        double const equinox = keywords.equinox.value_or(1950.0);
        double const epoch = keywords.mjd_obs
                                 ? 2000.0 + (*keywords.mjd_obs - 51544.5) / 365.25
                                 : 2000.0 + (jd_of_besselian(equinox) - 2451545.0) / 365.25;
        to_icrs_ = product(b1950_to_j2000(epoch), fk4_to_b1950(equinox));
        if (system == "FK4") {
            e_terms_ = e_terms_at(equinox);
        }
    }
    from_icrs_ = inverse(to_icrs_);
}

Vector CelestialFrame::to_icrs(Vector const& direction) const
{
    if (!e_terms_) {
        return applied(to_icrs_, direction);
    }
    return normalised(applied(to_icrs_, normalised(without_e_terms(direction, *e_terms_))));
}

Vector CelestialFrame::from_icrs(Vector const& direction) const
{
    Vector const plain = applied(from_icrs_, direction);
    if (!e_terms_) {
        return plain;
    }
    // removed(with) is parallel to `without`: correct `with` by what is missing. The removal is the
    // identity but for 2e-6, so that three steps reach the rounding of double.
    Vector const target = normalised(plain);
    Vector with = target;
    for (int step = 0; step < 3; ++step) {
        Vector const reached = normalised(without_e_terms(with, *e_terms_));
        with = normalised({with[0] + target[0] - reached[0], with[1] + target[1] - reached[1],
                           with[2] + target[2] - reached[2]});
    }
    return with;
}

Vector direction_of(double lon_degrees, double lat_degrees)
{
    double const lon = lon_degrees * degree;
    double const lat = lat_degrees * degree;
    return {std::cos(lat) * std::cos(lon), std::cos(lat) * std::sin(lon), std::sin(lat)};
}

std::array<double, 2> degrees_of(Vector const& direction)
{
    double lon = std::atan2(direction[1], direction[0]) / degree;
    if (lon < 0.0) {
        lon += 360.0;
    }
    if (lon >= 360.0) {
        lon -= 360.0;
    }
    return {lon, std::atan2(direction[2], std::hypot(direction[0], direction[1])) / degree};
}
}  // namespace sectile::sky
