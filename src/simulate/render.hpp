// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <string>
#include <vector>

#include "sectile/image/bayer.hpp"
#include "sectile/image/image.hpp"
#include "sectile/io/fits_writer.hpp"
#include "sectile/simulate/write_survey.hpp"

#include "simulate/camera_wcs.hpp"
#include "simulate/star_profile.hpp"
#include "simulate/true_sky.hpp"

namespace sectile::simulate
{
/// A defect of the detector: in every frame at the same place.
struct HotPixel
{
    int x = 0;
    int y = 0;
    int plane = 0;        ///< of the stored image
    double excess = 0.0;  ///< ADU
};

/// A straight satellite trail of constant brightness with edges one pixel soft.
struct Trail
{
    double x = 0.0;  ///< a point of the line, 0-based pixels
    double y = 0.0;
    double angle = 0.0;       ///< degrees from +x to +y
    double width = 0.0;       ///< pixels
    double brightness = 0.0;  ///< ADU
};

/// The truth about one exposure.
struct Exposure
{
    int index = 0;
    int pointing = 0;
    std::string date_obs;
    double gain = 1.0;            ///< photometric: counts per true flux
    Colours sky{};                ///< ADU at the frame's centre
    double gradient_x = 0.0;      ///< relative change of the sky over the width
    double gradient_y = 0.0;      ///< and over the height
    double noise = 0.0;           ///< sigma, ADU
    double seeing = 0.0;          ///< FWHM, pixels: of its longer axis
    double position_angle = 0.0;  ///< of that axis, from +x to +y, radians
    double exposure_time = 0.0;   ///< seconds
    std::vector<Trail> trails;
    FrameWcs wcs;
    FrameWcs stated_wcs;  ///< of the header
};

/// How far a header is off.
struct WcsError
{
    double east = 0.0;  ///< pixels
    double north = 0.0;
    double turn = 0.0;  ///< degrees
};

/// Camera and plan of the survey, worked out of the configuration once and shared by all frames.
class Survey
{
  public:
    /// Throws core::ConfigError naming all values that make no sense.
    explicit Survey(SimulateConfig const& config);

    [[nodiscard]] SimulateConfig const& config() const { return config_; }
    [[nodiscard]] SkyModel const& sky() const { return sky_; }
    [[nodiscard]] std::vector<HotPixel> const& hot_pixels() const { return hot_pixels_; }
    [[nodiscard]] image::BayerPattern pattern() const { return pattern_; }
    [[nodiscard]] int stored_planes() const { return config_.colour == "rgb" ? 3 : 1; }
    /// Which of the three colours the filter over a stored pixel passes.
    [[nodiscard]] std::size_t colour_at(int plane, std::int64_t x, std::int64_t y) const;
    [[nodiscard]] Exposure exposure(int index) const;
    /// Circle on the sky, around the exposure's centre, from which light can reach it.
    [[nodiscard]] core::Angle reach(Exposure const& exposure) const;

  private:
    [[nodiscard]] sky::SkyCoord pointing_center(int pointing, double north_shift) const;
    [[nodiscard]] FrameWcs frame_wcs(int index, int pointing, WcsError const& error) const;

    SimulateConfig config_;
    image::BayerPattern pattern_;
    SkyModel sky_;
    std::vector<HotPixel> hot_pixels_;
};

/// How the light of a star, or a galaxy, lies on the detector.
[[nodiscard]] StarProfile profile_of(Survey const& survey, Exposure const& exposure,
                                     Star const& star);

/// Pixels of a frame, ADU as the detector delivers them: saturated at the full well and, for 16-bit
/// files, whole numbers from 0. Surface brightness is per nominal pixel, as in a flat-fielded
/// frame.
[[nodiscard]] image::Image<float> render(Survey const& survey, Exposure const& exposure);

/// What a camera says about the exposure, without WCS and layout of the data.
[[nodiscard]] std::vector<io::FitsCard> header_cards(Survey const& survey,
                                                     Exposure const& exposure);

/// Writes the frame with the header a camera would give it. Throws core::IoError.
void write_frame(Survey const& survey, Exposure const& exposure,
                 image::ImageView<float const> pixels, std::string const& path);

/// Writes the same header without checksums and leaves the data a hole in the file, zeros when
/// read. Takes its name when complete; not synced to the disk. Throws core::IoError.
void write_header_only(Survey const& survey, Exposure const& exposure, std::string const& path);
}  // namespace sectile::simulate
