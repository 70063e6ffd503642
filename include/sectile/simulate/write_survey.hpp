// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <string>

namespace sectile::simulate
{
/// A synthetic survey: the sky and the imperfections of camera and night.
struct SimulateConfig
{
    std::string output;
    int frames = 12;
    int columns = 0;              ///< pointings in a row of the raster; 0: near-square raster
    int frames_per_pointing = 3;  ///< dithered frames per pointing
    int width = 480;              ///< sensor pixels
    int height = 320;
    double scale = 2.4;     ///< arcsec per pixel
    double overlap = 0.25;  ///< of neighbouring pointings, fraction of the frame
    double dither = 6.0;    ///< rms, pixels
    double ra = 180.0;      ///< degrees, centre
    double dec = 30.0;
    std::string colour = "bayer";  ///< bayer, mono, rgb
    std::string bayer_pattern = "GRBG";
    int bits_per_pixel = 16;      ///< 16 (unsigned by BZERO) or -32
    double seeing = 2.5;          ///< FWHM, pixels
    double seeing_scatter = 0.1;  ///< relative, frame to frame
    double soft_seeing = 5.0;     ///< FWHM of soft frames, pixels
    double soft_share = 0.0;      ///< fraction of the frames of a pointing that are soft
    double wings = 0.0;           ///< exponent of a Moffat profile; 0: a Gaussian
    double elongation = 0.0;      ///< 1 - b/a of the stars, in a direction of each frame
    double galaxies = 0.0;        ///< fraction of the stars that are blurred by a size of their own
    double star_density = 1500.0;  ///< stars per square degree
    double nebulosity =
        1.0;  ///< brightness of the diffuse component, in units of the sky noise times 10; 0: none
    double sky_level = 1000.0;   ///< ADU
    double sky_scatter = 0.1;    ///< relative, frame to frame
    double gradient = 0.02;      ///< peak to peak over the frame, relative to the sky
    double gain_scatter = 0.1;   ///< relative photometric gain, frame to frame
    double noise = 10.0;         ///< sigma of sky and read-out, ADU
    double hot_pixels = 2e-4;    ///< fraction of sensor pixels, fixed on the detector
    double trails = 0.1;         ///< satellite trails per frame
    double exposure_step = 1.0;  ///< every second frame is exposed so many times longer
    double wcs_error = 0.0;      ///< rms shift of the WCS in headers, pixels
    double wcs_turn = 0.0;       ///< rms turn of it, degrees
    double full_well = 65535.0;  ///< ADU at which pixels saturate
    double rotation = 2.0;       ///< field rotation over the survey, degrees
    double distortion = 0.0;     ///< SIP: displacement at the corner, pixels; 0: plain TAN
    std::uint64_t seed = 1;
    /// Headers alone: files of full size without pixels (zeros that take no space), for planning.
    bool headers_only = false;
};

/// Writes frame_00000.fits … and truth.json (stars, per-frame gain, sky, noise, seeing, trails, hot
/// pixels, true WCS) into config.output. With headers_only nothing is rendered, and truth.json has
/// empty lists of what would show in pixels alone (stars, nebulosity, hot pixels). Every frame
/// depends only on config and its own index. Returns the number of frames. Throws core::ConfigError
/// and core::IoError.
int simulate_survey(SimulateConfig const& config);
}  // namespace sectile::simulate
