// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <tuple>
#include <vector>

#include "sectile/core/angle.hpp"
#include "sectile/core/box.hpp"
#include "sectile/core/shared_value.hpp"
#include "sectile/sky/card_text.hpp"

namespace sectile::sky
{
/// Direction in the ICRS. Longitude (right ascension) in [0, 360) degrees where it was normalised.
struct SkyCoord
{
    core::Angle lon;
    core::Angle lat;
};
void travels_as_bytes(SkyCoord const&);

/// Position in an image: 0-based, integers at pixel centres. FITS counts from 1; the conversion is
/// made only in this layer (WCS) and nowhere else.
struct PixelPos
{
    double x = 0.0;
    double y = 0.0;
};

/// One table of a look-up distortion (FITS WCS Paper IV draft, CPDISja/D2IMDISj = 'Lookup').
struct LookupTable
{
    int axis = 0;  ///< 0 corrects x, 1 corrects y
    int columns = 0;
    int rows = 0;
    double crpix_x = 0.0, crpix_y = 0.0;  ///< 1-based, in the table
    double crval_x = 0.0, crval_y = 0.0;  ///< 1-based image pixel of the table's reference
    double cdelt_x = 1.0, cdelt_y = 1.0;
    std::vector<float> values;  ///< rows x columns
};
inline auto fields(LookupTable& table)
{
    return std::tie(table.axis, table.columns, table.rows, table.crpix_x, table.crpix_y,
                    table.crval_x, table.crval_y, table.cdelt_x, table.cdelt_y, table.values);
}

/// Everything needed to make the same SkyWcs on another rank: plain data, serialisable.
struct WcsDescription
{
    CardText cards;  ///< the header: 80-character cards without separators, may lack END
    /// CPDIS tables (applied with SIP, before the CD matrix)
    core::SharedList<LookupTable> pixel_lookup;
    core::SharedList<LookupTable> detector_lookup;  ///< D2IM tables (applied first)
    std::int64_t width = 0;                         ///< NAXIS1 of the image
    std::int64_t height = 0;
};
inline auto fields(WcsDescription& wcs)
{
    return std::tie(wcs.cards, wcs.pixel_lookup, wcs.detector_lookup, wcs.width, wcs.height);
}

/// Celestial world coordinate system of an image: immutable RAII over WCSLIB's wcsprm. Parsing is
/// serialised by one lock (WCSLIB's parsers are not re-entrant). Transforms are const but use
/// scratch inside wcsprm: give every thread its own copy (copies are deep).
///
/// Every celestial frame (ICRS, FK5, FK4, galactic, ecliptic, supergalactic) is converted to ICRS:
/// FK5 J2000 is taken as the ICRS (0.023 arcsec apart), FK5 of another equinox is precessed by the
/// IAU 1976 model, FK4 is freed from the E-terms of aberration (Murray 1989). Axes may be swapped
/// (latitude first), more than two axes are reduced to the celestial pair; its lower axis is x.
///
/// Distortions: SIP (whether or not CTYPE says -SIP), look-up tables (D2IM first, then SIP and
/// CPDIS added, as astropy does), TPV, TNX, ZPX, DSS, TPD; SCAMP's PV terms on a TAN are read as
/// TPV. They are inverted by Newton's method to 1e-9 px. Cylindrical images may lie anywhere on the
/// turn.
class SkyWcs
{
  public:
    /// Throws core::InputError with the reason when the header holds no usable celestial WCS.
    explicit SkyWcs(WcsDescription const& description);
    SkyWcs(SkyWcs const& other);
    SkyWcs(SkyWcs&& other) noexcept;
    SkyWcs& operator=(SkyWcs const& other);
    SkyWcs& operator=(SkyWcs&& other) noexcept;
    ~SkyWcs();

    /// Positions that cannot be transformed become NaN. Spans have equal length.
    void pixel_to_sky(std::span<PixelPos const> pixels, std::span<SkyCoord> sky) const;
    void sky_to_pixel(std::span<SkyCoord const> sky, std::span<PixelPos> pixels) const;
    [[nodiscard]] SkyCoord pixel_to_sky(PixelPos const& pixel) const;
    [[nodiscard]] PixelPos sky_to_pixel(SkyCoord const& sky) const;

    /// Geometric mean pixel scale at the image centre (square root of the pixel's solid angle).
    [[nodiscard]] core::Angle pixel_scale() const;
    /// Position angle of the image's +y axis at its centre, east of north.
    [[nodiscard]] core::Angle position_angle() const;
    /// True when the determinant of d(east, north)/d(x, y) is positive: east is to the right.
    [[nodiscard]] bool is_mirrored() const;
    [[nodiscard]] std::int64_t width() const;
    [[nodiscard]] std::int64_t height() const;
    [[nodiscard]] core::Box bounds() const { return {0, 0, width(), height()}; }
    [[nodiscard]] WcsDescription const& description() const;
    [[nodiscard]] std::string projection() const;  ///< three letters of CTYPE, "TAN"

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

/// Limits a WCS must keep to be used.
struct WcsLimits
{
    core::Angle min_scale = core::Angle::from_arcsec(0.01);
    core::Angle max_scale = core::Angle::from_arcsec(60.0);
};

/// Why the WCS cannot be used, or nothing: celestial, invertible (round trip of a lattice of 5 x 5
/// pixels with corners, edges and centre within 0.05 px), pixel scale inside the limits, finite
/// footprint. Up to half of the lattice, but not the centre, may lie off the projection: the
/// corners of an all-sky map do. A full turn in a cylindrical projection may show its seam twice.
[[nodiscard]] std::optional<std::string> reason_unusable(SkyWcs const& wcs,
                                                         WcsLimits const& limits);
}  // namespace sectile::sky
