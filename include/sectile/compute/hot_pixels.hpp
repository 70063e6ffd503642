// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <compare>
#include <cstdint>
#include <span>
#include <vector>

#include "sectile/image/bayer.hpp"
#include "sectile/image/image.hpp"

/// Hot pixels of raw frames, found before debayering without touching stars. Work on one frame at
/// a time and are thread-safe; positions are 0-based full-frame pixels.
namespace sectile::compute
{
struct HotPixelOptions
{
    /// Least excess over the own colour's surroundings, in units of the local noise sigma. Lower
    /// finds weaker ones; under about 5 noise of millions of pixels is found as well.
    double threshold = 6.0;
    /// Full width at half maximum (pixels) of the sharpest star that must survive. Larger finds
    /// weaker hot pixels and eats stars that are sharper.
    double sharpest_fwhm = 1.8;
    /// Least ratio of a star's light in two colours of a Bayer frame. Smaller protects stars of
    /// more extreme colour and finds fewer hot pixels in a single frame.
    double colour_floor = 0.3;
    /// How surely (in sigma) a candidate of a frame must be sharper than a star of that width.
    double sharpness = 1.5;
    /// The same for the evidence of all frames together: what is repaired. Lower finds more of
    /// the weak hot pixels in single Bayer frames (at 4: 9 of 10 of those above 10 sigma, against
    /// 99.7 % from eight frames); at 3.5 one star in ten thousand of 10 sigma is taken for one.
    double proof = 4.0;
};

struct HotCandidate
{
    std::int32_t x = 0;
    std::int32_t y = 0;
    float excess = 0.0F;     ///< over the surroundings, in sigma of the local noise
    float sharpness = 0.0F;  ///< sigma by which the neighbours lack the light of a star
    friend bool operator==(HotCandidate const&, HotCandidate const&) = default;
};

/// A detector pixel that cannot be used. Ordered by y, then x.
struct DefectPosition
{
    std::int32_t y = 0;
    std::int32_t x = 0;
    // NOLINTNEXTLINE(modernize-use-nullptr): the check takes the generated code for a comparison
    friend auto operator<=>(DefectPosition const&, DefectPosition const&) = default;
};

/// Pixels from the border of a window within which candidates may differ from those of the frame:
/// the noise is that of whole 64x64 blocks of the frame and their neighbours.
inline constexpr int hot_pixel_margin = 134;

/// The pixels of one raw plane that are candidates for hot pixels, by ascending y, x.
///
/// A pixel is one if it exceeds the median of its own colour around it by more than
/// `threshold` sigma and if the light in the eight adjacent pixels (of all colours, each above the
/// level of its colour) is less than that of a star of `sharpest_fwhm` centred on the pixel: the
/// sharpest that a star of that width can look, so sub-pixel positions are on the safe side. With
/// m_k the light expected in neighbour k per unit of the centre (times colour_floor where its
/// colour differs), s_k its noise and a_k what is there, the test is that the estimate
/// sum(m a / s^2) / sum(m^2 / s^2) of the star in the centre falls short of the excess by
/// `sharpness` times its standard error, and is under 0.7 of it (noise of bright stars). For hot
/// pixels side by side the brightest neighbour, if it is outstanding itself, may be left out
/// at a price in certainty, and pixels proven hot are left out in a second pass.
///
/// Sigma: 1.4826 / sqrt(2) times the median absolute difference of neighbours of one colour in
/// blocks of 64x64 pixels, or from the spread of the own colour in 9x9 pixels where that is
/// clearly larger (shot noise of bright nebulae and galaxies).
///
/// `raw` one plane, NaN masked; pattern none for mono. Throws core::InternalError for more planes.
[[nodiscard]] std::vector<HotCandidate> find_hot_candidates(image::ImageView<float const> raw,
                                                            image::BayerPattern pattern,
                                                            HotPixelOptions const& options = {});

/// The hot pixels of a detector from the candidates of the frames of one session (same camera and
/// shape; each list as find_hot_candidates() orders it; frames without candidates are not given):
/// candidates in at least half of these frames and at least two of them, whose evidence
/// sum(sharpness) / sqrt(number) reaches `proof`. Of one or two frames: the candidates with that
/// evidence in a single frame. Stars of a well tracking mount stay where they are; it is the
/// evidence, not the persistence, that keeps them. Ascending y, x.
[[nodiscard]] std::vector<DefectPosition> persistent_hot_pixels(
    std::span<std::vector<HotCandidate> const> frames, HotPixelOptions const& options = {});

/// Raw pixels around a window from which repair_pixels() takes values at most.
inline constexpr int repair_margin = 8;

/// Replaces defective pixels by the median of the valid, not defective pixels of the same colour
/// around: 5x5 pixels for Bayer frames, 3x3 for mono; without any the box grows up to
/// repair_margin pixels each way; then NaN. Masked pixels stay masked.
///
/// `defects` ascending y, x and for the whole frame, also beyond the window; the result for a pixel
/// is the same in every window that holds repair_margin pixels around it or ends at the frame's
/// edge. Throws core::InternalError if the defects are not in order.
void repair_pixels(image::ImageView<float> raw, image::BayerPattern pattern,
                   std::span<DefectPosition const> defects);
}  // namespace sectile::compute
