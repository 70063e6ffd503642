// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <tuple>

#include "sectile/core/shared_value.hpp"
#include "sectile/image/bayer.hpp"
#include "sectile/sky/sky_wcs.hpp"

namespace sectile::sky
{
/// Facts about an exposure, or about several that were combined, that a header states; absent ones
/// are empty or nullopt.
struct ExposureFacts
{
    std::string object;
    std::string filter;
    std::string instrument;
    std::string telescope;
    std::string date_obs;            ///< as written, ISO 8601
    std::optional<double> mjd;       ///< start of the (first) exposure, days
    std::optional<double> mjd_end;   ///< end of the last of several, days
    std::optional<double> exposure;  ///< seconds, of all together
    std::optional<double> gain;      ///< electrons per ADU (or the camera's gain number, see GAIN)
    std::optional<double> saturation;          ///< SATURATE or DATAMAX
    std::optional<double> sensor_temperature;  ///< degrees Celsius
    std::optional<double> airmass;
    std::optional<double> ra_hint;  ///< degrees, pointing without WCS: a hint only
    std::optional<double> dec_hint;
    std::string mount_mode;  ///< EQMODE
    std::string unit;        ///< BUNIT
    /// Magnitude of one count: MAGZERO and its like, as the pipeline of the frame means it.
    std::optional<double> zero_point;
    std::optional<double> flux_scale;  ///< FLXSCALE, or PHOTFLAM: flux per count
    std::int64_t combined = 1;         ///< exposures: NCOMBINE
};
inline auto fields(ExposureFacts& facts)
{
    return std::tie(facts.object, facts.filter, facts.instrument, facts.telescope, facts.date_obs,
                    facts.mjd, facts.mjd_end, facts.exposure, facts.gain, facts.saturation,
                    facts.sensor_temperature, facts.airmass, facts.ra_hint, facts.dec_hint,
                    facts.mount_mode, facts.unit, facts.zero_point, facts.flux_scale,
                    facts.combined);
}

/// How the pixels of one image HDU are stored and what they become after debayering.
struct FrameGeometry
{
    std::int64_t width = 0;    ///< pixels of the debayered frame
    std::int64_t height = 0;   ///< rows
    int planes = 1;            ///< after debayering: 3 for a Bayer mosaic
    int stored_planes = 1;     ///< in the file
    bool planes_last = false;  ///< stored as H,W,C (NAXIS1 = colour) instead of C,H,W
    image::BayerPattern bayer = image::BayerPattern::none;
    int bits_per_pixel = 0;    ///< BITPIX
    double value_scale = 1.0;  ///< BSCALE
    double value_zero = 0.0;   ///< BZERO
    /// Of the file where they differ from width and height (superpixels); 0: they do not.
    std::int64_t stored_width = 0;
    std::int64_t stored_height = 0;

    [[nodiscard]] std::int64_t file_width() const
    {
        return stored_width > 0 ? stored_width : width;
    }
    [[nodiscard]] std::int64_t file_height() const
    {
        return stored_height > 0 ? stored_height : height;
    }
};
inline auto fields(FrameGeometry& geometry)
{
    return std::tie(geometry.width, geometry.height, geometry.planes, geometry.stored_planes,
                    geometry.planes_last, geometry.bayer, geometry.bits_per_pixel,
                    geometry.value_scale, geometry.value_zero, geometry.stored_width,
                    geometry.stored_height);
}

/// An image that says something about the pixels of a frame or of a master tile: weight map, mask,
/// coverage or alpha. Of the stored shape of the frame, with one plane or as many as are stored.
struct FramePartner
{
    std::string path;  ///< empty: there is none
    int hdu = 0;       ///< 0-based
    FrameGeometry geometry;
    /// Of a weight map: brings its inverse variances to the unit of the frame (1 / variance).
    double scale = 1.0;
    [[nodiscard]] bool exists() const { return !path.empty(); }
};
inline auto fields(FramePartner& partner)
{
    return std::tie(partner.path, partner.hdu, partner.geometry, partner.scale);
}

/// What a header says about one image HDU: one frame of the input.
struct FrameHeader
{
    std::string path;
    int hdu = 0;  ///< 0-based HDU index in the file
    FrameGeometry geometry;
    ExposureFacts facts;
    /// From the HDU itself or the .wcs file beside it; empty cards when there is none.
    WcsDescription wcs;
    std::string wcs_origin;               ///< "header", "sidecar" or empty
    core::Shared<FramePartner> weight;    ///< of most frames there is none of these
    core::Shared<FramePartner> mask;      ///< of a frame
    core::Shared<FramePartner> coverage;  ///< of a master tile
    core::Shared<FramePartner> alpha;     ///< of a master tile: one plane
};
inline auto fields(FrameHeader& header)
{
    return std::tie(header.path, header.hdu, header.geometry, header.facts, header.wcs,
                    header.wcs_origin, header.weight, header.mask, header.coverage, header.alpha);
}

/// As much of a header as a reader of pixels needs.
[[nodiscard]] inline FrameHeader header_of(FramePartner const& partner)
{
    FrameHeader header;
    header.path = partner.path;
    header.hdu = partner.hdu;
    header.geometry = partner.geometry;
    return header;
}
}  // namespace sectile::sky
